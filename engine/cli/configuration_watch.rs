//! Hears when a file of the configuration, or of a component, is another.

use notify::{EventKind, RecommendedWatcher, RecursiveMode, Watcher as _};
use std::{
    collections::BTreeSet,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError},
};

/// Watches for as long as it is kept. The folders are watched, because editors replace a file; one that is not
/// there yet is not watched, and a file in it is found at the next look of whoever needs it.
pub struct ConfigurationWatch {
    watcher: RecommendedWatcher,
    folders: BTreeSet<PathBuf>,
    files: Arc<Mutex<BTreeSet<PathBuf>>>,
}

impl ConfigurationWatch {
    /// Calls `changed` after every change of one of these files; none where nothing can be watched.
    pub fn start<'a>(files: impl IntoIterator<Item = &'a Path>, changed: impl Fn() + Send + 'static) -> Option<Self> {
        let known = Arc::new(Mutex::new(BTreeSet::new()));
        let wanted = Arc::clone(&known);
        let watcher = notify::recommended_watcher(move |event: notify::Result<notify::Event>| {
            let is_about_one = |event: notify::Event| {
                let wanted = wanted.lock().unwrap_or_else(PoisonError::into_inner);
                !matches!(event.kind, EventKind::Access(_)) && event.paths.iter().any(|path| wanted.contains(path))
            };
            if event.is_ok_and(is_about_one) {
                changed();
            }
        });
        let watcher =
            watcher.inspect_err(|error| tracing::debug!(%error, "changes of the configuration are seen late")).ok()?;
        let mut watch = Self { watcher, folders: BTreeSet::new(), files: known };
        watch.follow(files);
        Some(watch)
    }

    /// Watches these files, too.
    pub fn follow<'a>(&mut self, files: impl IntoIterator<Item = &'a Path>) {
        for path in files.into_iter().flat_map(|file| [Some(file.to_owned()), file.canonicalize().ok()]).flatten() {
            if let Some(folder) = path.parent() {
                self.add(folder);
            }
            self.files.lock().unwrap_or_else(PoisonError::into_inner).insert(path);
        }
    }

    fn add(&mut self, folder: &Path) {
        if !self.folders.contains(folder) && self.watcher.watch(folder, RecursiveMode::NonRecursive).is_ok() {
            self.folders.insert(folder.to_owned());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::{fs, sync::mpsc::channel, time::Duration};

    #[test]
    fn a_file_that_is_written_replaced_or_removed_is_heard() {
        const DEADLINE: Duration = Duration::from_secs(10);
        let home = tempfile::tempdir().expect("a folder");
        let set = |variable: &str| (variable == "HOB_HOME").then(|| home.path().into());
        let places = hob_settings::Places::discover(set).expect("places");
        let settings = hob_settings::Settings::load(&places).expect("loads");
        let (tell, heard) = channel();
        let _watch = ConfigurationWatch::start(settings.files().iter().map(|file| file.path.as_path()), move || {
            let _ = tell.send(());
        })
        .expect("watches");
        let told = || {
            heard.recv_timeout(DEADLINE).expect("heard");
            while heard.try_recv().is_ok() {}
        };
        fs::write(&places.config, "").expect("written");
        told();
        let other = home.path().join("other");
        fs::write(&other, "notifications = false").expect("written");
        fs::rename(&other, &places.config).expect("replaced");
        told();
        fs::remove_file(&places.config).expect("removed");
        told();
    }
}
