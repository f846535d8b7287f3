//! What nobody else may see: files, arguments of processes, dumps, logs.

use crate::{
    faults::oracle::processes,
    sandbox::{Sandbox, eventually},
};
use std::{
    fs,
    os::unix::fs::PermissionsExt as _,
    path::{Path, PathBuf},
    process::Command,
};

const PARAMETER: &str = "a-parameter-that-is-private";
const SECRET: &str = "a-secret-of-the-environment";

/// Everything below a folder, with it.
fn below(path: &Path) -> Vec<PathBuf> {
    let mut all = vec![path.to_owned()];
    if path.is_dir() && !path.is_symlink() {
        let entries = fs::read_dir(path).into_iter().flatten().flatten();
        entries.for_each(|entry| all.extend(below(&entry.path())));
    }
    all
}

#[test]
fn f69_under_any_umask_nobody_else_sees_a_file_an_argument_or_a_log_line() {
    let sandbox = Sandbox::new();
    fs::remove_dir(sandbox.home()).expect("removed");
    // The mask of whoever starts hob first, and so of the daemon.
    let open = |line: String| {
        let mut shell = sandbox.command("sh");
        let output = shell.args(["-c", &format!("umask 000; exec {line}")]).env("TOKEN", SECRET).output();
        let ran = crate::sandbox::Ran::of(&output.expect("sh runs"));
        assert_eq!(ran.code, 0, "{ran:?}");
    };
    let hob = env!("CARGO_BIN_EXE_hob");
    sandbox.pipe("gate");
    let command = format!("echo {PARAMETER}; echo $TOKEN > got; read x < gate");
    let params = sandbox.file("params", serde_json::json!({ "command": command }).to_string());
    open(format!("{hob} dispatch shell --params @{} --id held", params.display()));
    eventually("it runs", || sandbox.read("got").contains(SECRET));
    let said = sandbox.file("said", r#"{"executor":"explore","id":"found","params":{"pattern":["x"]}}"#);
    open(format!("{hob} dispatch --batch {}", said.display()));

    // While it runs: no process of hob's has either as an argument; a program's own arguments are its own.
    let mine = processes(&sandbox);
    assert!(mine.len() >= 4, "daemon, zygote, guard and program");
    for pid in mine {
        let arguments = fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
        let name = fs::read_to_string(format!("/proc/{pid}/comm")).unwrap_or_default();
        let has = |what: &str| arguments.windows(what.len()).any(|part| part == what.as_bytes());
        assert!(!has(SECRET), "{name}");
        assert!(!name.starts_with("hob") || !has(PARAMETER), "{name}");
        let limits = fs::read_to_string(format!("/proc/{pid}/limits")).unwrap_or_default();
        let core = limits.lines().find(|line| line.starts_with("Max core file size")).map(str::to_owned);
        let soft = core.as_deref().and_then(|line| line.split_whitespace().nth(4)).map(str::to_owned);
        assert!(soft.is_none_or(|soft| soft == "0" || soft == "1"), "{name} would leave a dump: {core:?}");
    }
    fs::write(sandbox.work().join("gate"), "go\n").expect("opened");
    sandbox.wait(&["held", "found"]);
    sandbox.ok(["doctor"]);

    for path in below(&sandbox.home()) {
        let data = fs::symlink_metadata(&path).expect("it is there");
        let mode = data.permissions().mode() & 0o777;
        let most = if data.is_dir() { 0o700 } else { 0o600 };
        assert_eq!(mode & !most, 0, "{} is {mode:o}", path.display());
    }
    let log = sandbox.ok(["daemon", "log"]);
    assert!(log.contains("held"), "{log}");
    assert!(!log.contains(PARAMETER) && !log.contains(SECRET), "{log}");
    // The database has what it is for; nothing else has.
    let is_database =
        |path: &PathBuf| path.file_name().is_some_and(|name| name.to_string_lossy().starts_with("hob.db"));
    for path in below(&sandbox.home()).into_iter().filter(|path| !is_database(path)) {
        let bytes = fs::read(&path).unwrap_or_default();
        let has = |what: &str| bytes.windows(what.len()).any(|part| part == what.as_bytes());
        assert!(!has(SECRET), "a variable is in {}", path.display());
        let is_output = path.starts_with(sandbox.state().join("output"));
        assert!(is_output || !has(PARAMETER), "a parameter is in {}", path.display());
    }
    // Nor has the database, when everything has ended.
    sandbox.ok(["daemon", "stop"]);
    for path in below(&sandbox.home()) {
        let bytes = fs::read(&path).unwrap_or_default();
        assert!(!bytes.windows(SECRET.len()).any(|part| part == SECRET.as_bytes()), "it is in {}", path.display());
    }
}

/// A crash would otherwise write what tasks were told to the disk.
#[test]
fn f69_a_daemon_that_crashes_leaves_no_dump() {
    let sandbox = Sandbox::new();
    let line = format!("ulimit -c unlimited; exec {} dispatch shell true --wait", env!("CARGO_BIN_EXE_hob"));
    let ran = sandbox.command("bash").args(["-c", &line]).status().expect("bash runs");
    assert!(ran.success());
    let daemon = sandbox.daemon_pid();
    let limits = fs::read_to_string(format!("/proc/{daemon}/limits")).expect("limits");
    assert!(limits.lines().any(|line| line.starts_with("Max core file size        1 ")), "{limits}");
    let killed = Command::new("kill").args(["-ABRT", &daemon.to_string()]).status().expect("kill runs");
    assert!(killed.success());
    eventually("it is dead", || !crate::sandbox::is_alive(daemon));
    let dumps: Vec<PathBuf> = [sandbox.work(), sandbox.home(), PathBuf::from("/")]
        .iter()
        .flat_map(|folder| fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.path()))
        .filter(|path| path.file_name().is_some_and(|name| name.to_string_lossy().starts_with("core")))
        .collect();
    assert_eq!(dumps, Vec::<PathBuf>::new());
}
