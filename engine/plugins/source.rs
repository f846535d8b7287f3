//! Where a component comes from.

mod https;
mod local;
mod network;
mod oci;

use crate::{
    depot::{Depot, DepotError, Draft, Kept},
    manifest::ManifestError,
};
use hob_core::ExecutorName;
use oci_client::Reference;
use std::{
    fmt, io,
    path::{Path, PathBuf},
};

/// What an address is written with when it has a digest.
const FRAGMENT: &str = "#sha256=";
const REGISTRY: &str = "oci://";

/// Where a component comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Source {
    /// A `.wasm` file, or the folder of a project with `hob-plugin.toml`. Absolute.
    Path(PathBuf),
    /// A web address, and the digest that its bytes have to have.
    Https {
        /// `https://…`
        url: String,
        /// Hexadecimal SHA-256.
        sha256: String,
    },
    /// An artefact in a registry, by the digest of its manifest, perhaps with the tag that led there.
    Registry(Box<Reference>),
}

/// Why a source gave no component.
#[derive(Debug, thiserror::Error)]
pub enum SourceError {
    /// Nothing is there.
    #[error("{} does not exist", .0.display())]
    Missing(PathBuf),
    /// A device, a pipe.
    #[error("{} is neither a file nor a folder", .0.display())]
    NotAFile(PathBuf),
    /// The project was not built.
    #[error("{} does not exist: `hob plugin build` in {} makes it", component.display(), folder.display())]
    NotBuilt {
        /// The component.
        component: PathBuf,
        /// The project.
        folder: PathBuf,
    },
    /// The project's manifest cannot be used.
    #[error("{0}")]
    Manifest(#[from] ManifestError),
    /// A web address without a digest.
    #[error(
        "{0} may give other bytes tomorrow, so say which ones you mean: --sha256 HEX. Who publishes it says which; what \
         is there now, `curl -fsSL {0} | sha256sum` says"
    )]
    NoDigest(String),
    /// A digest that is none.
    #[error("`{0}` is no SHA-256: it has 64 hexadecimal digits")]
    NotADigest(String),
    /// A reference with a tag alone.
    #[error(
        "a tag can be moved, so say which component you mean. The tag of {reference} is this one now: {REGISTRY}{now}"
    )]
    NoDigestOfTag {
        /// As it was given.
        reference: String,
        /// With the digest that the tag has now.
        now: String,
    },
    /// The tag leads elsewhere now.
    #[error(
        "the tag {tag} of {repository} was moved: it is {now} now, and {expected} was asked for. To have what was asked \
         for, leave the tag out: {REGISTRY}{repository}@{expected}"
    )]
    Moved {
        /// Registry and name.
        repository: String,
        /// The tag.
        tag: String,
        /// The digest that was asked for.
        expected: String,
        /// The digest that it has.
        now: String,
    },
    /// Other bytes than were asked for.
    #[error(
        "{place} has the sha256 {actual}, and {expected} was asked for: it was changed at its source or on its way, and \
         nothing of it was kept"
    )]
    Digest {
        /// The file or address.
        place: String,
        /// What was asked for.
        expected: String,
        /// What came.
        actual: String,
    },
    /// Larger than any component.
    #[error("{place} has {size} bytes; a component may have {limit}")]
    TooLarge {
        /// The file or address.
        place: String,
        /// Its bytes, as far as they are known.
        size: u64,
        /// Bytes allowed.
        limit: u64,
    },
    /// Something else than one component.
    #[error(
        "{reference} is no component: it has {found}, and a component is one layer of the type {}; `wkg oci push` makes \
         such an artefact",
        oci::LAYER
    )]
    NotAComponent {
        /// The reference.
        reference: String,
        /// What it has.
        found: String,
    },
    /// It cannot be read.
    #[error("read {place}: {source}")]
    Read {
        /// The file or address.
        place: String,
        /// What happened.
        source: io::Error,
    },
    /// What was read cannot be kept.
    #[error("{0}")]
    Depot(#[from] DepotError),
    /// A source that hob does not know.
    #[error(
        "`{0}` is no source of components: give the path of a .wasm file or of a project's folder, https://… with \
         --sha256, or oci://REGISTRY/NAME@sha256:…"
    )]
    Unknown(String),
}

/// What a source gave.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fetched {
    /// Its file in hob's own folder.
    pub kept: Kept,
    /// What the project calls it.
    pub name: Option<ExecutorName>,
}

impl Source {
    /// What `text` means, typed in the folder `cwd`; `sha256` is the digest that was given beside it. A
    /// tag without a digest is looked up, for the message that refuses it.
    pub fn parse(text: &str, sha256: Option<&str>, cwd: &Path) -> Result<Self, SourceError> {
        let sha256 = sha256.map(digest).transpose()?;
        if let Some(reference) = text.strip_prefix(REGISTRY) {
            let reference: Reference = reference.parse().map_err(|_| SourceError::Unknown(text.to_owned()))?;
            if reference.digest().is_none() {
                let now = oci::pinned(&reference)?;
                return Err(SourceError::NoDigestOfTag { reference: text.to_owned(), now: now.whole() });
            }
            return Ok(Self::Registry(Box::new(reference)));
        }
        if text.starts_with("https://") {
            let (url, fragment) = match text.split_once(FRAGMENT) {
                Some((url, fragment)) => (url, Some(digest(fragment)?)),
                None => (text, None),
            };
            let sha256 = sha256.or(fragment).ok_or_else(|| SourceError::NoDigest(url.to_owned()))?;
            return Ok(Self::Https { url: url.to_owned(), sha256 });
        }
        if text.contains("://") {
            return Err(SourceError::Unknown(text.to_owned()));
        }
        Ok(Self::Path(cwd.join(text).components().collect()))
    }

    /// What stands there now where the source is a tag; itself for every other.
    pub fn newest(&self) -> Result<Self, SourceError> {
        match self {
            Self::Registry(reference) if reference.tag().is_some() => {
                Ok(Self::Registry(Box::new(oci::pinned(&oci::by_tag(reference))?)))
            }
            other => Ok(other.clone()),
        }
    }

    /// Brings the component into `depot`, if it has at most `limit` bytes, and the digest `expected`
    /// where one is.
    pub fn fetch(&self, depot: &Depot, limit: u64, expected: Option<&str>) -> Result<Fetched, SourceError> {
        let expected = expected.map(digest).transpose()?;
        let expected = expected.as_deref();
        let fetched = match self {
            Self::Path(path) => return local::fetch(path, depot, limit, expected),
            Self::Https { url, sha256 } => https::fetch(url, sha256, depot, limit)?,
            Self::Registry(reference) => oci::fetch(reference, depot, limit, expected)?,
        };
        Ok(Fetched { kept: fetched, name: None })
    }
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Path(path) => write!(f, "{}", path.display()),
            Self::Https { url, sha256 } => write!(f, "{url}{FRAGMENT}{sha256}"),
            Self::Registry(reference) => write!(f, "{REGISTRY}{}", reference.whole()),
        }
    }
}

fn digest(text: &str) -> Result<String, SourceError> {
    let hex = text.strip_prefix("sha256:").unwrap_or(text);
    if hex.len() == 64 && hex.chars().all(|c| c.is_ascii_hexdigit()) {
        return Ok(hex.to_ascii_lowercase());
    }
    Err(SourceError::NotADigest(text.to_owned()))
}

/// A component as it comes in, which may not grow beyond the limit.
struct Receiving<'d> {
    depot: &'d Depot,
    draft: Draft,
    place: String,
    limit: u64,
}

impl<'d> Receiving<'d> {
    /// From `place`, which says that it has `size` bytes.
    fn new(place: String, size: Option<u64>, depot: &'d Depot, limit: u64) -> Result<Self, SourceError> {
        if let Some(size) = size.filter(|size| *size > limit) {
            return Err(SourceError::TooLarge { place, size, limit });
        }
        Ok(Self { depot, draft: depot.draft()?, place, limit })
    }

    fn add(&mut self, bytes: &[u8]) -> Result<(), SourceError> {
        let failed = |source| SourceError::Read { place: self.place.clone(), source };
        let size = self.draft.add(bytes).map_err(failed)?;
        if size > self.limit {
            return Err(SourceError::TooLarge { place: self.place.clone(), size, limit: self.limit });
        }
        Ok(())
    }

    /// Keeps it, if it has the digest that is expected.
    fn keep(self, expected: Option<&str>) -> Result<Kept, SourceError> {
        let actual = self.draft.sha256();
        match expected {
            Some(expected) if expected != actual => {
                Err(SourceError::Digest { place: self.place, expected: expected.to_owned(), actual })
            }
            _ => Ok(self.depot.keep(self.draft)?),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str, sha256: Option<&str>) -> Result<String, String> {
        let source = Source::parse(text, sha256, Path::new("/w"));
        source.map(|source| source.to_string()).map_err(|error| error.to_string())
    }

    #[test]
    fn what_is_typed_is_kept_so_that_it_can_be_typed_again() {
        let hex = "a".repeat(64);
        for (text, sha256, expect) in [
            ("./x.wasm", None, "/w/x.wasm".to_owned()),
            ("/opt/project/", None, "/opt/project".to_owned()),
            ("https://example.org/x.wasm", Some(hex.as_str()), format!("https://example.org/x.wasm#sha256={hex}")),
            (
                &format!("https://example.org/x.wasm#sha256={}", hex.to_uppercase()),
                None,
                format!("https://example.org/x.wasm#sha256={hex}"),
            ),
            (
                &format!("oci://localhost:5000/tools/x:1.0@sha256:{hex}"),
                None,
                format!("oci://localhost:5000/tools/x:1.0@sha256:{hex}"),
            ),
        ] {
            assert_eq!(parse(text, sha256).as_ref(), Ok(&expect), "{text}");
            assert_eq!(parse(&expect, None), Ok(expect));
        }
    }

    #[test]
    fn what_is_no_source() {
        for (text, sha256, words) in [
            ("https://example.org/x.wasm", None, "--sha256 HEX"),
            ("https://example.org/x.wasm", Some("abc"), "`abc` is no SHA-256"),
            ("http://example.org/x.wasm", None, "is no source of components"),
            ("ftp://example.org/x.wasm", None, "is no source of components"),
            ("oci://UPPER CASE", None, "is no source of components"),
        ] {
            let error = parse(text, sha256).expect_err(text);
            assert!(error.contains(words), "{text}: {error}");
        }
    }
}
