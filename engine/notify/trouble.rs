//! Why somebody was not told, where others can read it: the worker that found out may have gone since.

use crate::channel::Channel;
use hob_core::Timestamp;
use serde::{Deserialize, Serialize};
use std::{
    fs::{self, OpenOptions},
    io::{self, Write as _},
    path::{Path, PathBuf},
    time::{SystemTime, UNIX_EPOCH},
};

/// In the state folder.
const FOLDER: &str = "notify";

/// What went wrong when somebody was last to be told.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Trouble {
    /// Why, in words.
    pub reason: String,
    /// When.
    pub at: Timestamp,
}

/// Why the last message on a channel was not told; none if it was, or if there was none yet.
pub fn last_trouble(state: &Path, channel: Channel) -> Option<Trouble> {
    serde_json::from_slice(&fs::read(path(state, channel)).ok()?).ok()
}

fn path(state: &Path, channel: Channel) -> PathBuf {
    state.join(FOLDER).join(channel.consumer()).with_extension("json")
}

/// Remembers the reason, or that all is well.
pub(crate) fn remember(state: &Path, channel: Channel, reason: Option<&str>) {
    let path = path(state, channel);
    let done = match reason {
        Some(reason) => write(&path, &Trouble { reason: reason.to_owned(), at: now() }),
        None => match fs::remove_file(&path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
            _ => Ok(()),
        },
    };
    if let Err(error) = done {
        tracing::warn!(path = %path.display(), %error, "how notifying goes is not noted");
    }
}

fn write(path: &Path, trouble: &Trouble) -> io::Result<()> {
    // The state folder itself is not made: whoever removed it wants no more of it.
    match path.parent().map(fs::create_dir) {
        Some(Err(error)) if error.kind() != io::ErrorKind::AlreadyExists => return Err(error),
        _ => {}
    }
    let new = path.with_extension(format!("new-{}", std::process::id()));
    let mut options = OpenOptions::new();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(&new)?.write_all(&serde_json::to_vec(trouble)?)?;
    fs::rename(new, path)
}

fn now() -> Timestamp {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Timestamp(i64::try_from(since.as_millis()).unwrap_or(i64::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_remembered_until_all_is_well() {
        let state = tempfile::tempdir().expect("a folder");
        let last = |channel| last_trouble(state.path(), channel).map(|trouble| trouble.reason);
        assert_eq!(last(Channel::Desktop), None);
        remember(state.path(), Channel::Desktop, None);
        assert!(!state.path().join(FOLDER).exists(), "nothing to remember");
        remember(state.path(), Channel::Desktop, Some("no desktop here"));
        remember(state.path(), Channel::Desktop, Some("still none"));
        assert_eq!(last(Channel::Desktop).as_deref(), Some("still none"));
        assert_eq!(last(Channel::Command), None);
        remember(state.path(), Channel::Desktop, None);
        assert_eq!(last(Channel::Desktop), None);
    }

    #[test]
    fn a_state_folder_that_is_gone_stays_gone() {
        let folder = tempfile::tempdir().expect("a folder");
        let state = folder.path().join("state");
        remember(&state, Channel::Command, Some("why"));
        assert!(!state.exists());
    }
}
