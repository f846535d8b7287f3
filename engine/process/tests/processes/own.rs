//! hob's own children.

use crate::{
    Case,
    fixture::{DEADLINE, Fixture, Mark, this_binary, until},
};
use hob_core::ExitStatus;
use hob_process::{OwnError, OwnOutput, OwnProgram, run_to_end, spawn_detached};
use nix::sys::signal::Signal;
use std::{
    ffi::OsString,
    fs::{self, File},
    os::unix::fs::PermissionsExt as _,
    path::Path,
    time::{Duration, Instant},
};

pub(crate) const CASES: &[Case] = &[
    ("own_children_are_fed_and_heard", fed),
    ("own_children_that_print_too_much_are_cut", cut),
    ("own_children_that_take_too_long_are_killed_with_their_group", too_long),
    ("own_children_that_cannot_start_are_named", cannot_start),
    ("limits_on_oneself_hold", limits),
    ("a_detached_program_is_on_its_own", detached),
];

fn run(program: &Path, args: &[&str], mark: Option<&Mark>, stdin: &[u8], wall: Duration) -> OwnOutput {
    let args: Vec<OsString> = args.iter().map(OsString::from).collect();
    let mut env = vec![("PATH".into(), std::env::var_os("PATH").unwrap_or_default())];
    env.extend(mark.map(Mark::variable));
    run_to_end(&OwnProgram { program, args: &args, env: &env, stdin, wall, max_output: 100_000 }).expect("it ran")
}

fn fed(_: &Fixture) {
    let input = vec![b'x'; 3_000_000];
    let output = run(Path::new("/bin/sh"), &["-c", "wc -c; echo no >&2; exit 3"], None, &input, DEADLINE);
    assert_eq!(output.status, Some(ExitStatus::Code(3)));
    assert_eq!(String::from_utf8_lossy(&output.stdout).trim(), "3000000");
    assert_eq!((output.stderr, output.truncated), (b"no\n".to_vec(), false));
    // One that does not want what it is given.
    let output = run(Path::new("/bin/true"), &[], None, &input, DEADLINE);
    assert_eq!(output.status, Some(ExitStatus::Code(0)));
}

fn cut(_: &Fixture) {
    let output = run(Path::new("/bin/sh"), &["-c", "head -c 5000000 /dev/zero"], None, b"", DEADLINE);
    assert_eq!(output.status, Some(ExitStatus::Code(0)), "it is read to its end all the same");
    assert_eq!((output.stdout.len(), output.truncated), (100_000, true));
}

fn too_long(_: &Fixture) {
    let mark = Mark::new();
    let start = Instant::now();
    let script = "echo before; sleep 600 & trap '' TERM; while :; do sleep 600; done";
    let output = run(Path::new("/bin/sh"), &["-c", script], Some(&mark), b"", Duration::from_millis(500));
    assert_eq!((output.status, output.stdout), (None, b"before\n".to_vec()));
    assert!(start.elapsed() < DEADLINE / 2);
    until("its group is gone", || mark.living().is_empty());
}

fn cannot_start(_: &Fixture) {
    let program = Path::new("/no/such/program");
    let own = OwnProgram { program, args: &[], env: &[], stdin: b"", wall: DEADLINE, max_output: 0 };
    let error = run_to_end(&own).expect_err("it cannot start");
    assert!(matches!(error, OwnError::Start { .. }) && error.to_string().contains("/no/such/program"), "{error}");
}

fn limits(_: &Fixture) {
    let output = run(&this_binary(), &["role:hungry"], None, b"", DEADLINE);
    assert_eq!(output.status, Some(ExitStatus::Code(23)), "memory was refused");
    let output = run(&this_binary(), &["role:busy"], None, b"", DEADLINE);
    assert!(
        output.status == Some(ExitStatus::Signal(Signal::SIGXCPU as i32)),
        "computing was ended: {:?}",
        output.status
    );
}

/// A daemon's start: the lock of its standard input lives on, its files are private, and the programs
/// that it starts still have the mask of before.
fn detached(fixture: &Fixture) {
    let path = |name: &str| fixture.folder.path().join(name);
    let lock = File::create(path("election")).expect("made");
    lock.try_lock().expect("locked");
    let log = File::create(path("log")).expect("made");
    let before = nix::sys::stat::umask(nix::sys::stat::Mode::from_bits_truncate(0o026));
    let args = [OsString::from("role:detached"), path("private").into(), path("lock").into(), path("mask").into()];
    let pid = spawn_detached(&this_binary(), &args, Some(lock), log).map(|detached| detached.id());
    nix::sys::stat::umask(before);
    let pid = pid.expect("started");
    until("it has ended", || crate::fixture::stat(pid, 0).is_none_or(|state| state == "Z"));
    assert_eq!(fs::read_to_string(path("log")).expect("a log"), "true /\n");
    assert_eq!(fs::metadata(path("private")).expect("a file").permissions().mode() & 0o777, 0o600);
    assert_eq!(fs::read_to_string(path("mask")).expect("a mask"), "0026\n");
    let election = File::open(path("election")).expect("opened");
    until("the lock was given back", || election.try_lock().is_ok());
}
