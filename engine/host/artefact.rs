//! Compiled components in the cache: written once, never changed in place, mapped by whoever runs them.

use crate::{engine, os};
use std::{
    fs::{self, File},
    io::{self, Read as _, Write as _},
    path::{Path, PathBuf},
};
use wasmtime::{Engine, component::Component};

/// What a record beside an artefact says of it, so that a damaged one is never mapped.
const CHECK: &str = "check";

/// Its folder in the cache.
pub(crate) const FOLDER: &str = "components";
/// The ending of compiled code.
const CODE: &str = "cwasm";

/// Whether the file is compiled code that is not whole, or has no check, or a check whose code is not there.
pub(crate) fn is_half(path: &Path) -> bool {
    let has_ending = |ending: &str| path.extension().is_some_and(|found| found == ending);
    if has_ending(CHECK) {
        return !path.with_extension(CODE).exists();
    }
    let whole = || -> Option<bool> {
        let noted = fs::read_to_string(path.with_extension(CHECK)).ok()?;
        Some(noted.split(' ').next()? == fs::metadata(path).ok()?.len().to_string())
    };
    has_ending(CODE) && whole() != Some(true)
}

/// The folder of compiled components of one engine configuration.
#[derive(Clone, Debug)]
pub(crate) struct Artefacts {
    folder: PathBuf,
    compatibility: String,
}

/// Why an artefact could not be kept.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    /// The folder is somebody else's, or others may write to it.
    #[error("keep compiled components in {}: the folder has to belong to you, and nobody else may write to it (`chmod 700`)", .0.display())]
    Foreign(PathBuf),
    #[error("keep a compiled component in {}: {source}", folder.display())]
    Io { folder: PathBuf, source: io::Error },
}

impl Artefacts {
    /// The artefacts for `engine`, which runs them, below the cache folder `cache`.
    pub(crate) fn new(cache: &Path, engine: &Engine) -> Self {
        Self { folder: cache.join(FOLDER), compatibility: engine::compatibility(engine) }
    }

    fn path(&self, digest: &str) -> PathBuf {
        self.folder.join(format!("{digest}-{}.{CODE}", self.compatibility))
    }

    /// Keeps `code`, what the component with this digest was compiled to.
    pub(crate) fn store(&self, digest: &str, code: &[u8]) -> Result<(), Error> {
        let failed = |source| Error::Io { folder: self.folder.clone(), source };
        os::create_private(&self.folder).map_err(failed)?;
        if !self.is_trusted() {
            return Err(Error::Foreign(self.folder.clone()));
        }
        let path = self.path(digest);
        let check = format!("{} {:08x}\n", code.len(), crc32fast::hash(code));
        // The check goes first: an artefact without one is a miss.
        self.write(&path.with_extension(CHECK), check.as_bytes()).map_err(failed)?;
        self.write(&path, code).map_err(failed)?;
        File::open(&self.folder).and_then(|folder| folder.sync_all()).map_err(failed)
    }

    /// Beside, synced, read-only, then renamed: whoever has mapped the old file keeps the old file.
    fn write(&self, path: &Path, bytes: &[u8]) -> io::Result<()> {
        let mut file = tempfile::Builder::new().prefix(".new-").tempfile_in(&self.folder)?;
        file.write_all(bytes)?;
        let mut permissions = file.as_file().metadata()?.permissions();
        permissions.set_readonly(true);
        #[cfg(unix)]
        std::os::unix::fs::PermissionsExt::set_mode(&mut permissions, 0o400);
        file.as_file().set_permissions(permissions)?;
        file.as_file().sync_all()?;
        file.persist(path)?;
        Ok(())
    }

    /// Whether what lies in the folder can only have been written by this user.
    fn is_trusted(&self) -> bool {
        fs::symlink_metadata(&self.folder).is_ok_and(|folder| folder.is_dir() && os::is_ours_alone(&folder))
    }

    /// The compiled component with this digest. None where it is not there, is damaged, or was
    /// compiled for another engine: all are misses, to be compiled again.
    pub(crate) fn load(&self, engine: &Engine, digest: &str) -> Option<Component> {
        let path = self.path(digest);
        if !self.is_trusted() || !is_intact(&path) {
            return None;
        }
        // SAFETY: `deserialize_file` needs a file that a compatible wasmtime wrote and that does not
        // change while it is mapped. The folder is ours and nobody else may write to it; the file is
        // a regular one of ours, has the length and checksum that were noted when it was written,
        // is named by the engine's compatibility hash, and is only ever replaced by renaming.
        #[expect(unsafe_code, reason = "wasmtime maps native code; it was written by this very program")]
        let loaded = unsafe { Component::deserialize_file(engine, &path) };
        match loaded {
            Ok(component) => Some(component),
            Err(error) => {
                tracing::warn!(path = %path.display(), "a compiled component does not load and is made anew: {error:#}");
                None
            }
        }
    }
}

/// Whether the file is ours alone and is what was written.
fn is_intact(path: &Path) -> bool {
    let check = || -> io::Result<bool> {
        let metadata = fs::symlink_metadata(path)?;
        if !metadata.is_file() || !os::is_ours_alone(&metadata) {
            return Ok(false);
        }
        let noted = fs::read_to_string(path.with_extension(CHECK))?;
        let Some((length, sum)) = noted.trim_end().split_once(' ') else { return Ok(false) };
        if length != metadata.len().to_string() {
            return Ok(false);
        }
        let (mut file, mut hasher, mut buffer) = (File::open(path)?, crc32fast::Hasher::new(), vec![0; 256 << 10]);
        loop {
            match file.read(&mut buffer)? {
                0 => break,
                count => hasher.update(&buffer[..count]),
            }
        }
        Ok(sum == format!("{:08x}", hasher.finalize()))
    };
    match check() {
        Ok(intact) => {
            if !intact {
                tracing::warn!(path = %path.display(), "a compiled component was changed or damaged and is made anew");
            }
            intact
        }
        Err(_) => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt as _;

    const COMPONENT: &str = r#"(component
        (core module $m (func (export "answer") (result i32) i32.const 42))
        (core instance $i (instantiate $m))
        (func (export "answer") (result u32) (canon lift (core func $i "answer"))))"#;

    struct Fixture {
        cache: tempfile::TempDir,
        engine: Engine,
        artefacts: Artefacts,
        digest: String,
    }

    fn compiled(wasm: &[u8]) -> Vec<u8> {
        engine::build_compiler().expect("an engine").precompile_component(wasm).expect("compiled")
    }

    fn fixture() -> Fixture {
        let cache = tempfile::tempdir().expect("a folder");
        let engine = engine::build().expect("an engine");
        let artefacts = Artefacts::new(cache.path(), &engine);
        let wasm = wat::parse_str(COMPONENT).expect("a component");
        let digest = engine::digest(&wasm);
        artefacts.store(&digest, &compiled(&wasm)).expect("stored");
        Fixture { cache, engine, artefacts, digest }
    }

    impl Fixture {
        fn loads(&self) -> bool {
            self.artefacts.load(&self.engine, &self.digest).is_some()
        }

        fn path(&self) -> PathBuf {
            self.artefacts.path(&self.digest)
        }

        fn overwrite(path: &Path, change: impl FnOnce(&mut Vec<u8>)) {
            let mut bytes = fs::read(path).expect("read");
            change(&mut bytes);
            fs::remove_file(path).expect("removed");
            fs::write(path, bytes).expect("written");
        }
    }

    #[test]
    fn what_was_stored_loads_and_is_private() {
        let fixture = fixture();
        assert!(fixture.loads());
        let mode = |path: &Path| fs::metadata(path).expect("there").permissions().mode() & 0o777;
        assert_eq!(mode(&fixture.path()), 0o400);
        assert_eq!(mode(&fixture.cache.path().join("components")), 0o700);
    }

    #[test]
    fn a_second_store_replaces_the_file_and_never_writes_into_it() {
        use std::os::unix::fs::MetadataExt as _;
        let fixture = fixture();
        let first = fs::metadata(fixture.path()).expect("there").ino();
        let mapped = fixture.artefacts.load(&fixture.engine, &fixture.digest).expect("loads");
        let wasm = wat::parse_str(COMPONENT).expect("a component");
        fixture.artefacts.store(&fixture.digest, &compiled(&wasm)).expect("stored");
        assert_ne!(fs::metadata(fixture.path()).expect("there").ino(), first);
        assert!(fixture.loads());
        drop(mapped);
    }

    #[test]
    fn tampering_is_a_miss() {
        let fixture = fixture();
        let path = fixture.path();
        Fixture::overwrite(&path, |bytes| {
            let middle = bytes.len() / 2;
            bytes[middle] ^= 1;
        });
        assert!(!fixture.loads(), "a flipped bit");
    }

    #[test]
    fn truncation_is_a_miss() {
        let fixture = fixture();
        Fixture::overwrite(&fixture.path(), |bytes| bytes.truncate(bytes.len() - 1));
        assert!(!fixture.loads());
        Fixture::overwrite(&fixture.path(), Vec::clear);
        assert!(!fixture.loads());
    }

    #[test]
    fn foreign_bytes_with_a_fitting_check_are_a_miss() {
        let fixture = fixture();
        fixture.artefacts.store(&fixture.digest, b"not compiled code").expect("stored");
        assert!(!fixture.loads());
    }

    #[test]
    fn a_missing_check_is_a_miss() {
        let fixture = fixture();
        fs::remove_file(fixture.path().with_extension(CHECK)).expect("removed");
        assert!(!fixture.loads());
    }

    #[test]
    fn a_file_or_folder_that_others_may_write_to_is_a_miss() {
        let fixture = fixture();
        let set = |path: &Path, mode| fs::set_permissions(path, fs::Permissions::from_mode(mode)).expect("set");
        set(&fixture.path(), 0o466);
        assert!(!fixture.loads(), "file");
        set(&fixture.path(), 0o400);
        assert!(fixture.loads());
        set(&fixture.artefacts.folder, 0o777);
        assert!(!fixture.loads(), "folder");
    }

    #[test]
    fn a_link_is_a_miss() {
        let fixture = fixture();
        let (path, elsewhere) = (fixture.path(), fixture.cache.path().join("elsewhere"));
        fs::rename(&path, &elsewhere).expect("moved");
        std::os::unix::fs::symlink(&elsewhere, &path).expect("linked");
        assert!(!fixture.loads());
    }
}
