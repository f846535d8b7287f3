//! Who is told of what ended: a real notification service in a real D-Bus session, a command, a terminal.

use crate::sandbox::{Ran, Sandbox, eventually, is_alive, kill};
use nix::sys::signal::Signal;
use serde_json::Value;
use std::{
    fs,
    io::{BufRead as _, BufReader, Read as _},
    path::Path,
    process::{Child, Command, Stdio},
};

/// Debian's own Python: its package of the service is made for it, whichever comes first in the PATH.
const PYTHON: &str = "/usr/bin/python3";
const TO_GET_IT: &str =
    "`cargo xtask test` installs it, or: apt-get install -y --no-install-recommends dbus python3-dbusmock";
const NOBODY: &str = "unix:path=/nonexistent/bus";

/// A process that ends with its test.
struct Ends(Child);

impl Drop for Ends {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// `dbus-run-session`, which ends its bus when the shell in it has ended. A kill would leave the bus behind.
struct Session(Child);

impl Drop for Session {
    fn drop(&mut self) {
        drop(self.0.stdin.take());
        let _ = self.0.wait();
    }
}

/// A sandbox whose commands, and daemon, are in a desktop session.
struct Desktop {
    sandbox: Sandbox,
    bus: String,
    service: Option<Ends>,
    _session: Session,
}

impl Desktop {
    /// A session of its own. There is no other way to see what a desktop is told, so without it a test fails.
    fn new(config: &str) -> Self {
        let mocks = Command::new(PYTHON).args(["-c", "import dbusmock"]).output();
        assert!(mocks.is_ok_and(|output| output.status.success()), "there is no python3-dbusmock; {TO_GET_IT}");
        let sandbox = Sandbox::with_config(config);
        // The session lasts as long as its shell, which prints its address and waits for its input to end.
        let words = ["--", "sh", "-c", "echo \"$DBUS_SESSION_BUS_ADDRESS\"; exec cat"];
        let session =
            sandbox.command("dbus-run-session").args(words).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn();
        let mut session = Session(session.unwrap_or_else(|error| panic!("dbus-run-session: {error}; {TO_GET_IT}")));
        let mut bus = String::new();
        let stdout = session.0.stdout.take().expect("a pipe");
        BufReader::new(stdout).read_line(&mut bus).expect("an address");
        Self { sandbox, bus: bus.trim().to_owned(), service: None, _session: session }
    }

    /// Starts the service, which logs what it is asked to show, and waits until it is there.
    fn serve(&mut self) {
        let log = self.sandbox.work().join("shown.log");
        let words = ["-m", "dbusmock", "--session", "--template", "notification_daemon", "-l"];
        let mut service = self.sandbox.command(PYTHON);
        service.args(words).arg(log).env("DBUS_SESSION_BUS_ADDRESS", &self.bus);
        self.service = Some(Ends(service.stdout(Stdio::null()).spawn().expect("the service starts")));
        eventually("the service is there", || self.found()["facts"]["trouble"].is_null());
    }

    fn run(&self, args: &[&str]) -> Ran {
        let output = self.sandbox.hob(args).env("DBUS_SESSION_BUS_ADDRESS", &self.bus).output();
        Ran::of(&output.expect("hob starts"))
    }

    /// What the service was asked to show; the lines of a text are within it.
    fn shown(&self) -> Vec<String> {
        let log = self.sandbox.read("shown.log");
        let mut shown: Vec<String> = Vec::new();
        for line in log.lines() {
            // A call begins with its time; any other line goes on with the text of the one before.
            let call = line.split_once(' ').filter(|(time, _)| time.contains('.') && time.parse::<f64>().is_ok());
            match (call.and_then(|(_, call)| call.strip_prefix("Notify ")), shown.last_mut()) {
                (Some(asked), _) => shown.push(asked.to_owned()),
                (None, Some(last)) if call.is_none() => *last = format!("{last}\n{line}"),
                (None, _) => {}
            }
        }
        // The last one may be half written.
        shown.retain(|asked| asked.ends_with(" -1"));
        shown
    }

    #[track_caller]
    fn shows(&self, count: usize) -> Vec<String> {
        eventually(&format!("{count} notifications"), || self.shown().len() >= count);
        self.shown()
    }

    /// What the doctor says of notifications.
    fn found(&self) -> Value {
        diagnosis(&self.run(&["doctor", "--json"])).swap_remove(0)
    }
}

fn diagnosis(ran: &Ran) -> Vec<Value> {
    let found: Value = serde_json::from_str(&ran.stdout).expect("JSON");
    let checks = found["checks"].as_array().expect("checks").iter();
    checks.filter(|check| check["check"] == "notifications").cloned().collect()
}

#[test]
fn f66_a_real_notification_service_shows_each_end_once_as_plain_text() {
    let config = "
        [executors.quiet]
        extends = \"shell\"
        notifications = false
        [presets.two.children.a]
        executor = \"shell\"
        params = { command = \"true\" }
        [presets.two.children.b]
        executor = \"shell\"
        params = { command = \"true\" }";
    let mut desktop = Desktop::new(config);
    desktop.serve();

    // A name that a mark-up reader would obey, in the summary of the task.
    desktop.run(&["dispatch", "shell", "--id", "search-1", "--", "printf", "<b>\u{1b}[31m&"]).succeeded();
    let shown = desktop.shows(1);
    let expect = "\"hob\" 0 \"\" \"Background task 'search-1' complete\" \"shell, ";
    assert!(shown[0].starts_with(expect), "{shown:?}");
    assert!(shown[0].contains("&lt;b&gt;") && !shown[0].contains("<b>") && !shown[0].contains("\\x1b"), "{shown:?}");
    assert!(shown[0].ends_with("\" [] {} -1"), "no picture, no action, no hint: {shown:?}");

    desktop.run(&["dispatch", "shell", "exit 3", "--id", "tests"]).succeeded();
    let shown = desktop.shows(2);
    assert!(shown[1].contains("Background task 'tests' failed"), "{shown:?}");
    assert!(shown[1].contains("`exit 3` exited with code 3"), "{shown:?}");

    // One message for what ends within two seconds, one for a whole group, none for whom it was switched off.
    let held = ["t1", "t2", "t3"].map(|id| (id, desktop.sandbox.pipe(id)));
    for (id, _) in &held {
        desktop.run(&["dispatch", "shell", &format!("read line < {id}"), "--id", id]).succeeded();
    }
    for (_, pipe) in &held {
        fs::write(pipe, "x\n").expect("let go");
    }
    assert_eq!(desktop.sandbox.wait(&["t1", "t2", "t3"]), 0);
    desktop.run(&["dispatch", "quiet", "true", "--id", "q1", "--wait"]).succeeded();
    let shown = desktop.shows(3);
    assert!(shown[2].contains("3 background tasks complete"), "{shown:?}");
    desktop.run(&["fan-out", "two", "--id", "both", "--wait"]).succeeded();
    let shown = desktop.shows(4);
    assert!(shown[3].contains("Background group 'both' complete"), "{shown:?}");
    assert!(shown[3].contains("2 of 2 tasks completed"), "{shown:?}");

    // What was told is not told again by the next worker.
    desktop.run(&["daemon", "stop"]).succeeded();
    desktop.run(&["dispatch", "shell", "true", "--id", "last", "--wait"]).succeeded();
    let shown = desktop.shows(5);
    assert!(shown[4].contains("Background task 'last' complete"), "{shown:?}");
    desktop.run(&["daemon", "stop"]).succeeded();
    assert_eq!(desktop.shown().len(), 5, "{:?}", desktop.shown());
}

#[test]
fn f30_the_doctor_explains_why_the_desktop_shows_nothing() {
    let mut desktop = Desktop::new("notifications.gather = \"0s\"\n");
    let nobody = desktop.sandbox.hob(["doctor", "--json"]).env("DBUS_SESSION_BUS_ADDRESS", NOBODY).output();
    let found = diagnosis(&Ran::of(&nobody.expect("hob starts"))).swap_remove(0);
    assert_eq!((&found["facts"]["trouble"], &found["status"]), (&"no-bus".into(), &"warning".into()), "{found}");
    assert!(found["hint"].as_str().is_some_and(|hint| hint.contains("notifications = false")), "{found}");

    let found = desktop.found();
    assert_eq!(found["facts"]["trouble"], "no-service", "{found}");
    assert!(found["hint"].as_str().is_some_and(|hint| hint.contains("dunst")), "{found}");

    // A daemon that was started where there is no desktop says so to a doctor who sees one.
    let dispatch =
        desktop.sandbox.hob(["dispatch", "shell", "true", "--wait"]).env("DBUS_SESSION_BUS_ADDRESS", NOBODY).output();
    Ran::of(&dispatch.expect("hob starts")).succeeded();
    eventually("the daemon tried", || !desktop.found()["facts"]["last_trouble"].is_null());
    desktop.serve();
    let found = desktop.found();
    assert_eq!(found["status"], "warning", "{found}");
    assert!(found["message"].as_str().is_some_and(|said| said.contains("no D-Bus session")), "{found}");
    assert!(
        found["hint"].as_str().is_some_and(|hint| hint.ends_with("hob daemon stop && hob daemon start")),
        "{found}"
    );
    desktop.run(&["daemon", "stop"]).succeeded();
    let found = desktop.found();
    assert!(found["hint"].as_str().is_some_and(|hint| hint.ends_with("from here: hob daemon start")), "{found}");

    // Whoever does so has a desktop that is told.
    desktop.run(&["daemon", "start"]).succeeded();
    let found = desktop.found();
    assert_eq!((&found["status"], &found["hint"]), (&"ok".into(), &Value::Null), "{found}");
    assert!(
        found["message"].as_str().is_some_and(|said| said.contains("before the daemon was started anew")),
        "{found}"
    );
    desktop.run(&["dispatch", "shell", "true", "--wait"]).succeeded();
    desktop.shows(1);
    eventually("all is well", || desktop.found()["facts"]["last_trouble"].is_null());

    // A service that hangs holds neither the doctor nor a task up.
    let pid = desktop.service.as_ref().map(|service| service.0.id().cast_signed()).expect("it runs");
    kill(pid, Signal::SIGSTOP);
    let found = desktop.found();
    assert_eq!(found["facts"]["trouble"], "hangs", "{found}");
    for _ in 0..3 {
        desktop.run(&["dispatch", "shell", "true", "--wait"]).succeeded();
    }
    kill(pid, Signal::SIGCONT);
}

/// What the command heard so far.
fn heard(sandbox: &Sandbox) -> Vec<Value> {
    let text = sandbox.read("heard");
    text.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect()
}

fn ids(heard: &[Value]) -> Vec<&str> {
    let ended = heard.iter().flat_map(|message| message["ended"].as_array().expect("a list"));
    let mut ids: Vec<&str> = ended.map(|report| report["id"].as_str().expect("an id")).collect();
    ids.sort_unstable();
    ids
}

#[test]
fn a_command_is_told_once_of_each_task_and_once_of_a_group() {
    let sandbox = Sandbox::new();
    let heard_by = sandbox.work().join("heard");
    sandbox.configure(&format!(
        "[notifications]
        desktop = false
        command = [\"sh\", \"-c\", \"cat >> '{}'\"]
        gather = \"100ms\"
        [presets.two.children.a]
        executor = \"shell\"
        params = {{ command = \"true\" }}
        [presets.two.children.b]
        executor = \"shell\"
        params = {{ command = \"exit 1\" }}",
        heard_by.display()
    ));
    for n in 0..4 {
        sandbox.ok(["dispatch", "shell", "echo said", "--id", &format!("t{n}")]);
    }
    sandbox.ok(["fan-out", "two", "--id", "both"]);
    sandbox.run(["wait", "both", "t0", "t1", "t2", "t3", "--timeout", "60s"]);
    let expect = ["both", "t0", "t1", "t2", "t3"];
    eventually("each is told", || ids(&heard(&sandbox)) == expect);
    // The next worker neither repeats nor forgets.
    sandbox.ok(["daemon", "stop"]);
    sandbox.ok(["dispatch", "shell", "true", "--id", "u", "--wait"]);
    eventually("the last one is told", || ids(&heard(&sandbox)).contains(&"u"));
    sandbox.ok(["daemon", "stop"]);
    let heard = heard(&sandbox);
    assert_eq!(ids(&heard), [expect.as_slice(), &["u"]].concat());

    let reports: Vec<&Value> = heard.iter().flat_map(|message| message["ended"].as_array().expect("a list")).collect();
    let report = |id: &str| reports.iter().find(|report| report["id"] == id).expect("told");
    let group = report("both");
    assert_eq!((&group["state"], &group["preset"]), (&"failed".into(), &"two".into()), "{group}");
    assert_eq!(group["summary"], "1 of 2 tasks completed, 1 failed", "{group}");
    let task = report("t0");
    assert_eq!((&task["state"], &task["executor"]), (&"completed".into(), &"shell".into()), "{task}");
    assert!(task["duration_ms"].is_u64() && task["cwd"].is_string() && task["tally"].is_null(), "{task}");
}

#[test]
fn what_is_told_is_chosen_by_executor_priority_and_time() {
    let sandbox = Sandbox::new();
    let heard_by = sandbox.work().join("heard");
    sandbox.configure(&format!(
        "[notifications]
        desktop = false
        command = [\"sh\", \"-c\", \"cat >> '{}'\"]
        gather = \"0s\"
        min_duration = \"3s\"
        priorities = [\"high\", \"low\"]
        [executors.quiet]
        extends = \"shell\"
        notifications = false",
        heard_by.display()
    ));
    for (id, executor, priority, command) in [
        ("told", "shell", "high", "sleep 3.1"),
        ("quick", "shell", "high", "true"),
        ("usual", "shell", "medium", "sleep 3.1"),
        ("of-quiet", "quiet", "high", "sleep 3.1"),
        ("told-2", "shell", "low", "sleep 3.1; exit 1"),
    ] {
        sandbox.ok(["dispatch", executor, command, "--id", id, "--priority", priority]);
    }
    sandbox.run(["wait", "told", "quick", "usual", "of-quiet", "told-2", "--timeout", "60s"]);
    eventually("two are told", || ids(&heard(&sandbox)).len() >= 2);
    // A daemon that runs takes up that nobody is to be told any more.
    sandbox.configure("notifications = false\n");
    sandbox.ok(["dispatch", "shell", "sleep 3.1", "--id", "off", "--priority", "high", "--wait"]);
    sandbox.ok(["daemon", "stop"]);
    assert_eq!(ids(&heard(&sandbox)), ["told", "told-2"]);
}

#[test]
fn f30_a_command_that_hangs_or_fails_holds_nothing_up() {
    let sandbox = Sandbox::new();
    let pids = sandbox.work().join("pids");
    sandbox.configure(&format!(
        "[notifications]\ndesktop = false\ngather = \"0s\"\ncommand = [\"sh\", \"-c\", \"echo $$ >> '{}'; cat /dev/zero\"]\n",
        pids.display()
    ));
    sandbox.ok(["dispatch", "shell", "true", "--id", "first", "--wait"]);
    eventually("it hangs", || sandbox.read("pids").lines().count() == 1);
    // Tasks go on meanwhile.
    for _ in 0..5 {
        sandbox.ok(["dispatch", "shell", "true", "--wait"]);
    }
    let pid: i32 = sandbox.read("pids").trim().parse().expect("a pid");
    assert!(is_alive(pid), "nobody waited for it");
    let found = || diagnosis(&sandbox.run(["doctor", "--json"])).swap_remove(0);
    eventually("the doctor knows", || found()["status"] == "warning");
    let found_it = found();
    let said = found_it["message"].as_str().expect("a message");
    assert!(said.contains("sh took more than 5s and was ended"), "{said}");
    // What it says to type says what the settings say.
    let hint = found_it["hint"].as_str().expect("a hint");
    assert!(hint.contains("| sh -c 'echo $$ >> '"), "{hint}");
    assert!(!is_alive(pid), "it was ended");

    // One that is not there is said before anything has ended.
    sandbox.configure("[notifications]\ndesktop = false\ncommand = [\"no-such-program\"]\n");
    let found = found();
    assert_eq!(found["status"], "warning", "{found}");
    assert!(found["message"].as_str().is_some_and(|said| said.contains("`no-such-program` was not found")), "{found}");
    assert_eq!(sandbox.run(["doctor"]).code, 0, "nothing of it is needed");
}

/// What a terminal receives from that command, which waits there. The task is `held` by its pipe until the command
/// shows that it waits for it.
fn on_a_terminal(sandbox: &Sandbox, words: &str, held: Option<&Path>) -> String {
    let hob = env!("CARGO_BIN_EXE_hob");
    let mut script = sandbox.command("script");
    script.args(["-qec", &format!("stty cols 80; '{hob}' {words}"), "/dev/null"]).env("TERM", "xterm-256color");
    let mut script = Ends(script.stdout(Stdio::piped()).spawn().expect("script, of util-linux"));
    let mut stdout = script.0.stdout.take().expect("a pipe");
    let mut received = Vec::new();
    let mut held = held;
    let mut buffer = [0; 4096];
    loop {
        let count = stdout.read(&mut buffer).expect("read");
        if count == 0 {
            return String::from_utf8_lossy(&received).into_owned();
        }
        received.extend_from_slice(&buffer[..count]);
        if let Some(pipe) = held
            && String::from_utf8_lossy(&received).contains(" running")
        {
            fs::write(pipe, "x\n").expect("let go");
            held = None;
        }
    }
}

#[test]
fn the_terminal_in_which_a_command_waits_is_told() {
    let sandbox = Sandbox::with_config(
        "[notifications]\ndesktop = false\nterminal = \"osc9\"\n\
         [executors.quiet]\nextends = \"shell\"\nnotifications = false\n",
    );
    let held = sandbox.pipe("held");
    let terminal = |words: &str| on_a_terminal(&sandbox, words, Some(&held));
    let received = terminal("dispatch shell 'read line < held' --id held-1 --wait");
    let told = "\u{1b}]9;Background task 'held-1' complete: shell, ";
    assert_eq!(received.matches(told).count(), 1, "{received:?}");
    // Nobody waited for that one any more, and of this one nobody wants to hear.
    assert!(!on_a_terminal(&sandbox, "wait held-1", None).contains("\u{1b}]9;"));
    assert!(!terminal("dispatch quiet 'read line < held' --wait").contains("\u{1b}]9;"));

    sandbox.configure("[notifications]\ndesktop = false\nterminal = \"osc777\"\n");
    let received = terminal("dispatch shell 'read line < held; exit 4' --id bad --follow");
    assert!(received.contains("\u{1b}]777;notify;Background task 'bad' failed;shell, "), "{received:?}");
    // Without a terminal there are no sequences.
    let ran = sandbox.run(["dispatch", "shell", "sleep 0.2", "--wait"]);
    assert!(!ran.stderr.contains('\u{1b}') && !ran.stdout.contains('\u{1b}'), "{ran:?}");
}
