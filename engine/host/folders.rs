//! The folders of one attempt: grants resolved to places on this machine.

use hob_core::{Mode, Policy, Protected};
use std::path::{Path, PathBuf};

/// A granted folder of one attempt.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Folder {
    /// Canonical path on this machine.
    pub(crate) host: PathBuf,
    /// Absolute guest path without a slash at its end, but for `/` itself.
    pub(crate) guest: String,
    /// The lesser of asked and granted.
    pub(crate) mode: Mode,
}

/// A folder that cannot be had.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    /// Absent, or not ours to enter.
    #[error("the granted folder {} (`{grant}` in the configuration) cannot be used: {source}", path.display())]
    Unusable { grant: String, path: PathBuf, source: std::io::Error },
    /// A file.
    #[error("the granted folder {} (`{grant}` in the configuration) is not a folder", path.display())]
    NoFolder { grant: String, path: PathBuf },
    /// `~` without a home.
    #[error("the granted folder `{grant}` needs a home folder, and this machine does not say which that is")]
    NoHome { grant: String },
    /// Not absolute, once resolved.
    #[error("the granted folder `{grant}` has to be absolute, or begin with `~/` or `{{cwd}}`")]
    Relative { grant: String },
    /// hob's own, one with keys in it, or one around such a folder.
    #[error("the granted folder {} (`{grant}` in the configuration) cannot be had: {reason}", path.display())]
    Protected { grant: String, path: PathBuf, reason: String },
}

/// Where grants may point to.
pub(crate) struct Places<'a> {
    pub(crate) home: Option<&'a Path>,
    pub(crate) cwd: &'a Path,
    pub(crate) protected: &'a Protected,
}

/// The folders that are both asked for and granted.
pub(crate) fn resolve(policy: &Policy, places: &Places<'_>) -> Result<Vec<Folder>, Error> {
    let one = |(grant, mode): (&hob_core::DirGrant, Mode)| {
        let path = place(&grant.host, places)?;
        let unusable = |source| Error::Unusable { grant: grant.host.clone(), path: path.clone(), source };
        // Canonical once and for all: a link that is turned elsewhere later changes nothing.
        let host = path.canonicalize().map_err(unusable)?;
        if !host.is_dir() {
            return Err(Error::NoFolder { grant: grant.host.clone(), path });
        }
        if let Err(reason) = places.protected.check(&host) {
            return Err(Error::Protected { grant: grant.host.clone(), path: host, reason });
        }
        let trimmed = grant.guest.trim_end_matches('/');
        let guest = if trimmed.is_empty() { "/" } else { trimmed };
        Ok(Folder { host, guest: guest.to_owned(), mode })
    };
    policy.dirs().map(one).collect()
}

fn place(grant: &str, places: &Places<'_>) -> Result<PathBuf, Error> {
    let below = |base: &Path, rest: &str| {
        let rest = rest.trim_start_matches('/');
        if rest.is_empty() { base.to_path_buf() } else { base.join(rest) }
    };
    if let Some(rest) = grant.strip_prefix("{cwd}") {
        return Ok(below(places.cwd, rest));
    }
    if grant == "~" || grant.starts_with("~/") {
        let home = places.home.ok_or_else(|| Error::NoHome { grant: grant.to_owned() })?;
        return Ok(below(home, &grant[1..]));
    }
    let path = PathBuf::from(grant);
    if path.is_absolute() { Ok(path) } else { Err(Error::Relative { grant: grant.to_owned() }) }
}

/// The guest path of the place `host`, where a granted folder holds it.
pub(crate) fn to_guest(folders: &[Folder], host: &Path) -> Option<String> {
    let host = host.canonicalize().ok()?;
    let holding = folders.iter().filter(|folder| host.starts_with(&folder.host));
    let folder = holding.max_by_key(|folder| folder.host.as_os_str().len())?;
    let rest = host.strip_prefix(&folder.host).ok()?.to_str()?;
    Some(match (folder.guest.as_str(), rest) {
        (guest, "") => guest.to_owned(),
        ("/", rest) => format!("/{rest}"),
        (guest, rest) => format!("{guest}/{rest}"),
    })
}

/// The place of `guest`, an absolute guest path below the folder that was granted as `granted`.
/// None where it does not exist or a link leads out of the folder.
pub(crate) fn to_host(folders: &[Folder], granted: &str, guest: &str) -> Option<(PathBuf, Folder)> {
    let granted = granted.trim_end_matches('/');
    let folder = folders.iter().find(|folder| folder.guest.trim_end_matches('/') == granted)?;
    let rest = guest.strip_prefix(granted)?.trim_matches('/');
    let path = if rest.is_empty() { folder.host.clone() } else { folder.host.join(rest).canonicalize().ok()? };
    path.starts_with(&folder.host).then(|| (path, folder.clone()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use hob_core::{Asks, DirAsk, DirGrant, Grant};

    fn policy(host: &str) -> Policy {
        let dirs = vec![DirAsk { guest: "/project".into(), mode: Mode::Rw, reason: "test".into() }];
        let grant = Grant {
            dirs: vec![DirGrant { host: host.into(), guest: "/project/".into(), mode: Mode::Ro }],
            ..Grant::default()
        };
        Policy::new("x".parse().expect("a name"), Asks { dirs, ..Asks::default() }, grant)
    }

    #[track_caller]
    fn check(grant: &str, cwd: &Path, expect: Result<&Path, &str>) {
        let protected = Protected::new(&[cwd.join("home")], [cwd.join("sub/private")]);
        let home = cwd.join("home");
        let places = Places { home: Some(&home), cwd, protected: &protected };
        match (resolve(&policy(grant), &places), expect) {
            (Ok(folders), Ok(path)) => {
                assert_eq!(folders, [Folder { host: path.into(), guest: "/project".into(), mode: Mode::Ro }]);
            }
            (Err(error), Err(text)) => assert!(error.to_string().contains(text), "{error}"),
            (result, expect) => panic!("{grant}: {result:?}, expected {expect:?}"),
        }
    }

    #[test]
    fn grants_become_places() {
        let temporary = tempfile::tempdir().expect("a folder");
        let cwd = temporary.path().canonicalize().expect("a path");
        for folder in ["work", "home/work", "home/.ssh", "sub/private/state"] {
            std::fs::create_dir_all(cwd.join(folder)).expect("a folder");
        }
        std::fs::write(cwd.join("file"), "").expect("a file");
        std::os::unix::fs::symlink(cwd.join("sub/private"), cwd.join("work/link")).expect("a link");
        check("{cwd}/work", &cwd, Ok(&cwd.join("work")));
        check("~/work", &cwd, Ok(&cwd.join("home/work")));
        check(cwd.join("work").to_str().expect("text"), &cwd, Ok(&cwd.join("work")));
        check("work", &cwd, Err("has to be absolute"));
        check("{cwd}/file", &cwd, Err("is not a folder"));
        check("{cwd}/absent", &cwd, Err(cwd.join("absent").to_str().expect("text")));
        check("{cwd}/sub/private/state", &cwd, Err("inside"));
        check("{cwd}/work/link", &cwd, Err("never granted"));
        check("{cwd}", &cwd, Err("contains"));
        check("~", &cwd, Err("contains"));
        check("~/.ssh", &cwd, Err("never granted"));
        check("/", &cwd, Err("whole machine"));
    }

    #[test]
    fn a_link_does_not_lead_out() {
        let temporary = tempfile::tempdir().expect("a folder");
        let base = temporary.path().canonicalize().expect("a path");
        for folder in ["in/deep", "out"] {
            std::fs::create_dir_all(base.join(folder)).expect("a folder");
        }
        std::os::unix::fs::symlink(base.join("out"), base.join("in/link")).expect("a link");
        let folders = [Folder { host: base.join("in"), guest: "/project".into(), mode: Mode::Ro }];
        let host = |guest| to_host(&folders, "/project", guest).map(|(path, _)| path);
        assert_eq!(host("/project"), Some(base.join("in")));
        assert_eq!(host("/project/deep"), Some(base.join("in/deep")));
        assert_eq!(host("/project/link"), None);
        assert_eq!(host("/project/../out"), None);
        assert_eq!(to_guest(&folders, &base.join("in/deep")).as_deref(), Some("/project/deep"));
        assert_eq!(to_guest(&folders, &base.join("in")).as_deref(), Some("/project"));
        assert_eq!(to_guest(&folders, &base.join("out")), None);
    }
}
