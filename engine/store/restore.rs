//! A backup takes the place of what is there.
//!
//! The new files are made ready in a folder of their own. Then a small file, [`Files::exchange`], says that they are
//! to take the place of the old ones. From that moment on the restored database is the database: whoever opens it next
//! does what a death has left undone.

use crate::{
    backup::{self, DATABASE},
    error::{Error, Result},
    open::{self, Files},
    os,
    output::{self, How},
    query::Counts,
    schema::{self, APPLICATION_ID, CURRENT},
    transaction::View,
};
use rusqlite::Connection;
use std::{
    fs::{self, File},
    io::{self, Write as _},
    path::{Path, PathBuf},
    time::Duration,
};

/// Where the new files are made ready.
const READY: &str = "restoring";
/// What is exchanged, in the order in which it goes; the database comes last, when all that belongs to it is there.
const EXCHANGED: [&str; 5] = ["hob.db", "hob.db-wal", "hob.db-shm", "output", "artifacts"];
/// The first word of the file that says so, while the old files go.
const OUT: &str = "out";
/// The same while the new ones come.
const IN: &str = "in";
/// How long a write of somebody else is waited for. As long as one of hob's.
const BUSY_WAIT: Duration = Duration::from_secs(5);

/// What a restore did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Restored {
    /// How many tasks there are now; not known of a database that an older hob has written.
    pub counts: Option<Counts>,
    /// Files of output, and folders of artifacts.
    pub outputs: u64,
    /// Where what was there before is kept.
    pub replaced: Option<PathBuf>,
}

/// Puts a backup, or a database alone, in the place of what a state folder has. What it had is kept in a folder in it
/// that is called `replaced`. `unused` says that nobody works in the folder; it is asked again when nobody can begin to.
///
/// The backup is left as it is, and is checked before anything is touched.
pub fn restore(folder: &Path, from: &Path, replaced: &str, unused: impl Fn() -> Result<()>) -> Result<Restored> {
    let files = Files::of(folder);
    let source = Source::find(from, folder)?;
    os::make_folder(folder).map_err(|error| Error::folder(folder, &error))?;
    os::check_owner(folder)?;
    if !os::is_writable(folder) {
        return Err(Error::ReadOnly { path: folder.to_owned() });
    }
    unused()?;
    let _turn = open::take_turn(&files)?;
    if files.exchange.exists() {
        exchange(&files)?;
    }
    let ready = folder.join(READY);
    let failed = |error: io::Error| Error::folder(&ready, &error);
    backup::remove(&ready).map_err(failed)?;
    let prepared = source.prepare(&ready);
    let done = prepared.and_then(|(counts, outputs)| {
        os::sync_tree(&ready).map_err(failed)?;
        // Nobody commits from here on: a change that was begun is in what is kept, and no other begins.
        let _standstill = standstill(&files)?;
        unused()?;
        let replaced = free_name(folder, replaced);
        say(&files, OUT, &replaced)?;
        exchange(&files)?;
        let replaced = Some(folder.join(replaced)).filter(|replaced| replaced.exists());
        Ok(Restored { counts, outputs, replaced })
    });
    if done.is_err() && !files.exchange.exists() {
        backup::remove(&ready).map_err(failed)?;
    }
    done
}

/// What is restored from.
struct Source {
    named: PathBuf,
    database: PathBuf,
    /// Where the output of its tasks is.
    outputs: PathBuf,
}

impl Source {
    fn find(from: &Path, state: &Path) -> Result<Self> {
        let named = std::path::absolute(from).map_err(|error| Error::folder(from, &error))?;
        let data = fs::metadata(&named).map_err(|error| Error::folder(&named, &error))?;
        let (database, outputs) = if data.is_dir() {
            (named.join(DATABASE), named.clone())
        } else {
            // The output of its tasks is where it always was.
            (named.clone(), state.to_owned())
        };
        let source = Self { named, database, outputs };
        if same(&source.outputs, state) && same(&source.database, &state.join(DATABASE)) {
            return Err(source.refused("it is the database that is in use".to_owned()));
        }
        if fs::metadata(&source.database).is_ok_and(|data| data.is_file() && data.len() > 0) {
            Ok(source)
        } else {
            Err(source.refused(format!("there is no {DATABASE} with something in it")))
        }
    }

    fn refused(&self, reason: String) -> Error {
        Error::NotABackup { path: self.named.clone(), reason }
    }

    /// Copies it and checks the copy; how many tasks and outputs it has.
    fn prepare(&self, ready: &Path) -> Result<(Option<Counts>, u64)> {
        os::make_folder(ready).map_err(|error| Error::folder(ready, &error))?;
        let path = ready.join(DATABASE);
        copy_file(&self.database, &path)?;
        let log = |path: &Path| {
            let mut name = path.as_os_str().to_owned();
            name.push("-wal");
            PathBuf::from(name)
        };
        if log(&self.database).exists() {
            copy_file(&log(&self.database), &log(&path))?;
        }
        match self.check(&path, ready) {
            Err(Error::Corrupt { detail }) => Err(self.refused(format!("it is damaged ({detail})"))),
            checked => checked,
        }
    }

    fn check(&self, path: &Path, ready: &Path) -> Result<(Option<Counts>, u64)> {
        let database = open::connect(path)?;
        database
            .execute_batch("PRAGMA synchronous = OFF; PRAGMA trusted_schema = OFF; PRAGMA cell_size_check = ON;")?;
        let application: i32 = database.query_row("PRAGMA application_id", [], |row| row.get(0))?;
        let version = schema::version(&database)?;
        if application != APPLICATION_ID {
            return Err(self.refused("it is the database of another program".to_owned()));
        }
        if version > CURRENT {
            let known = format!("a newer hob has written it (schema {version}, this hob knows {CURRENT})");
            return Err(self.refused(format!("{known}; update this hob")));
        }
        let view = View::new(&database);
        let problems = if version == CURRENT { view.check()? } else { view.check_pages()? };
        if !problems.is_empty() {
            return Err(self.refused(format!("it is damaged ({})", problems.join("; "))));
        }
        let counts = if version == CURRENT { Some(view.counts()?) } else { None };
        let outputs = output::carry(&database, &self.outputs, ready, How::Copied)?.count;
        backup::close(database)?;
        Ok((counts, outputs))
    }
}

fn same(one: &Path, other: &Path) -> bool {
    let real = |path: &Path| fs::canonicalize(path).ok();
    real(one).is_some() && real(one) == real(other)
}

fn copy_file(from: &Path, to: &Path) -> Result<()> {
    let mut source = File::open(from).map_err(|error| Error::folder(from, &error))?;
    let failed = |error: io::Error| Error::folder(to, &error);
    let mut target = os::private().create_new(true).write(true).open(to).map_err(failed)?;
    os::protect(&target).map_err(failed)?;
    io::copy(&mut source, &mut target).map_err(failed)?;
    Ok(())
}

/// Keeps everybody from writing to the database that is there. None if it is none that anybody could write to.
fn standstill(files: &Files) -> Result<Option<Connection>> {
    if open::inspect(files).is_err() {
        return Ok(None);
    }
    let database = open::connect(&files.database)?;
    // What is damaged stays as it is, with its log.
    database.set_db_config(rusqlite::config::DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, true)?;
    database.busy_timeout(BUSY_WAIT)?;
    match database.execute_batch("BEGIN IMMEDIATE").map_err(Error::from) {
        Ok(()) => Ok(Some(database)),
        Err(Error::Busy) => Err(Error::Busy),
        Err(_) => Ok(None),
    }
}

/// A name that nothing has yet.
fn free_name(folder: &Path, name: &str) -> String {
    let names = std::iter::once(name.to_owned()).chain((2..).map(|number| format!("{name}-{number}")));
    names.into_iter().find(|name| !folder.join(name).exists()).unwrap_or_else(|| name.to_owned())
}

/// Says how far the exchange is: there as a whole and on the disk when this returns.
fn say(files: &Files, step: &str, replaced: &str) -> Result<()> {
    let failed = |error: io::Error| Error::folder(&files.exchange, &error);
    let new = files.exchange.with_extension("exchange.new");
    let mut file = os::private().create(true).truncate(true).write(true).open(&new).map_err(failed)?;
    os::protect(&file).map_err(failed)?;
    file.write_all(format!("{step} {replaced}\n").as_bytes()).map_err(failed)?;
    file.sync_all().map_err(failed)?;
    fs::rename(&new, &files.exchange).map_err(failed)?;
    os::sync_folder(&files.folder).map_err(failed)
}

/// Does what is left of an exchange. For whoever has the turn; however often it dies, it can be begun again.
pub(crate) fn exchange(files: &Files) -> Result<()> {
    let failed = |error: io::Error| Error::folder(&files.exchange, &error);
    let said = fs::read_to_string(&files.exchange).map_err(failed)?;
    let (step, name) = said.trim_end().split_once(' ').unwrap_or_default();
    if !matches!(step, OUT | IN) || name.is_empty() || name.contains(['/', '\\']) || name.starts_with('.') {
        let reason = "it says nothing that hob has written; move it away".to_owned();
        return Err(Error::Folder { path: files.exchange.clone(), reason });
    }
    let (ready, replaced) = (files.folder.join(READY), files.folder.join(name));
    if step == OUT {
        os::make_folder(&replaced).map_err(failed)?;
        for name in EXCHANGED {
            go(&files.folder.join(name), &replaced.join(name))?;
        }
        os::sync_folder(&replaced).map_err(failed)?;
        os::sync_folder(&files.folder).map_err(failed)?;
        say(files, IN, name)?;
    }
    for name in EXCHANGED.iter().rev() {
        go(&ready.join(name), &files.folder.join(name))?;
    }
    open::mark(files)?;
    backup::remove(&ready).map_err(failed)?;
    // Nothing was there before.
    let _ = fs::remove_dir(&replaced);
    fs::remove_file(&files.exchange).map_err(failed)?;
    os::sync_folder(&files.folder).map_err(failed)
}

/// Moves a file or folder, unless it went already.
fn go(from: &Path, to: &Path) -> Result<()> {
    match fs::rename(from, to) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(Error::folder(from, &error)),
        _ => Ok(()),
    }
}
