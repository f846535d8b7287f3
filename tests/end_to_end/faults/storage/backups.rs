use super::{at_rest, files, listed};
use crate::{
    faults::oracle,
    sandbox::{Sandbox, eventually},
};
use hob_fault_case::Case;
use nix::sys::signal::Signal;
use rusqlite::{Connection, OpenFlags};
use std::{
    collections::BTreeSet,
    fs,
    os::unix::{fs::MetadataExt as _, process::ExitStatusExt as _},
    path::Path,
    sync::{
        Mutex,
        atomic::{AtomicBool, Ordering},
    },
    thread,
    time::Duration,
};

fn ids(backup: &Path) -> BTreeSet<String> {
    let database = Connection::open_with_flags(backup.join("hob.db"), OpenFlags::SQLITE_OPEN_READ_ONLY).expect("opens");
    let check: String = database.query_row("PRAGMA integrity_check", [], |row| row.get(0)).expect("a check");
    assert_eq!(check, "ok");
    let mut query = database.prepare("SELECT id FROM tasks").expect("a query");
    let ids = query.query_map([], |row| row.get(0)).expect("rows");
    ids.collect::<Result<_, _>>().expect("ids")
}

/// Lets the dispatchers go, also when the test fails.
struct Over<'a>(&'a AtomicBool);

impl Drop for Over<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

#[test]
fn f11_a_backup_under_load_has_everything_up_to_its_start() {
    let mut case = Case::begin(11);
    let count = case.scale(4, 60);
    // At full length there are more than are kept by default.
    let sandbox = Sandbox::with_config("[retention]\nage = \"none\"\ncount = \"none\"\n");
    sandbox.ok(["dispatch", "shell", "true", "--id", "first", "--wait"]);
    let acknowledged = Mutex::new(BTreeSet::from(["first".to_owned()]));
    let is_over = AtomicBool::new(false);
    let (mut lost, mut cut, mut kills) = (0, 0, 0);
    thread::scope(|scope| {
        let _over = Over(&is_over);
        for dispatcher in 0..2 {
            let (sandbox, acknowledged, is_over) = (&sandbox, &acknowledged, &is_over);
            scope.spawn(move || {
                for n in 0.. {
                    if is_over.load(Ordering::Relaxed) {
                        return;
                    }
                    let id = format!("d{dispatcher}-{n}");
                    if sandbox.run(["dispatch", "shell", "echo printed", "--id", &id]).code == 0 {
                        acknowledged.lock().expect("not poisoned").insert(id);
                    }
                }
            });
        }
        for n in 0..count {
            let target = sandbox.work().join(format!("backup-{n}"));
            thread::sleep(Duration::from_millis(case.chance().u64(20..200)));
            if case.chance().u8(..3) == 0 {
                // One that is only just starting has not said who it is.
                let status = sandbox.json(["status", "--json"]);
                if let Some(pid) = status["daemon"]["info"]["pid"].as_i64() {
                    let _ = nix::sys::signal::kill(
                        nix::unistd::Pid::from_raw(i32::try_from(pid).expect("a pid")),
                        Signal::SIGKILL,
                    );
                    kills += 1;
                }
            }
            let before = acknowledged.lock().expect("not poisoned").clone();
            let mut backup = sandbox.hob(["backup".as_ref(), target.as_os_str()]).spawn().expect("hob starts");
            // One in four dies in the middle; the next of the same name begins afresh.
            if case.chance().u8(..4) == 0 {
                thread::sleep(Duration::from_millis(case.chance().u64(0..40)));
                let _ = backup.kill();
                kills += 1;
            }
            let status = backup.wait().expect("ends");
            if status.signal().is_some() && !target.exists() {
                cut += 1;
                sandbox.ok(["backup".as_ref(), target.as_os_str()]);
            }
            lost += before.difference(&ids(&target)).count();
        }
    });
    let acknowledged = acknowledged.into_inner().expect("not poisoned");
    // The last one, restored, is all that it was.
    sandbox.ok(["daemon", "stop"]);
    let newest = sandbox.work().join(format!("backup-{}", count - 1));
    let other = at_rest();
    other.ok(["restore".as_ref(), newest.as_os_str()]);
    assert_eq!(listed(&other), ids(&newest));
    assert_eq!(other.ok(["output", "first", "--log"]), sandbox.ok(["output", "first", "--log"]));
    let note = format!("{} tasks handed in meanwhile; {cut} cut off and made again", acknowledged.len());
    oracle::sound(&sandbox, &acknowledged);
    case.end("backups and kills", count + kills, lost as u64, 0, &note);
}

#[test]
fn a_backup_is_private_whole_and_replaces_nothing_by_itself() {
    let sandbox = at_rest();
    sandbox.run(["backup"]).refused(4, &["nothing to back up"]);
    sandbox.ok(["dispatch", "shell", "echo printed", "--id", "kept", "--wait"]);
    let backup = sandbox.work().join("backup");
    let made = sandbox.json(["backup".as_ref(), backup.as_os_str(), "--json".as_ref()]);
    assert_eq!((&made["counts"]["completed"], &made["outputs"]), (&1.into(), &1.into()), "{made}");
    let permissions = |path: &Path| fs::metadata(path).expect("there").mode() & 0o777;
    assert_eq!((permissions(&backup), permissions(&backup.join("hob.db"))), (0o700, 0o600));
    assert_eq!(permissions(&backup.join("output/1-1.out")), 0o600);
    assert_eq!(fs::read_to_string(backup.join("output/1-1.out")).expect("read"), "printed\n");
    sandbox.run(["backup".as_ref(), backup.as_os_str()]).refused(2, &["backup", "--force"]);
    sandbox.ok(["dispatch", "shell", "true", "--id", "later"]);
    sandbox.ok(["backup".as_ref(), backup.as_os_str(), "--force".as_ref()]);
    assert_eq!(ids(&backup).len(), 2);
    // What is no backup is not replaced.
    let folder = sandbox.file("mine/text", "a text");
    let mine = folder.parent().expect("a folder").as_os_str();
    sandbox.run(["backup".as_ref(), mine, "--force".as_ref()]).refused(2, &["no backup"]);
    assert_eq!(fs::read_to_string(&folder).expect("read"), "a text");
    let left: Vec<_> = fs::read_dir(sandbox.work()).expect("listed").flatten().map(|entry| entry.file_name()).collect();
    assert_eq!(left.len(), 2, "{left:?}");
}

#[test]
fn a_restore_keeps_what_it_replaces_and_is_refused_while_somebody_works() {
    let sandbox = at_rest();
    sandbox.ok(["dispatch", "shell", "echo one", "--id", "one", "--wait"]);
    let backup = sandbox.work().join("backup");
    sandbox.ok(["backup".as_ref(), backup.as_os_str()]);
    sandbox.ok(["dispatch", "shell", "echo two", "--id", "two", "--wait"]);
    sandbox.ok(["daemon", "start"]);
    let restore = ["restore".as_ref(), backup.as_os_str()];
    sandbox.run(restore).refused(75, &["daemon", "hob daemon stop"]);
    sandbox.ok(["daemon", "stop"]);
    sandbox.pipe("gate");
    sandbox.ok(["dispatch", "shell", "echo x > started; read line < gate", "--id", "held"]);
    let mut worker = sandbox.hob(["work", "--once"]).spawn().expect("hob starts");
    eventually("it started", || !sandbox.read("started").is_empty());
    sandbox.run(restore).refused(75, &["lazy-"]);
    sandbox.run(["doctor", "--salvage"]).refused(75, &["lazy-"]);
    fs::write(sandbox.work().join("gate"), "go\n").expect("opened");
    assert!(worker.wait().expect("ends").success());
    let restored = sandbox.json(["restore".as_ref(), backup.as_os_str(), "--json".as_ref()]);
    assert_eq!(listed(&sandbox), BTreeSet::from(["one".to_owned()]));
    assert_eq!(sandbox.ok(["output", "one", "--log"]), "one\n");
    assert!(!sandbox.state().join("output/2-1.out").exists(), "the output of another task is not in the way");
    let before = files(&sandbox);
    // A backup that is damaged is refused before anything is touched.
    let bad = sandbox.work().join("bad");
    fs::create_dir(&bad).expect("made");
    let mut content = fs::read(backup.join("hob.db")).expect("read");
    content[8 * 4_096..12 * 4_096].fill(0xa5);
    fs::write(bad.join("hob.db"), content).expect("written");
    sandbox.run(["restore".as_ref(), bad.as_os_str()]).refused(2, &["damaged", "nothing was changed"]);
    let text =
        sandbox.file("text", "no database, but a text that is long enough to be read as the header of one. ".repeat(9));
    sandbox.run(["restore".as_ref(), text.as_os_str()]).refused(2, &["text", "nothing was changed"]);
    sandbox.run(["restore", "nowhere"]).refused(70, &["nowhere"]);
    assert_eq!(files(&sandbox), before);
    // What was replaced is a backup itself.
    let replaced = restored["replaced"].as_str().expect("a folder");
    sandbox.ok(["restore", replaced]);
    assert_eq!(listed(&sandbox).len(), 3);
    assert_eq!(sandbox.ok(["output", "two", "--log"]), "two\n");
}
