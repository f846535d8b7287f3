//! Opening the database: for us alone, exactly once created, never over something else.

use crate::{
    backup, doorbell,
    error::{Error, Result},
    os, restore,
    schema::{self, APPLICATION_ID, CURRENT, MIGRATIONS},
    wal,
};
use rusqlite::{Connection, ErrorCode, OpenFlags, config::DbConfig};
use std::{
    fs::{self, File},
    io::{self, Write},
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};

/// How long a write waits for another process's transaction. 5 s: a transaction of hob takes
/// milliseconds, so whoever holds it for that long hangs, and a person is told.
const BUSY_WAIT: Duration = Duration::from_secs(5);

/// The longest pause between two tries. 2 ms: about one durable commit, so that a queue of writers
/// loses little time and a long wait costs next to no processor time.
const BUSY_PAUSE: Duration = Duration::from_millis(2);

/// Pages of write-ahead log after which the process that writes tasks moves them into the database.
/// 1,000 (4 MB): `SQLite`'s own default.
const WORKER_CHECKPOINT: u32 = 1_000;

/// The same for everybody else. Four times that: a dispatch leaves the work to the worker, and does it
/// itself only where no worker ever comes.
const CLIENT_CHECKPOINT: u32 = 4_000;

/// Prepared statements kept by a connection. 128: more than this crate has.
const STATEMENTS: usize = 128;

/// The oldest `SQLite` to trust: earlier ones can lose a checkpoint in write-ahead mode.
const OLDEST_SQLITE: i32 = 3_051_003;

/// The database's name in its folder.
pub(crate) const DATABASE: &str = "hob.db";

/// What a connection is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Role {
    /// A command that is over in a moment.
    Client,
    /// A process that runs tasks.
    Worker,
}

/// The files of the database.
#[derive(Debug)]
pub(crate) struct Files {
    pub(crate) folder: PathBuf,
    pub(crate) database: PathBuf,
    pub(crate) log: PathBuf,
    fresh: PathBuf,
    pub(crate) marker: PathBuf,
    lock: PathBuf,
    /// Says that a restored database is about to take its place.
    pub(crate) exchange: PathBuf,
}

impl Files {
    pub(crate) fn of(folder: &Path) -> Self {
        let file = |name: &str| folder.join(name);
        Self {
            folder: folder.to_owned(),
            database: file(DATABASE),
            log: file("hob.db-wal"),
            fresh: file("hob.db.new"),
            marker: file("hob.db.marker"),
            lock: file("hob.db.lock"),
            exchange: file("hob.db.exchange"),
        }
    }
}

/// An open database and what it was opened as.
pub(crate) struct Opened {
    pub(crate) files: Files,
    pub(crate) database: Connection,
    pub(crate) identity: os::FileIdentity,
    /// Nothing can be written.
    pub(crate) read_only: bool,
    /// While false, nobody is waited for.
    pub(crate) patient: Arc<AtomicBool>,
}

/// Opens the database of a state folder, creating both where there are none yet.
pub(crate) fn open(folder: &Path, role: Role) -> Result<Opened> {
    open_files(Files::of(folder), role).map_err(|error| error.at(&folder.join(DATABASE)))
}

fn open_files(files: Files, role: Role) -> Result<Opened> {
    if rusqlite::version_number() < OLDEST_SQLITE {
        return Err(Error::SqliteTooOld { found: rusqlite::version() });
    }
    if let Err(error) = os::make_folder(&files.folder) {
        return Err(Error::folder(&files.folder, &error));
    }
    os::check_owner(&files.folder)?;
    if !os::is_writable(&files.folder) || (files.database.exists() && !os::is_writable(&files.database)) {
        return open_to_read(files);
    }
    if !matches!(survey(&files), Ok(Found::Marked)) {
        let _turn = take_turn(&files)?;
        settle(&files)?;
    }
    inspect(&files)?;
    let identity = identity(&files)?;
    let mut database = connect(&files.database)?;
    let patient = Arc::new(AtomicBool::new(true));
    prepare(&mut database, role, Arc::clone(&patient))?;
    let found = schema::version(&database)?;
    check_log(&files, &database)?;
    // A worker's last connection tidies up after everybody; a command leaves that to it. Not before the log was found
    // to be whole.
    database.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, role == Role::Client)?;
    // Else SQLite looks at what is bound to see whether a partial index fits, and plans a statement anew for each task:
    // almost half of what a worker's changes cost. A command asks once, and may gain by such a look.
    database.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, role == Role::Worker)?;
    match found {
        CURRENT => {}
        found if found > CURRENT => return Err(newer(&files, found)),
        _ => {
            let _turn = take_turn(&files)?;
            let found = schema::version(&database)?;
            if found < CURRENT {
                backup::copy_to(&database, &files.folder.join(format!("hob.db.v{found}.bak")))?;
                schema::migrate(&mut database, MIGRATIONS)?;
                // An older hob that works here has to stop now.
                doorbell::ring(&files.folder);
            }
        }
    }
    Ok(Opened { files, database, identity, patient, read_only: false })
}

/// Does what is still to be done before there is a database here to be opened. For whoever has the turn.
pub(crate) fn settle(files: &Files) -> Result<()> {
    match survey(files)? {
        Found::Marked => Ok(()),
        Found::Nothing => create(files),
        Found::Unmarked => {
            inspect(files)?;
            mark(files)
        }
        Found::Exchanged => restore::exchange(files),
    }
}

/// Opens a database that nobody can write to from here.
fn open_to_read(files: Files) -> Result<Opened> {
    let path = || files.database.clone();
    match survey(&files)? {
        Found::Marked | Found::Unmarked => {}
        Found::Nothing => return Err(Error::ReadOnly { path: files.folder }),
        Found::Exchanged => {
            return Err(Error::Unreadable { path: path(), reason: "a restored database is to take its place" });
        }
    }
    inspect(&files)?;
    let identity = identity(&files)?;
    let size = |path: &Path| fs::metadata(path).map_or(0, |data| data.len());
    let has_index = files.folder.join("hob.db-shm").exists();
    let database = match (size(&files.log), has_index || os::is_writable(&files.folder)) {
        // Nobody is there to change it, and there is nothing beside it.
        (0, _) => immutable(&files)?,
        (_, true) => connect(&files.database)?,
        (_, false) => {
            return Err(Error::Unreadable {
                path: path(),
                reason: "its write-ahead log cannot be read without writing",
            });
        }
    };
    let patient = Arc::new(AtomicBool::new(true));
    let mut database = database;
    prepare(&mut database, Role::Client, Arc::clone(&patient))?;
    match schema::version(&database)? {
        CURRENT => Ok(Opened { files, database, identity, patient, read_only: true }),
        found if found > CURRENT => Err(newer(&files, found)),
        _ => Err(Error::Unreadable {
            path: path(),
            reason: "an older hob has written it, so that it has to be migrated",
        }),
    }
}

/// Whether there is a database, or was one. An error says why it cannot be used.
pub(crate) fn is_begun(folder: &Path) -> Result<bool> {
    survey(&Files::of(folder)).map(|found| found != Found::Nothing)
}

fn identity(files: &Files) -> Result<os::FileIdentity> {
    os::identity(&files.database).map_err(|error| Error::folder(&files.database, &error))
}

/// Refuses a log that is damaged before its end: what `SQLite` would read without it is not what was committed.
fn check_log(files: &Files, database: &Connection) -> Result<()> {
    let known = || database.query_row("PRAGMA wal_checkpoint(NOOP)", [], |row| row.get::<_, i64>(1));
    let mut before = known()?;
    loop {
        let damage = wal::damage(&files.log, u64::try_from(before).unwrap_or_default());
        let Some(detail) = damage.map_err(|error| Error::folder(&files.log, &error))? else { return Ok(()) };
        // Somebody who commits meanwhile makes it longer.
        let after = known()?;
        if after == before {
            return Err(Error::Corrupt { detail: detail.to_owned() });
        }
        before = after;
    }
}

fn newer(files: &Files, found: u32) -> Error {
    Error::Newer { path: files.database.clone(), found, known: CURRENT }
}

#[derive(Debug, PartialEq, Eq)]
enum Found {
    /// A database that was finished here.
    Marked,
    /// A database without its marker: its creator died in between, or somebody put it here.
    Unmarked,
    /// Nothing, and nothing was here before.
    Nothing,
    /// A restored database, whose exchange for the one before was begun and not ended.
    Exchanged,
}

/// What is there. Looks at names and sizes only.
fn survey(files: &Files) -> Result<Found> {
    let size = |path: &Path| match fs::metadata(path) {
        Ok(data) => Ok(Some(data.len())),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(Error::folder(path, &error)),
    };
    let path = || files.database.clone();
    let marker = || files.marker.clone();
    let (database, marker_size) = (size(&files.database)?, size(&files.marker)?);
    // In this order: while the database is not in its place, this file is.
    if size(&files.exchange)?.is_some() {
        return Ok(Found::Exchanged);
    }
    match (database, marker_size.is_some()) {
        (Some(1..), true) => Ok(Found::Marked),
        (Some(1..), false) => Ok(Found::Unmarked),
        (Some(0), true) => Err(Error::Emptied { path: path(), marker: marker() }),
        (None, true) => Err(Error::Missing { path: path(), marker: marker() }),
        (Some(0) | None, false) => match size(&files.log)? {
            Some(1..) => Err(Error::LogWithoutDatabase { path: path(), log: files.log.clone() }),
            Some(0) | None => Ok(Found::Nothing),
        },
    }
}

/// Creation and migration are for one process at a time; the lock ends with the file handle.
pub(crate) fn take_turn(files: &Files) -> Result<File> {
    let failed = |error: io::Error| Error::folder(&files.lock, &error);
    let file = os::private().create(true).truncate(false).write(true).open(&files.lock).map_err(failed)?;
    file.lock().map_err(failed)?;
    Ok(file)
}

/// Makes the database beside its place and moves it there when it is whole and on the disk.
fn create(files: &Files) -> Result<()> {
    let failed = |error: io::Error| Error::folder(&files.fresh, &error);
    match fs::remove_file(&files.fresh) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(failed(error)),
        _ => {}
    }
    let file = os::private().create_new(true).write(true).open(&files.fresh).map_err(failed)?;
    os::protect(&file).map_err(failed)?;
    drop(file);
    let mut database = connect(&files.fresh)?;
    // Nobody else knows this file, and it is synced as a whole before it gets its name.
    database.execute_batch("PRAGMA synchronous = OFF; PRAGMA journal_mode = MEMORY;")?;
    schema::migrate(&mut database, MIGRATIONS)?;
    database.execute_batch("PRAGMA journal_mode = WAL;")?;
    database.close().map_err(|(_, error)| error)?;
    File::open(&files.fresh).and_then(|file| file.sync_all()).map_err(failed)?;
    fs::rename(&files.fresh, &files.database).map_err(failed)?;
    // Before the marker, which without a database would say that one is gone.
    os::sync_ancestors(&files.folder).map_err(|error| Error::folder(&files.folder, &error))?;
    mark(files)
}

/// Leaves a file that says that there is a database here, so that its loss is noticed.
pub(crate) fn mark(files: &Files) -> Result<()> {
    let failed = |error: io::Error| Error::folder(&files.marker, &error);
    let mut file = os::private().create(true).truncate(true).write(true).open(&files.marker).map_err(failed)?;
    os::protect(&file).map_err(failed)?;
    file.write_all(b"There is a database beside this file. While this file is here, hob never begins a new one.\n")
        .map_err(failed)?;
    // The folder holds both names from here on, also after a power cut.
    os::sync_folder(&files.folder).map_err(|error| Error::folder(&files.folder, &error))
}

/// Reads the header without locking, without the log and without writing anything, so that a file
/// that is not ours stays as it is, byte for byte.
///
/// Through `SQLite` and not through a file handle: closing a plain handle would drop the locks
/// that other connections of this process hold on the file.
pub(crate) fn inspect(files: &Files) -> Result<()> {
    let path = || files.database.clone();
    let seen = immutable(files).and_then(|database| {
        let header = |key: &str| database.query_row(&format!("PRAGMA {key}"), [], |row| row.get::<_, i32>(0));
        Ok((header("application_id")?, header("user_version")?))
    });
    match seen {
        Ok((APPLICATION_ID, found)) => match u32::try_from(found) {
            Ok(found) if found <= CURRENT => Ok(()),
            Ok(found) => Err(newer(files, found)),
            Err(_) => Err(Error::Foreign { path: path() }),
        },
        Ok(_) => Err(Error::Foreign { path: path() }),
        Err(error) if error.sqlite_error_code() == Some(ErrorCode::NotADatabase) => {
            Err(Error::NotADatabase { path: path() })
        }
        Err(error) if error.sqlite_error_code() == Some(ErrorCode::CannotOpen) => {
            let reason = File::open(&files.folder).and_then(|_| os::check_readable(&files.database)).err();
            Err(reason.map_or_else(|| error.into(), |reason| Error::folder(path(), &reason)))
        }
        // Read without a lock, so a checkpoint may be halfway through: the first page then counts pages that are not written
        // yet. Whether it is damaged is for the connection to say, which sees one state of it.
        Err(error) if error.sqlite_error_code() == Some(ErrorCode::DatabaseCorrupt) => Ok(()),
        Err(error) => Err(error.into()),
    }
}

/// The database file alone, as it is, for reading.
fn immutable(files: &Files) -> rusqlite::Result<Connection> {
    let mut address = String::from("file:");
    for byte in os::path_to(&files.database) {
        use std::fmt::Write as _;
        if byte.is_ascii_alphanumeric() || b"/._-".contains(&byte) {
            address.push(char::from(byte));
        } else {
            let _ = write!(address, "%{byte:02x}");
        }
    }
    address.push_str("?immutable=1");
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_URI | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    Connection::open_with_flags(&address, flags)
}

pub(crate) fn connect(path: &Path) -> Result<Connection> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    Ok(Connection::open_with_flags(path, flags)?)
}

fn prepare(database: &mut Connection, role: Role, patient: Arc<AtomicBool>) -> Result<()> {
    // SQLite's own timeout pauses for up to 100 ms between tries; commits here take one.
    let mut since = Instant::now();
    database.busy_handler(Some(move |tries: i32| {
        if tries == 0 {
            since = Instant::now();
        }
        if !patient.load(Ordering::Relaxed) || since.elapsed() > BUSY_WAIT {
            return false;
        }
        let pause = Duration::from_micros(100) * u32::try_from(tries + 1).unwrap_or(1);
        std::thread::sleep(pause.min(BUSY_PAUSE));
        true
    }))?;
    database.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, true)?;
    database.set_db_config(DbConfig::SQLITE_DBCONFIG_DEFENSIVE, true)?;
    database.set_prepared_statement_cache_capacity(STATEMENTS);
    let checkpoint = match role {
        Role::Client => CLIENT_CHECKPOINT,
        Role::Worker => WORKER_CHECKPOINT,
    };
    // FULL, or a power cut takes acknowledged tasks; secure_delete, because environments are private.
    database.execute_batch(&format!(
        "PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON; PRAGMA secure_delete = ON; PRAGMA temp_store = MEMORY;
         PRAGMA trusted_schema = OFF; PRAGMA cell_size_check = ON; PRAGMA cache_size = -8000;
         PRAGMA journal_size_limit = 16777216; PRAGMA wal_autocheckpoint = {checkpoint};"
    ))?;
    Ok(())
}
