//! The engine's own log: a file for the daemon, stderr for everybody else. What it says is ours;
//! parameters, environments and output of tasks are never written to it.

use hob_settings::Places;
use std::{
    fs::{self, File, OpenOptions},
    io::{self, Write},
    path::{Path, PathBuf},
    str::FromStr as _,
    sync::{Arc, Mutex, PoisonError},
};
use tracing_subscriber::{
    Layer as _, Registry,
    filter::{LevelFilter, Targets},
    fmt::MakeWriter,
    layer::SubscriberExt as _,
};

/// The variable that says what is logged: `debug`, or `hob_runner=debug,warn`.
const VARIABLE: &str = "HOB_LOG";
/// Size at which the log becomes `daemon.log.1`, which is then overwritten. 8 MiB: weeks of a busy
/// daemon, and little enough to keep for ever.
const LARGEST: u64 = 8 << 20;
/// Most that is said of what a variable holds.
const LONGEST: usize = 80;

/// Where the daemon logs.
pub fn log_path(places: &Places) -> PathBuf {
    places.state.join("log").join("daemon.log")
}

/// Where the log is that was full.
pub fn rotated(path: &Path) -> PathBuf {
    path.with_extension("log.1")
}

/// The daemon's log, opened to append to; only this user can read it.
pub fn open_log(places: &Places) -> io::Result<File> {
    let path = log_path(places);
    if let Some(folder) = path.parent() {
        os::private_folder(folder)?;
    }
    append_to(&path)
}

fn append_to(path: &Path) -> io::Result<File> {
    os::private(OpenOptions::new().create(true).append(true)).open(path)
}

/// What is logged where nobody says so, and nonsense is as good as nothing said; besides, what is wrong with it.
fn targets(wanted: Option<&str>, default: &str) -> (Targets, Option<String>) {
    let wanted = wanted.map(str::trim).filter(|text| !text.is_empty());
    match wanted.map(levels) {
        Some(Ok(targets)) => (targets, None),
        wrong => (Targets::from_str(default).unwrap_or_default(), wrong.and_then(Result::err)),
    }
}

/// A word alone that is no level would be the name of a target, and all others would be silent.
fn levels(text: &str) -> Result<Targets, String> {
    let is_known = |directive: &str| {
        let word = directive.trim();
        word.contains('=') || word.starts_with("hob") || LevelFilter::from_str(word).is_ok()
    };
    let targets = Targets::from_str(text).ok().filter(|_| text.split(',').all(is_known));
    targets.ok_or_else(|| {
        format!(
            "{VARIABLE}: `{}` is no level: error, warn, info, debug, trace, off, or such as hob_runner=debug,warn",
            hob_core::sanitize_line(text, LONGEST)
        )
    })
}

fn wanted() -> Option<String> {
    std::env::var(VARIABLE).ok()
}

/// From now on this process logs to the daemon's file.
pub fn to_file(places: &Places) -> io::Result<()> {
    let file = open_log(places)?;
    let size = file.metadata()?.len();
    let writer = LogFile(Arc::new(Mutex::new(Open { path: log_path(places), file, size })));
    let layer = tracing_subscriber::fmt::layer().with_ansi(false).with_writer(writer);
    let (targets, wrong) = targets(wanted().as_deref(), "info");
    install(Registry::default().with(layer.with_filter(targets)), wrong);
    Ok(())
}

/// From now on this process logs warnings to stderr.
pub fn to_stderr() {
    on_stderr("warn,hob_notify=error");
}

/// The same, and what components log: for those who write them.
pub fn of_components() {
    on_stderr("warn,hob_notify=error,hob::component=info");
}

fn on_stderr(default: &str) {
    let layer = tracing_subscriber::fmt::layer().with_ansi(false).without_time().with_writer(io::stderr);
    let (targets, wrong) = targets(wanted().as_deref(), default);
    install(Registry::default().with(layer.with_filter(targets)), wrong);
}

fn install(subscriber: impl tracing::Subscriber + Send + Sync, wrong: Option<String>) {
    // Fails only where a process does it twice, and then the first holds.
    let is_first = tracing::subscriber::set_global_default(subscriber).is_ok();
    if let Some(wrong) = wrong.filter(|_| is_first) {
        tracing::warn!("{wrong}");
    }
}

#[derive(Clone)]
struct LogFile(Arc<Mutex<Open>>);

struct Open {
    path: PathBuf,
    file: File,
    size: u64,
}

impl Write for LogFile {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let mut open = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if open.size > LARGEST {
            fs::rename(&open.path, rotated(&open.path))?;
            open.file = append_to(&open.path)?;
            open.size = 0;
        }
        open.file.write_all(bytes)?;
        open.size += bytes.len() as u64;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl<'a> MakeWriter<'a> for LogFile {
    type Writer = Self;

    fn make_writer(&'a self) -> Self {
        self.clone()
    }
}

#[cfg(unix)]
mod os {
    use std::{
        fs::{DirBuilder, OpenOptions},
        io,
        os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _},
        path::Path,
    };

    pub(super) fn private(options: &mut OpenOptions) -> &mut OpenOptions {
        options.mode(0o600)
    }

    pub(super) fn private_folder(folder: &Path) -> io::Result<()> {
        DirBuilder::new().recursive(true).mode(0o700).create(folder)
    }
}

#[cfg(not(unix))]
mod os {
    use std::{
        fs::{self, OpenOptions},
        io,
        path::Path,
    };

    pub(super) fn private(options: &mut OpenOptions) -> &mut OpenOptions {
        options
    }

    pub(super) fn private_folder(folder: &Path) -> io::Result<()> {
        fs::create_dir_all(folder)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nonsense_does_not_silence_the_log() {
        for good in ["debug", "WARN", "off", "hob_runner=debug,warn", "hob_store", "info, hob_host=trace"] {
            assert_eq!(targets(Some(good), "info").1, None, "{good}");
        }
        let info = targets(None, "info").0;
        for wrong in ["verbose", "debug,loud", "hob=loud", "=="] {
            let (targets, complaint) = targets(Some(wrong), "info");
            assert_eq!(targets, info, "{wrong}");
            assert!(complaint.is_some_and(|text| text.contains(wrong)), "{wrong}");
        }
        assert_eq!(targets(Some(" "), "info"), (info, None));
    }

    #[test]
    fn a_log_that_is_full_begins_anew_and_keeps_the_last_one() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("daemon.log");
        let file = append_to(&path).expect("opened");
        let mut log = LogFile(Arc::new(Mutex::new(Open { path: path.clone(), file, size: LARGEST })));
        log.write_all(b"the last line\n").expect("written");
        log.write_all(b"the first line\n").expect("written");
        assert_eq!(fs::read_to_string(&path).expect("text"), "the first line\n");
        assert_eq!(fs::read_to_string(rotated(&path)).expect("text"), "the last line\n");
    }
}
