use super::{at_rest, files, listed};
use crate::{
    faults::oracle,
    sandbox::{Ran, Sandbox, eventually},
};
use std::{
    ffi::OsString,
    fs::{self, Permissions},
    os::unix::fs::{PermissionsExt as _, chown},
    path::Path,
};

fn is_root() -> bool {
    nix::unistd::geteuid().is_root()
}

/// Runs hob where the file system of the state folder is read-only.
fn read_only(sandbox: &Sandbox, args: &[&str]) -> Ran {
    let state = sandbox.state();
    let script = "mount --bind \"$0\" \"$0\" && mount -o remount,bind,ro \"$0\" && exec \"$@\"";
    let mut command = sandbox.command("unshare");
    command.arg(if is_root() { "-m" } else { "-rm" }).args(["sh", "-c", script]).arg(state);
    Ran::of(&command.arg(env!("CARGO_BIN_EXE_hob")).args(args).output().expect("unshare runs"))
}

#[track_caller]
fn is_readable(sandbox: &Sandbox, run: impl Fn(&[&str]) -> Ran, what: &str) {
    let before = files(sandbox);
    for (args, word) in [
        (["list", "--all"].as_slice(), "kept"),
        (&["status"], "ended"),
        (&["show", "kept"], "kept"),
        (&["output", "kept", "--log"], "printed"),
    ] {
        let ran = run(args);
        assert!(ran.code == 0 && ran.stdout.contains(word), "{what}: {args:?}: {ran:?}");
    }
    let state = sandbox.state();
    let path = state.to_str().expect("text");
    for args in [["dispatch", "shell", "true"].as_slice(), &["cancel", "waits"], &["prune", "--keep", "0"]] {
        run(args).refused(70, &[path, "read-only"]);
    }
    assert_eq!(files(sandbox), before, "{what}: nothing was written");
}

#[test]
fn f07_a_read_only_file_system_is_read_and_says_that_it_takes_nothing() {
    let sandbox = at_rest();
    sandbox.ok(["dispatch", "shell", "echo printed", "--id", "kept", "--wait"]);
    eventually("who ran the first has ended", || oracle::processes(&sandbox).is_empty());
    sandbox.ok(["dispatch", "shell", "true", "--id", "waits"]);
    assert!(fs::metadata(sandbox.state().join("hob.db-wal")).expect("a log").len() > 0);
    is_readable(&sandbox, |args| read_only(&sandbox, args), "with a log");
    let backup = sandbox.work().join("backup");
    let made = read_only(&sandbox, &["backup", backup.to_str().expect("text")]);
    assert_eq!(made.code, 0, "a backup can be made from there: {made:?}");
    // Without its index the log cannot be read, and without the log the list would be a lie.
    fs::remove_file(sandbox.state().join("hob.db-shm")).expect("removed");
    for args in [["list", "--all"].as_slice(), &["status"], &["dispatch", "shell", "true"]] {
        read_only(&sandbox, args).refused(70, &["hob.db", "read-only", "log"]);
    }
    // The last worker that closes it leaves no log.
    sandbox.ok(["work"]);
    assert!(!sandbox.state().join("hob.db-wal").exists());
    is_readable(&sandbox, |args| read_only(&sandbox, args), "without a log");
    sandbox.ok(["dispatch", "shell", "true", "--id", "afterwards"]);
    assert_eq!(listed(&sandbox).len(), 3);
}

/// Hands everything below over.
fn give(path: &Path, user: u32) {
    chown(path, Some(user), Some(user)).expect("given");
    if path.is_dir() {
        for entry in fs::read_dir(path).expect("listed").flatten() {
            give(&entry.path(), user);
        }
    }
}

#[test]
fn f07_a_folder_that_may_not_be_written_is_read_and_says_that_it_takes_nothing() {
    const NOBODY: u32 = 65_534;
    let sandbox = at_rest();
    sandbox.ok(["dispatch", "shell", "echo printed", "--id", "kept", "--wait"]);
    eventually("who ran the first has ended", || oracle::processes(&sandbox).is_empty());
    sandbox.ok(["dispatch", "shell", "true", "--id", "waits"]);
    // Nothing keeps root from writing.
    let hob = if is_root() {
        let own = sandbox.home().parent().expect("the sandbox").join("hob");
        fs::copy(env!("CARGO_BIN_EXE_hob"), &own).expect("copied");
        give(sandbox.home().parent().expect("the sandbox"), NOBODY);
        own
    } else {
        env!("CARGO_BIN_EXE_hob").into()
    };
    let run = |args: &[&str]| {
        let mut words: Vec<OsString> = Vec::new();
        if is_root() {
            words.extend(["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"].map(OsString::from));
        }
        words.push(hob.clone().into());
        words.extend(args.iter().map(OsString::from));
        let mut command = sandbox.command(&words[0]);
        command.args(&words[1..]).env("HOB_CACHE_DIR", sandbox.user());
        Ran::of(&command.output().expect("hob runs"))
    };
    let database = sandbox.state().join("hob.db");
    for (what, path, mode, before) in
        [("the folder", sandbox.state(), 0o500, 0o700), ("the database", database.clone(), 0o400, 0o600)]
    {
        fs::set_permissions(&path, Permissions::from_mode(mode)).expect("closed");
        is_readable(&sandbox, run, what);
        fs::set_permissions(&path, Permissions::from_mode(before)).expect("opened");
    }
    fs::set_permissions(&database, Permissions::from_mode(0o000)).expect("closed");
    for args in [["list"].as_slice(), &["status"], &["dispatch", "shell", "true"]] {
        run(args).refused(70, &["hob.db"]);
    }
    fs::set_permissions(&database, Permissions::from_mode(0o600)).expect("opened");
    let after = run(&["dispatch", "shell", "true", "--id", "afterwards"]);
    assert_eq!(after.code, 0, "{after:?}");
}

#[test]
fn f07_a_folder_of_somebody_else_is_refused_with_both_users() {
    let sandbox = at_rest();
    sandbox.ok(["dispatch", "shell", "true", "--id", "kept"]);
    let (state, owner) = if is_root() {
        chown(sandbox.state(), Some(12_345), None).expect("given away");
        (sandbox.state(), "12345")
    } else {
        // Only root can give a folder away; one of root's serves as well.
        fs::remove_dir_all(sandbox.state()).expect("removed");
        std::os::unix::fs::symlink("/usr", sandbox.state()).expect("linked");
        (sandbox.state(), "0")
    };
    let before = is_root().then(|| files(&sandbox));
    for args in [["list"].as_slice(), &["status"], &["dispatch", "shell", "true"], &["prune", "--keep", "0"]] {
        sandbox.run(args).refused(70, &[state.to_str().expect("text"), owner, "HOB_HOME"]);
    }
    if is_root() {
        assert_eq!(Some(files(&sandbox)), before);
        chown(sandbox.state(), Some(0), None).expect("taken back");
        assert_eq!(listed(&sandbox).len(), 1);
    } else {
        fs::remove_file(sandbox.state()).expect("removed");
    }
}
