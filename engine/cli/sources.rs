//! The files of a project that its component is made of, and the moment when one is another.

use crate::error::{CommandError, CommandResult};
use notify::{EventKind, RecommendedWatcher, RecursiveMode, Watcher as _};
use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
    sync::mpsc::{Receiver, channel},
    time::{Duration, SystemTime},
};

/// What is made or fetched, not written; hidden files are left out too.
const LEFT_OUT: [&str; 7] =
    ["node_modules", "target", "dist", "__pycache__", "Cargo.lock", "package-lock.json", "pip-wheel-metadata"];

/// Time without a change after which a save is whole. 100 ms: an editor's writes and renames are a few ms apart.
const SETTLED: Duration = Duration::from_millis(100);

/// A folder that is watched.
pub struct Sources {
    folder: PathBuf,
    watcher: RecommendedWatcher,
    told: Receiver<()>,
}

/// Each file with when it was written and its size.
pub type Look = BTreeMap<PathBuf, (Option<SystemTime>, u64)>;

impl Sources {
    /// Begins to watch.
    pub fn watch(folder: &Path) -> CommandResult<Self> {
        let (tell, told) = channel();
        let watcher = notify::recommended_watcher(move |event: notify::Result<notify::Event>| {
            if event.is_ok_and(|event| !matches!(event.kind, EventKind::Access(_))) {
                // Nobody listens any more when the command ends.
                let _ = tell.send(());
            }
        });
        let watcher = watcher.map_err(|error| cannot_watch(folder, error))?;
        Ok(Self { folder: folder.to_owned(), watcher, told })
    }

    /// The files as they are now; from here on their changes are heard.
    pub fn look(&mut self) -> Look {
        let mut look = Look::new();
        let mut folders = vec![self.folder.clone()];
        while let Some(folder) = folders.pop() {
            // Before it is read, so that nothing changes unheard in between. One that is gone again has no files.
            let _ = self.watcher.watch(&folder, RecursiveMode::NonRecursive);
            for entry in fs::read_dir(&folder).into_iter().flatten().flatten() {
                let name = entry.file_name();
                let name = name.to_string_lossy();
                if name.starts_with('.') || LEFT_OUT.contains(&name.as_ref()) {
                    continue;
                }
                let path = entry.path();
                match fs::metadata(&path) {
                    Ok(data) if data.is_dir() => folders.push(path),
                    Ok(data) => drop(look.insert(path, (data.modified().ok(), data.len()))),
                    Err(_) => {}
                }
            }
        }
        look
    }

    /// Waits until they are not as they were; gives the paths of those that differ.
    pub fn wait_for_another(&mut self, seen: &Look) -> CommandResult<Vec<PathBuf>> {
        loop {
            let now = self.look();
            let differ = |path: &&PathBuf| seen.get(*path) != now.get(*path);
            let mut changed: Vec<PathBuf> = seen.keys().chain(now.keys()).filter(differ).cloned().collect();
            changed.sort();
            changed.dedup();
            if !changed.is_empty() {
                let short =
                    |path: PathBuf| path.strip_prefix(&self.folder).map_or_else(|_| path.clone(), Path::to_owned);
                return Ok(changed.into_iter().map(short).collect());
            }
            self.told.recv().map_err(|error| cannot_watch(&self.folder, error))?;
            while self.told.recv_timeout(SETTLED).is_ok() {}
        }
    }
}

fn cannot_watch(folder: &Path, error: impl std::error::Error + Send + Sync + 'static) -> CommandError {
    CommandError::internal(error).context(format!("watch {}", folder.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_removed_or_new_in_a_new_folder_is_seen_and_what_a_build_makes_is_not() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = |name: &str| folder.path().join(name);
        fs::create_dir(path("src")).expect("made");
        fs::create_dir(path("dist")).expect("made");
        fs::write(path("src/a.js"), "1").expect("written");
        let mut sources = Sources::watch(folder.path()).expect("watches");
        let mut changed = |seen: &Look, change: &dyn Fn()| {
            change();
            let changed = sources.wait_for_another(seen).expect("heard");
            (changed, sources.look())
        };
        let seen = Look::new();
        let (files, seen) = changed(&seen, &|| ());
        assert_eq!(files, [Path::new("src/a.js")]);
        let (files, seen) = changed(&seen, &|| {
            fs::write(path("dist/a.wasm"), "made").expect("written");
            fs::write(path("src/a.js"), "12").expect("written");
        });
        assert_eq!(files, [Path::new("src/a.js")]);
        let (files, seen) = changed(&seen, &|| {
            fs::create_dir(path("src/more")).expect("made");
            fs::write(path("src/more/b.js"), "").expect("written");
        });
        assert_eq!(files, [Path::new("src/more/b.js")]);
        let (files, _) = changed(&seen, &|| fs::remove_file(path("src/a.js")).expect("removed"));
        assert_eq!(files, [Path::new("src/a.js")]);
    }
}
