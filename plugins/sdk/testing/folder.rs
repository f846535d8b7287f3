use std::{
    env, fs,
    path::{Path, PathBuf},
    process,
    sync::atomic::{AtomicU32, Ordering},
};

/// A folder that is gone with the world.
pub struct Folder(PathBuf);

impl Folder {
    pub fn new() -> Self {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let name = format!("hob-plugin-{}-{}", process::id(), COUNT.fetch_add(1, Ordering::Relaxed));
        let path = env::temp_dir().join(name);
        fs::create_dir_all(&path).unwrap_or_else(|error| panic!("make {}: {error}", path.display()));
        Self(path.canonicalize().unwrap_or(path))
    }

    pub fn path(&self) -> &Path {
        &self.0
    }

    pub fn write(&self, path: &str, contents: &[u8]) {
        let path = self.0.join(path);
        let made = path.parent().map_or(Ok(()), fs::create_dir_all).and_then(|()| fs::write(&path, contents));
        made.unwrap_or_else(|error| panic!("write {}: {error}", path.display()));
    }

    /// What the component knows by that path: `/project` is the folder too.
    pub fn resolve(&self, guest: &str) -> Option<PathBuf> {
        let path = match guest.strip_prefix("/project") {
            Some(rest) if rest.is_empty() || rest.starts_with('/') => self.0.join(rest.trim_start_matches('/')),
            _ => self.0.join(guest),
        };
        let leads_out = path.components().any(|part| part == std::path::Component::ParentDir);
        (path.starts_with(&self.0) && !leads_out).then_some(path)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        // A folder that stays in the temporary one harms nobody.
        let _ = fs::remove_dir_all(&self.0);
    }
}
