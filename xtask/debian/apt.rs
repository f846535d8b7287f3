use super::{
    release::Recipe,
    sources::{Source, archive_of, read_lines, read_stanzas},
};
use crate::run;
use anyhow::{Context as _, Result};
use std::{
    ffi::OsString,
    fs, io,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

/// apt with lists and caches of its own: it changes nothing of the system's and needs no root.
pub struct Apt {
    folder: PathBuf,
    options: Vec<OsString>,
}

impl Apt {
    /// Prepares a folder for the archives that a recipe wants, at the addresses that the system has.
    pub fn new(folder: &Path, recipe: &Recipe) -> Result<Self> {
        for part in ["lists/partial", "cache/archives/partial", "sources", "packages"] {
            let part = folder.join(part);
            fs::create_dir_all(&part).with_context(|| format!("make {}", part.display()))?;
        }
        let sources = stanzas(&of_the_system(Path::new("/etc/apt"))?, recipe)?;
        fs::write(folder.join("sources/hob.sources"), sources).context("write the list of archives")?;
        let place = |name: &str, part: &str| {
            let mut option = OsString::from(format!("{name}="));
            option.push(folder.join(part));
            option
        };
        let settings = [
            "Dir::Etc::SourceList=/dev/null".into(),
            place("Dir::Etc::SourceParts", "sources"),
            place("Dir::State::Lists", "lists"),
            place("Dir::Cache", "cache"),
            // apt's own user cannot write into this folder.
            "APT::Sandbox::User=root".into(),
            "Acquire::Languages=none".into(),
            "Acquire::Retries=3".into(),
        ];
        let options = settings.into_iter().flat_map(|setting| [OsString::from("-o"), setting]).collect();
        Ok(Self { folder: folder.to_owned(), options })
    }

    fn command(&self, program: &str) -> Command {
        let mut command = Command::new(program);
        command.args(&self.options).env("LC_ALL", "C").current_dir(self.folder.join("packages"));
        command
    }

    /// Reads the lists of packages.
    pub fn update(&self) -> Result<()> {
        run::output(self.command("apt-get").args(["-qq", "--error-on=any", "update"])).map(drop)
    }

    /// The version of a package that would be taken.
    pub fn version_of(&self, package: &str) -> Result<String> {
        let about = run::output(self.command("apt-cache").args(["--no-all-versions", "show", package]))?;
        let version = about.lines().find_map(|line| line.strip_prefix("Version: "));
        version.map(str::to_owned).with_context(|| format!("find the version of the package {package}"))
    }

    /// The packages that one depends on.
    pub fn depends(&self, package: &str) -> Result<Vec<String>> {
        let apt = &mut self.command("apt-cache");
        run::output(apt.args(["depends", "--no-recommends", "--no-suggests", package])).map(|text| dependencies(&text))
    }

    /// Whether the system has a package already.
    pub fn is_installed(package: &str) -> bool {
        let query = Command::new("dpkg-query").args(["-W", "-f", "${db:Status-Status}", package]).output();
        query.is_ok_and(|output| output.stdout == b"installed")
    }

    /// Downloads packages, one after the other so that little is kept, and unpacks them.
    pub fn unpack(&self, packages: &[String], prefix: &Path) -> Result<()> {
        for package in packages {
            println!("  fetching {package}");
            run::output(self.command("apt-get").args(["-qq", "download", package]))?;
            let file =
                only_file(&self.folder.join("packages")).with_context(|| format!("find the file of {package}"))?;
            run::run(Command::new("dpkg-deb").arg("-x").arg(&file).arg(prefix).stdin(Stdio::null()))?;
            fs::remove_file(&file)?;
        }
        Ok(())
    }
}

fn only_file(folder: &Path) -> Result<PathBuf> {
    let entry = fs::read_dir(folder)?.next().context("nothing was downloaded")?;
    Ok(entry?.path())
}

/// The archives that the system's apt uses.
fn of_the_system(etc: &Path) -> Result<Vec<Source>> {
    let mut sources = read_lines(&read_if_there(&etc.join("sources.list"))?);
    let parts = etc.join("sources.list.d");
    let mut files: Vec<PathBuf> = match fs::read_dir(&parts) {
        Ok(entries) => entries.filter_map(|entry| Some(entry.ok()?.path())).collect(),
        Err(_) => Vec::new(),
    };
    files.sort();
    for file in files {
        let text = read_if_there(&file)?;
        match file.extension().and_then(|extension| extension.to_str()) {
            Some("list") => sources.extend(read_lines(&text)),
            Some("sources") => sources.extend(read_stanzas(&text)),
            _ => {}
        }
    }
    Ok(sources)
}

fn read_if_there(file: &Path) -> Result<String> {
    match fs::read_to_string(file) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(String::new()),
        read => read.with_context(|| format!("read {}", file.display())),
    }
}

/// The archives of a recipe in the form of a `.sources` file.
fn stanzas(system: &[Source], recipe: &Recipe) -> Result<String> {
    let main = archive_of(system, &recipe.codename)
        .with_context(|| format!("find Debian {} in /etc/apt/sources.list and its folder", recipe.codename))?;
    let mut text = main.stanza(&recipe.suites);
    if let Some(suite) = &recipe.security {
        // A mirror that has the one usually has the other beside it.
        let beside = || Source { uri: format!("{}-security", main.uri.trim_end_matches('/')), ..main.clone() };
        let security = archive_of(system, suite).cloned().unwrap_or_else(beside);
        text.push('\n');
        text.push_str(&security.stanza(std::slice::from_ref(suite)));
    }
    Ok(text)
}

/// Reads `apt-cache depends`: names after `Depends:`; those in angle brackets are not packages, and
/// of alternatives (`|Depends:`) the last stands without the bar.
fn dependencies(text: &str) -> Vec<String> {
    let name = |line: &str| Some(line.trim().strip_prefix("Depends: ")?.to_owned());
    text.lines().filter_map(name).filter(|name| !name.starts_with('<')).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dependencies_of_a_package() {
        let text = "rustc-web\n  Depends: libc6\n |Depends: gcc\n  Depends: clang\n  Depends: <libc-dev>\n    libc6-dev\n  \
                    Conflicts: rustc\n  Depends: libstd-rust-web-1.96\n";
        assert_eq!(dependencies(text), ["libc6", "clang", "libstd-rust-web-1.96"]);
    }

    fn recipe() -> Recipe {
        Recipe::for_system("ID=debian\nVERSION_ID=12\nVERSION_CODENAME=bookworm\n").expect("a recipe")
    }

    #[test]
    fn the_machines_own_mirror_is_used() {
        let system =
            read_lines("deb http://mirror/debian/ bookworm main\ndeb http://fast/sec bookworm-security main\n");
        let text = stanzas(&system, &recipe()).expect("archives");
        let read = read_stanzas(&text);
        assert_eq!(read[0].uri, "http://mirror/debian/");
        assert_eq!(read[0].suites, ["bookworm", "bookworm-backports"]);
        assert_eq!(read[1].uri, "http://fast/sec");
        assert_eq!(read[1].suites, ["bookworm-security"]);
    }

    #[test]
    fn the_security_archive_is_looked_for_beside_the_mirror() {
        let system = read_lines("deb http://mirror/debian/ bookworm main\n");
        let text = stanzas(&system, &recipe()).expect("archives");
        assert_eq!(read_stanzas(&text)[1].uri, "http://mirror/debian-security");
    }

    #[test]
    fn a_system_without_debians_archive_is_told() {
        let error = stanzas(&[], &recipe()).expect_err("no archive");
        assert!(error.to_string().contains("Debian bookworm"), "{error}");
    }
}
