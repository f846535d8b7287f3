//! What died half-way and left something in the cache. Nothing in it is a result: all of it is made anew when needed.

use crate::artefact;
use std::{
    fs, io,
    path::{Path, PathBuf},
    time::SystemTime,
};

/// The folders of the cache in which files are written beside and then renamed.
const FOLDERS: [&str; 2] = [artefact::FOLDER, "admitted"];

/// What was half made in the cache, and last changed before `before`. Looks only.
pub fn leftovers(cache: &Path, before: SystemTime) -> Vec<PathBuf> {
    let mut found: Vec<PathBuf> = entries(cache).into_iter().filter(|path| name_begins(path, "admit-")).collect();
    for folder in FOLDERS {
        found.extend(entries(&cache.join(folder)).into_iter().filter(|path| name_begins(path, ".new-")));
    }
    found.extend(entries(&cache.join(artefact::FOLDER)).into_iter().filter(|path| artefact::is_half(path)));
    let is_old = |path: &PathBuf| {
        let changed = fs::symlink_metadata(path).and_then(|metadata| metadata.modified());
        changed.is_ok_and(|at| at < before)
    };
    found.retain(is_old);
    found.sort();
    found
}

/// Removes one of them.
pub fn remove_leftover(path: &Path) -> io::Result<()> {
    if fs::symlink_metadata(path)?.is_dir() { fs::remove_dir_all(path) } else { fs::remove_file(path) }
}

fn entries(folder: &Path) -> Vec<PathBuf> {
    fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.path()).collect()
}

fn name_begins(path: &Path, start: &str) -> bool {
    path.file_name().is_some_and(|name| name.to_string_lossy().starts_with(start))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::{fs::File, time::Duration};

    #[test]
    fn only_what_is_half_made_and_old_is_left_over() {
        let cache = tempfile::tempdir().expect("a folder");
        let now = SystemTime::now();
        let put = |name: &str, text: &str, age: u64| {
            let path = cache.path().join(name);
            fs::create_dir_all(path.parent().expect("a folder")).expect("made");
            fs::write(&path, text).expect("written");
            File::open(&path).and_then(|file| file.set_modified(now - Duration::from_secs(age))).expect("set");
            path
        };
        put("components/whole.cwasm", "code", 100);
        put("components/whole.check", "4 00000000\n", 100);
        put("admitted/record", "{}", 100);
        put("components/.new-young", "", 1);
        let mut expect = vec![
            put("admitted/.new-a", "", 100),
            put("components/.new-b", "", 100),
            put("components/alone.cwasm", "code", 100),
            put("components/alone-too.check", "4 00000000\n", 100),
            put("components/cut.cwasm", "co", 100),
        ];
        put("components/cut.check", "4 00000000\n", 100);
        let folder = cache.path().join("admit-x");
        fs::create_dir(&folder).expect("made");
        File::open(&folder).and_then(|folder| folder.set_modified(now - Duration::from_secs(100))).expect("set");
        expect.push(folder);
        expect.sort();
        let found = leftovers(cache.path(), now - Duration::from_secs(50));
        assert_eq!(found, expect);
        for path in &found {
            remove_leftover(path).expect("removed");
        }
        // A check without its code is next.
        let next = leftovers(cache.path(), now - Duration::from_secs(50));
        assert_eq!(next, [cache.path().join("components/cut.check")]);
        assert!(leftovers(&cache.path().join("nowhere"), now).is_empty());
    }
}
