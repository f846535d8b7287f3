use super::{at_rest, diagnosis, files, fill, listed, raw, salvage_and_restore};
use crate::sandbox::Sandbox;
use hob_fault_case::Case;
use std::{
    collections::BTreeSet,
    fs,
    io::{Seek as _, SeekFrom, Write as _},
    path::Path,
};

const PAGE: usize = 4_096;

/// Pages of the database by what is in them.
fn pages(sandbox: &Sandbox) -> Vec<(String, u32)> {
    let database = raw(sandbox);
    let mut found = vec![("the header".to_owned(), 1)];
    let mut rows = database
        .prepare(
            "SELECT iif(t.type = 'table', 'table ', 'index ') || s.name || ' ' || s.pagetype, s.pageno
            FROM dbstat s JOIN sqlite_schema t ON t.name = s.name WHERE s.pageno > 1",
        )
        .expect("dbstat");
    let rows = rows.query_map([], |row| Ok((row.get(0)?, row.get(1)?))).expect("rows");
    found.extend(rows.map(|row| row.expect("a page")));
    let content = fs::read(sandbox.state().join("hob.db")).expect("read");
    let free = u32::from_be_bytes(content[32..36].try_into().expect("four"));
    if free > 0 {
        found.push(("the list of free pages".to_owned(), free));
    }
    found
}

fn overwrite(path: &Path, at: u64, bytes: &[u8]) {
    let mut file = fs::OpenOptions::new().write(true).open(path).expect("opened");
    file.seek(SeekFrom::Start(at)).expect("sought");
    file.write_all(bytes).expect("overwritten");
}

/// What has to hold of a command that met a damaged page: it says so, or it did not need the page and is right.
#[track_caller]
fn says_so_or_is_right(sandbox: &Sandbox, args: &[&str], is_right: impl Fn(&str) -> bool, what: &str) -> bool {
    let ran = sandbox.run(args);
    if ran.code == 0 {
        assert!(is_right(&ran.stdout), "{what}: {args:?} is wrong and says nothing: {ran:?}");
        return false;
    }
    assert_eq!((ran.code, ran.stdout.as_str()), (70, ""), "{what}: {args:?}: {ran:?}");
    for word in ["--salvage", "hob restore"] {
        assert!(ran.stderr.contains(word), "{what}: {args:?}: {}", ran.stderr);
    }
    true
}

#[test]
fn f08_a_damaged_page_is_found_and_costs_what_was_in_it() {
    let mut case = Case::begin(8);
    let pristine = at_rest();
    fill(&pristine, 300, 300);
    // Some that are gone leave free pages behind.
    raw(&pristine)
        .execute_batch("DELETE FROM tasks WHERE state = 'completed' AND seq % 2 = 0; PRAGMA wal_checkpoint(TRUNCATE);")
        .expect("deleted");
    let database = pristine.state().join("hob.db");
    for side in ["hob.db-wal", "hob.db-shm"] {
        let _ = fs::remove_file(pristine.state().join(side));
    }
    let all = listed(&pristine);
    fs::create_dir_all(pristine.state().join("output")).expect("made");
    fs::write(pristine.state().join("output/3-1.out"), "what it printed").expect("written");
    let content = fs::read(&database).expect("read");
    let kinds = pages(&pristine);
    assert!(kinds.iter().any(|(name, _)| name == "the list of free pages"), "{kinds:?}");
    // One of each kind that has to be met, then any.
    let required = [
        "the header",
        "the list of free pages",
        "table tasks leaf",
        "table tasks internal",
        "index pending_tasks leaf",
    ];
    let count = case.scale(required.len() + 1, 120);
    let (mut lost, mut most) = (0, 0);
    for number in 0..count {
        let choices: Vec<_> = match required.get(number) {
            Some(kind) => kinds.iter().filter(|(name, _)| name == kind).collect(),
            None => kinds.iter().collect(),
        };
        let (name, page) = choices[case.chance().usize(..choices.len())];
        let bytes: Vec<u8> = if case.chance().bool() {
            vec![0xa5; PAGE]
        } else {
            std::iter::repeat_with(|| case.chance().u8(..)).take(PAGE).collect()
        };
        let what = format!("{name} (page {page})");
        let _ = fs::remove_dir_all(pristine.state().join("output"));
        fs::create_dir_all(pristine.state().join("output")).expect("made");
        fs::write(pristine.state().join("output/3-1.out"), "what it printed").expect("written");
        for side in ["hob.db-wal", "hob.db-shm"] {
            let _ = fs::remove_file(pristine.state().join(side));
        }
        fs::write(&database, &content).expect("as it was");
        overwrite(&database, u64::from(page - 1) * PAGE as u64, &bytes);
        let before = files(&pristine);
        let (status, said) = diagnosis(&pristine);
        assert_eq!(status, "problem", "{what}: {said}");
        assert!(said.contains("hob doctor --salvage") && said.contains("hob restore"), "{what}: {said}");
        let has_all = |printed: &str| all.iter().all(|id| printed.contains(id));
        says_so_or_is_right(&pristine, &["list", "--all", "--json"], has_all, &what);
        says_so_or_is_right(&pristine, &["status", "--json"], |printed| printed.contains("\"pending\":301"), &what);
        assert_eq!(files(&pristine), before, "{what}: the files are as they were");

        let replaced = salvage_and_restore(&pristine);
        assert_eq!(fs::read(replaced.join("hob.db")).expect("kept"), before[&database].0, "{what}");
        let missing = all.difference(&listed(&pristine)).count();
        most = most.max(missing);
        let allowed = if name.starts_with("table tasks leaf") { 80 } else { 0 };
        lost += u64::from(missing > allowed);
        assert!(missing <= allowed, "{what}: {missing} tasks are gone");
        let (status, said) = diagnosis(&pristine);
        assert_eq!(status, "ok", "{what}: {said}");
        if missing == 0 {
            let output = pristine.ok(["output", "t-0000002", "--log"]);
            assert_eq!(output, "what it printed", "{what}");
        }
        for folder in fs::read_dir(pristine.state()).expect("listed").flatten() {
            let name = folder.file_name().to_string_lossy().into_owned();
            if name.starts_with("replaced-") || name.starts_with("salvaged-") {
                fs::remove_dir_all(folder.path()).expect("removed");
            }
        }
    }
    case.end("pages overwritten", count as u64, lost, 0, &format!("a page of tasks costs {most} at most"));
}

#[test]
fn f08_damage_in_the_log_is_no_silent_loss() {
    let sandbox = at_rest();
    let ids: BTreeSet<String> = (0..12).map(|n| format!("task-{n}")).collect();
    for id in &ids {
        sandbox.ok(["dispatch", "shell", "true", "--id", id]);
    }
    let log = sandbox.state().join("hob.db-wal");
    let frames = (fs::metadata(&log).expect("a log").len() - 32) / (PAGE as u64 + 24);
    assert!(frames > 24, "each of them is some frames of the log");
    let whole = fs::read(&log).expect("read");
    let frame = |number: u64| 32 + number * (PAGE as u64 + 24);
    for (what, at, length) in [
        ("a page in the middle", frame(frames / 2) + 24, PAGE),
        ("a frame in the middle", frame(frames / 2), PAGE + 24),
        ("its beginning", 0, 32),
    ] {
        fs::write(&log, &whole).expect("as it was");
        let _ = fs::remove_file(sandbox.state().join("hob.db-shm"));
        overwrite(&log, at, &vec![0xa5; length]);
        let before = files(&sandbox);
        for args in [["list", "--all"].as_slice(), &["status"], &["dispatch", "shell", "true"], &["wait", "task-11"]] {
            sandbox.run(args).refused(70, &["damaged", "log", "--salvage"]);
        }
        let (status, said) = diagnosis(&sandbox);
        assert_eq!(status, "problem", "{what}: {said}");
        assert_eq!(files(&sandbox), before, "{what}: the files are as they were");
    }
    // The log without its first header is nothing any more; with a damaged frame it is all but that.
    fs::write(&log, &whole).expect("as it was");
    overwrite(&log, frame(frames / 2) + 24, &[0xa5; PAGE]);
    salvage_and_restore(&sandbox);
    assert_eq!(listed(&sandbox), ids);
    sandbox.ok(["dispatch", "shell", "true", "--id", "afterwards"]);
}

#[test]
fn f08_a_log_that_a_power_cut_tore_is_no_damage() {
    let sandbox = at_rest();
    for n in 0..6 {
        sandbox.ok(["dispatch", "shell", "true", "--id", &format!("task-{n}")]);
    }
    let log = sandbox.state().join("hob.db-wal");
    let whole = fs::read(&log).expect("read");
    let frame = PAGE + 24;
    // The last commit with any of its frames torn.
    let last = (0..(whole.len() - 32) / frame - 1)
        .rev()
        .find(|number| whole[32 + number * frame + 4..][..4] != [0; 4])
        .expect("a commit before the last");
    for number in last + 1..(whole.len() - 32) / frame {
        let mut torn = whole.clone();
        torn[32 + number * frame + 24 + 512..32 + (number + 1) * frame].fill(0);
        fs::write(&log, &torn).expect("torn");
        let _ = fs::remove_file(sandbox.state().join("hob.db-shm"));
        assert_eq!(listed(&sandbox).len(), 5, "frame {number}");
    }
    sandbox.ok(["dispatch", "shell", "true", "--id", "task-5"]);
    assert_eq!(listed(&sandbox).len(), 6);
}

#[test]
fn f09_a_database_that_is_gone_empty_or_foreign_is_never_an_empty_list() {
    let sandbox = at_rest();
    sandbox.ok(["dispatch", "shell", "true", "--id", "kept", "--wait"]);
    let backup = sandbox.work().join("backup");
    sandbox.ok(["backup".as_ref(), backup.as_os_str()]);
    sandbox.ok(["dispatch", "shell", "true", "--id", "later"]);
    let database = sandbox.state().join("hob.db");
    let whole = files(&sandbox);
    let foreign = {
        let path = sandbox.work().join("other.db");
        rusqlite::Connection::open(&path).expect("opens").execute_batch("CREATE TABLE other (x)").expect("made");
        fs::read(path).expect("read")
    };
    let noise: Vec<u8> = (0..40_000_u32).map(|n| n.wrapping_mul(2_654_435_761).to_le_bytes()[1]).collect();
    for (what, content, has_log) in [
        ("empty", Some(Vec::new()), false),
        ("gone", None, false),
        ("gone, and its log is not", None, true),
        ("foreign", Some(foreign), false),
        ("random", Some(noise), false),
    ] {
        let log = sandbox.state().join("hob.db-wal");
        for side in ["hob.db-wal", "hob.db-shm", "hob.db"] {
            let _ = fs::remove_file(sandbox.state().join(side));
        }
        if has_log {
            fs::write(&log, &whole[&log].0).expect("written");
        }
        if let Some(content) = &content {
            fs::write(&database, content).expect("written");
        }
        let before = files(&sandbox);
        for args in [["list", "--all"].as_slice(), &["status"], &["dispatch", "shell", "true"]] {
            sandbox.run(args).refused(70, &["hob.db"]);
        }
        let (status, said) = diagnosis(&sandbox);
        assert_eq!(status, "problem", "{what}: {said}");
        assert_eq!(files(&sandbox), before, "{what}: nothing was changed or made anew");
        if has_log {
            // The log alone has all of them.
            salvage_and_restore(&sandbox);
            assert!(listed(&sandbox).contains("later"), "{what}");
        }
        let backup = backup.as_os_str();
        sandbox.ok(["restore".as_ref(), backup]);
        assert_eq!(listed(&sandbox), BTreeSet::from(["kept".to_owned()]), "{what}");
    }
}
