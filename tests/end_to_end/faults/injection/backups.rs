//! 02: death at each system call of a backup and of a restore.

use super::{
    QUIET,
    strace::{self, Fault},
    system_calls::{CHANGES, sweep},
    whole,
};
use crate::{faults::oracle::database, sandbox::Sandbox};
use hob_fault_case::Case;
use std::{fs, path::Path};

#[test]
fn f02_a_backup_that_dies_leaves_the_one_before_or_a_whole_one() {
    let mut case = Case::begin(2);
    let sandbox = Sandbox::with_config(QUIET);
    sandbox.ok(["dispatch", "shell", "echo printed", "--id", "first", "--wait"]);
    let backup = sandbox.work().join("backup");
    let again = ["backup".as_ref(), backup.as_os_str(), "--force".as_ref()];
    sandbox.ok(&again[..2]);
    let mut number = 0;
    let deaths = sweep(&mut case, &CHANGES, 8, |call, n| {
        number += 1;
        sandbox.ok(["dispatch", "shell", "true", "--id", &format!("t{number}")]);
        let now = whole(&database(&sandbox));
        let died = strace::hob(&sandbox, call, Fault::Death, n, again);
        // Between two renames it has another name for a moment; the next one puts it right.
        let found = [backup.clone(), backup.with_extension("part"), backup.with_extension("replaced")];
        let is_there = |folder: &Path| folder.join("hob.db").is_file() && folder.join("output/1-1.out").is_file();
        let whole_ones = found.iter().filter(|folder| is_there(folder)).map(|folder| whole(&folder.join("hob.db")));
        let counts: Vec<usize> = whole_ones.map(|tasks| tasks.len()).collect();
        assert!(counts.iter().any(|count| *count + 1 >= now.len()), "{call} {n}: {counts:?}");
        sandbox.ok(again);
        assert_eq!(whole(&backup.join("hob.db")).len(), now.len(), "{call} {n}");
        assert!(!found[1].exists() && !found[2].exists(), "{call} {n}: what was begun is gone");
        died.injected.is_some()
    });
    case.end("deaths at a system call of a backup", deaths, 0, 0, "");
}

#[test]
fn f02_a_restore_that_dies_leaves_one_of_both_whole() {
    let mut case = Case::begin(2);
    let sandbox = Sandbox::with_config(QUIET);
    sandbox.ok(["dispatch", "shell", "echo old", "--id", "old", "--wait"]);
    let backup = sandbox.work().join("backup");
    sandbox.ok(["backup".as_ref(), backup.as_os_str()]);
    let old = whole(&backup.join("hob.db"));
    sandbox.ok(["dispatch", "shell", "true", "--id", "new"]);
    let new = whole(&database(&sandbox));
    let kept = sandbox.home().join("state-as-it-was");
    let copy = |from: &Path, to: &Path| {
        let _ = fs::remove_dir_all(to);
        assert!(sandbox.command("cp").arg("-a").args([from, to]).status().expect("cp runs").success());
    };
    copy(&sandbox.state(), &kept);
    let restore = ["restore".as_ref(), backup.as_os_str()];
    let (mut before, mut after) = (0, 0);
    let deaths = sweep(&mut case, &CHANGES, 12, |call, n| {
        copy(&kept, &sandbox.state());
        let died = strace::hob(&sandbox, call, Fault::Death, n, restore);
        // Whoever looks next finds one of both, with the output of its tasks.
        sandbox.ok(["list", "--all"]);
        let found = whole(&database(&sandbox));
        assert!(found == old || found == new, "{call} {n}: {found:?}");
        assert_eq!(sandbox.ok(["output", "old", "--log"]), "old\n", "{call} {n}");
        assert_eq!(sandbox.json(["doctor", "--json"])["ok"], true, "{call} {n}");
        *if found == old { &mut after } else { &mut before } += 1;
        // Whatever it left, the next one works.
        sandbox.ok(restore);
        assert_eq!(whole(&database(&sandbox)), old, "{call} {n}");
        died.injected.is_some()
    });
    let note = format!("{before} left what was there, {after} the backup");
    case.end("deaths at a system call of a restore", deaths, 0, 0, &note);
}
