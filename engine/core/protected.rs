use std::path::{Component, Path, PathBuf};

/// Folders that no grant may reach, because whoever can read or change them can grant itself
/// anything else: hob's own, and those that hold a person's keys.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Protected {
    folders: Vec<PathBuf>,
}

/// Below a person's home folder: keys, tokens and password stores.
const IN_HOME: [&str; 16] = [
    ".ssh",
    ".gnupg",
    ".aws",
    ".azure",
    ".kube",
    ".docker",
    ".password-store",
    ".config/gcloud",
    ".config/gh",
    ".config/op",
    ".config/sops",
    ".local/share/keyrings",
    ".mozilla",
    ".config/google-chrome",
    ".config/chromium",
    "Library/Keychains",
];

/// Through these the kernel offers other processes' memory and open files, and devices.
const OF_SYSTEM: [&str; 3] = ["/proc", "/sys", "/dev"];

impl Protected {
    /// What to protect for a person whose home is `home`, besides hob's `own` folders. A path that
    /// leads through symbolic links should be given both as written and as resolved.
    pub fn new(home: &[PathBuf], own: impl IntoIterator<Item = PathBuf>) -> Self {
        let keys = home.iter().flat_map(|home| IN_HOME.iter().map(|name| home.join(name)));
        let system = OF_SYSTEM.iter().map(PathBuf::from);
        Self { folders: own.into_iter().chain(keys).chain(system).collect() }
    }

    /// Whether the absolute folder `path` may be granted; if not, why, as a sentence without its
    /// first words (`it contains …`). Symbolic links are the caller's to resolve first.
    pub fn check(&self, path: &Path) -> Result<(), String> {
        let parts = parts(path)?;
        if parts.is_empty() {
            return Err("it is the whole machine; grant the folder that is needed".to_owned());
        }
        for folder in &self.folders {
            let Ok(protected) = self::parts(folder) else { continue };
            let shown = folder.display();
            if parts == protected {
                return Err(format!("{shown} is never granted: it could be used to gain everything else"));
            }
            if parts.starts_with(&protected) {
                return Err(format!("it is inside {shown}, which is never granted"));
            }
            if protected.starts_with(&parts) {
                return Err(format!("it contains {shown}, which is never granted; grant a folder beside that"));
            }
        }
        Ok(())
    }
}

/// The names in an absolute path, in lower case: some file systems do not tell the cases apart.
fn parts(path: &Path) -> Result<Vec<String>, String> {
    if !path.is_absolute() {
        return Err("it is not an absolute path".to_owned());
    }
    let mut parts = Vec::new();
    for component in path.components() {
        match component {
            Component::Prefix(prefix) => parts.push(prefix.as_os_str().to_string_lossy().to_lowercase()),
            Component::RootDir | Component::CurDir => {}
            Component::ParentDir => return Err("it has `..` in it; write where it leads".to_owned()),
            Component::Normal(name) => parts.push(name.to_string_lossy().to_lowercase()),
        }
    }
    Ok(parts)
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    #[track_caller]
    fn check(path: &str, refused: Option<&str>) {
        let own = ["/home/ada/.local/state/hob", "/srv/hob"].map(PathBuf::from);
        let protected = Protected::new(&[PathBuf::from("/home/ada")], own);
        match (protected.check(Path::new(path)), refused) {
            (Ok(()), None) => {}
            (Err(why), Some(expect)) => assert!(why.contains(expect), "{path}: {why}"),
            (found, expect) => panic!("{path}: {found:?}, expected {expect:?}"),
        }
    }

    #[test]
    fn f60_folders_that_are_never_granted() {
        check("/home/ada/project", None);
        check("/home/ada/.sshd", None);
        check("/home/ada/.config/nvim", None);
        check("/srv/data", None);
        check("/", Some("the whole machine"));
        check("//", Some("the whole machine"));
        check("/.", Some("the whole machine"));
        check("/home/ada", Some("it contains /home/ada/.local/state/hob"));
        check("/home", Some("it contains"));
        check("/home/ada/.config", Some("it contains /home/ada/.config/gcloud"));
        check("/home/ada/.ssh", Some("/home/ada/.ssh is never granted"));
        check("/home/ada/.ssh/", Some("is never granted"));
        check("/home/ada/.SSH", Some("is never granted"));
        check("/home/ada/.ssh/keys", Some("it is inside /home/ada/.ssh"));
        check("/home/ada/./.gnupg", Some("is never granted"));
        check("/home/ada/.local/state/hob/output", Some("it is inside"));
        check("/srv", Some("it contains /srv/hob"));
        check("/proc/self/root", Some("it is inside /proc"));
        check("/dev", Some("is never granted"));
        check("/home/ada/project/../.ssh", Some("`..`"));
        check("project", Some("not an absolute path"));
        check("*", Some("not an absolute path"));
    }
}
