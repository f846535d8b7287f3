//! Opening: once, for us alone, never over something else.

use crate::house::{House, NOW, id, task};
use hob_store::{Error, Store};
use std::{
    fs,
    path::Path,
    sync::{Arc, Barrier},
    thread,
};

/// A state folder with one task in its database, closed; everything is in the database file itself.
fn with_a_task() -> House {
    let house = House::new();
    let mut store = house.open();
    store.submit(&[task("it")], NOW).expect("accepted");
    assert_eq!(store.tidy(), Ok(true));
    house
}

fn bytes(house: &House) -> Vec<u8> {
    fs::read(house.file("hob.db")).expect("reads")
}

#[track_caller]
fn refused(house: &House) -> Error {
    Store::open(&house.state()).err().expect("is refused")
}

#[test]
fn what_was_accepted_is_there_after_opening_again() {
    let house = with_a_task();
    assert!(house.open().get(&id("it")).expect("reads").is_some());
}

#[test]
fn f18_fifty_first_openings_at_once() {
    let house = House::new();
    let ready = Arc::new(Barrier::new(50));
    let threads: Vec<_> = (0..50)
        .map(|n| {
            let (state, ready) = (house.state(), Arc::clone(&ready));
            thread::spawn(move || {
                ready.wait();
                let mut store = Store::open(&state).expect("opens");
                store.submit(&[task(&format!("t{n}"))], NOW).expect("accepted");
            })
        })
        .collect();
    for thread in threads {
        thread.join().expect("no panic");
    }
    let store = house.open();
    assert_eq!(store.counts().expect("counts").pending, 50);
    assert_eq!(store.check(), Ok(Vec::new()));
    assert!(!house.file("hob.db.new").exists());
}

#[test]
fn f09_an_emptied_database_is_refused() {
    let house = with_a_task();
    fs::write(house.file("hob.db"), b"").expect("writes");
    assert!(matches!(refused(&house), Error::Emptied { .. }));
    assert_eq!(bytes(&house), b"");
}

#[test]
fn f09_a_missing_database_is_refused_with_and_without_its_log() {
    let house = with_a_task();
    fs::remove_file(house.file("hob.db")).expect("removes");
    assert!(matches!(refused(&house), Error::Missing { .. }));
    fs::write(house.file("hob.db-wal"), [7; 100]).expect("writes");
    assert!(matches!(refused(&house), Error::Missing { .. }));
    fs::remove_file(house.file("hob.db.marker")).expect("removes");
    let error = refused(&house);
    assert!(matches!(error, Error::LogWithoutDatabase { .. }), "{error}");
    assert!(!house.file("hob.db").exists());
    assert_eq!(fs::read(house.file("hob.db-wal")).expect("reads"), [7; 100]);
    fs::remove_file(house.file("hob.db-wal")).expect("removes");
    assert_eq!(house.open().counts().expect("counts").pending, 0);
}

#[test]
fn f09_something_else_in_its_place_is_refused_and_left_alone() {
    for marked in [true, false] {
        let house = with_a_task();
        if !marked {
            fs::remove_file(house.file("hob.db.marker")).expect("removes");
        }
        let noise: Vec<u8> = (0..40_000_u32).map(|n| n.wrapping_mul(2_654_435_761).to_le_bytes()[1]).collect();
        fs::write(house.file("hob.db"), &noise).expect("writes");
        assert!(matches!(refused(&house), Error::NotADatabase { .. }));
        assert_eq!(bytes(&house), noise);
        assert!(!house.file("hob.db.marker").exists() || marked);
    }
}

/// Changes the header of the database: big-endian at 60 its schema's version, at 68 its application.
fn patch(house: &House, offset: usize, value: u32) -> Vec<u8> {
    let mut content = bytes(house);
    content[offset..offset + 4].copy_from_slice(&value.to_be_bytes());
    fs::write(house.file("hob.db"), &content).expect("writes");
    content
}

#[test]
fn f09_the_database_of_another_program_is_refused_and_left_alone() {
    let house = with_a_task();
    for application in [0, 0x1234_5678] {
        let content = patch(&house, 68, application);
        assert!(matches!(refused(&house), Error::Foreign { .. }));
        assert_eq!(bytes(&house), content);
    }
}

#[test]
fn f10_a_newer_schema_is_refused_and_left_alone() {
    let house = with_a_task();
    let content = patch(&house, 60, 99);
    let error = refused(&house);
    assert!(matches!(error, Error::Newer { found: 99, known: 4, .. }), "{error}");
    assert!(error.to_string().contains("update this hob"), "{error}");
    assert_eq!(bytes(&house), content);
}

#[test]
fn f10_an_older_schema_is_migrated_after_a_copy_was_kept() {
    let house = with_a_task();
    // What there was before the first schema: a database of ours with nothing in it.
    fs::remove_file(house.file("hob.db")).expect("removes");
    let before = rusqlite::Connection::open(house.file("hob.db")).expect("opens");
    before
        .execute_batch(
            "PRAGMA application_id = 0x686f6244; CREATE TABLE old (word TEXT); INSERT INTO old VALUES ('kept')",
        )
        .expect("makes it");
    drop(before);
    let mut store = house.open();
    store.submit(&[task("new")], NOW).expect("accepted");
    let word = |name: &str| {
        let database = rusqlite::Connection::open(house.file(name)).expect("opens");
        database.query_row("SELECT word FROM old", [], |row| row.get::<_, String>(0)).expect("reads")
    };
    assert_eq!((word("hob.db").as_str(), word("hob.db.v0.bak").as_str()), ("kept", "kept"));
    assert!(!house.file("hob.db.v0.part").exists());
}

#[test]
fn f64_an_open_store_notices_that_a_newer_hob_migrated() {
    let house = House::new();
    let mut old = house.open();
    old.submit(&[task("it")], NOW).expect("accepted");
    let newer = rusqlite::Connection::open(house.file("hob.db")).expect("opens");
    newer.execute_batch("PRAGMA user_version = 5").expect("migrates");
    assert!(matches!(old.submit(&[task("late")], NOW), Err(Error::Newer { found: 5, .. })));
    assert!(matches!(old.counts(), Err(Error::Newer { found: 5, .. })));
    newer.execute_batch("PRAGMA user_version = 4").expect("goes back");
    assert_eq!(old.counts().expect("counts").pending, 1);
}

#[test]
fn f08_a_damaged_page_is_an_error_and_nothing_is_written() {
    let house = with_a_task();
    let mut content = bytes(&house);
    // Everything but the first page, which has the schema's root.
    content[4_096..].fill(0xa5);
    fs::write(house.file("hob.db"), &content).expect("writes");
    let outcome = Store::open(&house.state()).and_then(|store| store.list(&hob_store::Filter::default()));
    assert!(matches!(outcome, Err(Error::Corrupt { .. })), "{outcome:?}");
    let outcome = Store::open(&house.state()).and_then(|mut store| store.submit(&[task("new")], NOW));
    assert!(matches!(outcome, Err(Error::Corrupt { .. })), "{outcome:?}");
    assert_eq!(bytes(&house), content);
}

#[test]
fn a_creator_that_died_is_followed_by_another() {
    let house = with_a_task();
    // It died before it left its marker, or while it made the database.
    fs::remove_file(house.file("hob.db.marker")).expect("removes");
    fs::write(house.file("hob.db.new"), b"half").expect("writes");
    assert!(house.open().get(&id("it")).expect("reads").is_some());
    assert!(house.file("hob.db.marker").exists());
    let fresh = House::new();
    fs::create_dir_all(fresh.state()).expect("makes");
    fs::write(fresh.file("hob.db.new"), b"half").expect("writes");
    assert_eq!(fresh.open().counts().expect("counts").pending, 0);
}

#[test]
fn f17_a_folder_that_was_taken_away_is_noticed() {
    let house = House::new();
    let mut store = house.open();
    assert!(store.is_in_place());
    fs::rename(house.state(), house.state().with_extension("moved")).expect("moves");
    assert!(!store.is_in_place());
    assert!(matches!(store.submit(&[task("it")], NOW), Err(Error::Vanished { .. })));
    assert!(!house.state().exists(), "nothing is made in its place");
    // Another one in its place is not the one that was opened.
    house.open();
    assert!(!store.is_in_place());
    assert!(matches!(store.submit(&[task("it")], NOW), Err(Error::Vanished { .. })));
}

#[test]
fn a_file_in_place_of_the_folder_is_refused() {
    let house = House::new();
    fs::write(house.state(), b"x").expect("writes");
    let error = refused(&house);
    assert!(matches!(&error, Error::Folder { path, .. } if path == &house.state()), "{error}");
}

#[test]
fn a_strange_name_of_the_folder_is_no_matter() {
    let house = House::new();
    let state = house.state().join("a b?c=d&e#f%20'\"ü");
    Store::open(&state).expect("opens").submit(&[task("it")], NOW).expect("accepted");
    assert!(Store::open(&state).expect("opens").get(&id("it")).expect("reads").is_some());
}

#[cfg(unix)]
mod unix {
    use super::*;
    use hob_core::{AttemptNumber, Bytes};
    use hob_store::{Waiter, output::Outputs};
    use nix::sys::stat::{Mode, umask};
    use std::os::unix::fs::{MetadataExt, PermissionsExt, chown};

    fn mode(path: &Path) -> u32 {
        fs::metadata(path).expect("is there").mode() & 0o777
    }

    #[test]
    fn f69_everything_is_for_this_user_alone_under_any_umask() {
        let before = umask(Mode::empty());
        let house = House::new();
        let _waiter = {
            let mut store = house.open();
            store.submit(&[task("it")], NOW).expect("accepted");
            let output = Outputs::of(&house.state()).writer(1, AttemptNumber(1), Bytes(100));
            output.write(b"x").expect("writes");
            let entries: Vec<_> = fs::read_dir(house.state()).expect("reads").collect();
            assert!(entries.len() >= 6, "{entries:?}");
            for entry in entries {
                let path = entry.expect("reads").path();
                let expect = if path.is_dir() { 0o700 } else { 0o600 };
                assert_eq!(mode(&path), expect, "{}", path.display());
            }
            Waiter::new(&house.state()).expect("listens")
        };
        umask(before);
        assert_eq!(mode(&house.state()), 0o700);
        assert_eq!(mode(&house.file("output/1-1.out")), 0o600);
    }

    #[test]
    fn a_folder_that_others_can_enter_is_closed() {
        let house = House::new();
        fs::create_dir(house.state()).expect("makes");
        fs::set_permissions(house.state(), fs::Permissions::from_mode(0o755)).expect("opens it up");
        house.open();
        assert_eq!(mode(&house.state()), 0o700);
    }

    #[test]
    fn f07_a_folder_of_somebody_else_is_refused() {
        if !nix::unistd::geteuid().is_root() {
            // Only root can give a folder away; as anybody else, root's own folder serves.
            let error = Store::open(Path::new("/usr")).err().expect("is refused");
            assert!(matches!(error, Error::ForeignFolder { owner: 0, .. }), "{error}");
            return;
        }
        let house = House::new();
        fs::create_dir(house.state()).expect("makes");
        chown(house.state(), Some(12_345), None).expect("gives it away");
        let error = refused(&house);
        assert!(matches!(error, Error::ForeignFolder { owner: 12_345, user: 0, .. }), "{error}");
        assert_eq!(fs::read_dir(house.state()).expect("reads").count(), 0);
    }
}
