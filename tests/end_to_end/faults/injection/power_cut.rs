//! 03: the power fails.

use super::{
    QUIET,
    disk::{Disk, Fate},
    migrated,
    recording::{Recording, Step},
    whole,
};
use crate::{faults::oracle::database, sandbox::Sandbox};
use hob_fault_case::Case;
use rusqlite::Connection;
use std::{collections::BTreeMap, fs, path::Path};

/// What every task says, and how to have it said.
fn said(id: &str) -> (String, String) {
    let text: Vec<String> = (0..200).map(|n| format!("{id} says line {n}\n")).collect();
    (format!("n=0; while [ $n -lt 200 ]; do echo \"{id} says line $n\"; n=$((n + 1)); done"), text.concat())
}

/// What holds after each command: these tasks are there, and have ended or not.
type Promises = Vec<BTreeMap<String, bool>>;

/// Cuts the power at a moment of each of so many recordings, by chance, and holds what is left to its promises.
fn cut(case: &mut Case, images: u64, home: &Path, first: &Disk, recording: &Recording, promises: &Promises) {
    let sandbox = Sandbox::with_config(QUIET);
    for image in 0..images {
        let steps = case.chance().usize(..=recording.steps.len());
        let (mut disk, mut seen) = (first.clone(), None);
        for step in &recording.steps[..steps] {
            disk.take(step);
            if let Step::Done(command) = step {
                seen = Some(*command);
            }
        }
        let fate = Fate::ALL[case.chance().usize(..Fate::ALL.len())];
        let _ = fs::remove_dir_all(sandbox.state());
        disk.cut(fate, case.chance()).restore(home, &sandbox.home());
        let place = format!("image {image}, step {steps} ({:?}), {fate:?}", recording.steps.get(steps).map(word));
        let listed = sandbox.run(["list", "--all"]);
        assert_eq!(listed.code, 0, "{place}: {}", listed.stderr);
        let states = whole(&database(&sandbox));
        for (id, has_ended) in seen.map(|command| &promises[command]).into_iter().flatten() {
            let state = states.get(id).unwrap_or_else(|| panic!("{place}: {id} was acknowledged and is gone"));
            assert!(!has_ended || state == "completed", "{place}: {id} was seen to end and is {state}");
        }
        for (id, (found, expected)) in outputs(&sandbox) {
            assert!(found == expected, "{place}: {id} completed, and its output is {} bytes", found.len());
        }
    }
}

fn word(step: &Step) -> String {
    format!("{step:?}").chars().take(90).collect()
}

/// What there is of the outputs of completed tasks that said something, and what they said.
fn outputs(sandbox: &Sandbox) -> BTreeMap<String, (String, String)> {
    let database = Connection::open(database(sandbox)).expect("opens");
    let mut query = database
        .prepare("SELECT id, seq, attempt FROM tasks WHERE state = 'completed' AND output > 0")
        .expect("a query");
    let rows = query.query_map([], |row| Ok((row.get(0)?, row.get::<_, i64>(1)?, row.get::<_, i64>(2)?)));
    let read = |(id, sequence, attempt): (String, i64, i64)| {
        let path = sandbox.state().join(format!("output/{sequence}-{attempt}.out"));
        let expected = said(&id).1;
        (id, (fs::read_to_string(path).unwrap_or_default(), expected))
    };
    rows.expect("rows").map(|row| read(row.expect("a row"))).collect()
}

#[test]
fn f03_a_power_cut_takes_nothing_that_was_acknowledged_and_no_output_of_what_completed() {
    let mut case = Case::begin(3);
    let images = case.scale(45, 1_600);
    let sandbox = Sandbox::with_config(QUIET);
    let home = sandbox.home();
    let first = Disk::of(&home);
    let (mut recording, mut promises) = (Recording::default(), Promises::new());
    let mut tasks = BTreeMap::new();
    for round in ["a", "b"] {
        for n in 0..3 {
            let id = format!("{round}{n}");
            recording.run(&sandbox, &home, &["dispatch", "shell", &said(&id).0, "--id", &id]);
            tasks.insert(id, false);
            promises.push(tasks.clone());
        }
        recording.run(&sandbox, &home, &["work"]);
        for has_ended in tasks.values_mut() {
            *has_ended = true;
        }
        promises.push(tasks.clone());
    }
    assert_eq!(outputs(&sandbox).len(), tasks.len(), "the recording is of what it should be");
    cut(&mut case, images, &home, &first, &recording, &promises);
    case.end("power cuts of dispatches and workers", images, 0, 0, &format!("{} steps", recording.steps.len()));
}

#[test]
fn f03_a_power_cut_in_a_migration_leaves_the_old_schema_or_the_new_one() {
    let mut case = Case::begin(3);
    let images = case.scale(15, 400);
    let sandbox = Sandbox::with_config(QUIET);
    let home = sandbox.home();
    migrated::leave(&sandbox);
    let first = Disk::of(&home);
    let mut tasks: BTreeMap<String, bool> =
        migrated::TASKS.iter().map(|(id, state)| ((*id).to_owned(), *state == "completed")).collect();
    let before = tasks.clone();
    let (mut recording, mut promises) = (Recording::default(), Promises::new());
    recording.run(&sandbox, &home, &["list", "--all"]);
    promises.push(tasks.clone());
    recording.run(&sandbox, &home, &["dispatch", "shell", "true", "--id", "new"]);
    tasks.insert("new".to_owned(), false);
    promises.push(tasks);
    // What was there before the first command is there whatever happens.
    recording.steps.insert(0, Step::Done(promises.len()));
    promises.push(before);
    cut(&mut case, images, &home, &first, &recording, &promises);
    case.end("power cuts of a migration", images, 0, 0, &format!("{} steps", recording.steps.len()));
}
