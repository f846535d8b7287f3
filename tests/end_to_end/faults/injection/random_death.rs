//! 01: random death in a long run.

use super::{runs, whole};
use crate::{
    faults::oracle::{self, database},
    sandbox::{DEADLINE, Sandbox},
};
use hob_fault_case::Case;
use nix::{
    sys::{
        signal::{Signal, kill},
        wait::{Id, WaitPidFlag, waitid},
    },
    unistd::Pid,
};
use rusqlite::{Connection, OpenFlags};
use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    io::Write as _,
    process::{Command, ExitStatus, Stdio},
    sync::{
        Mutex,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

const DISPATCHERS: usize = 4;
const LAZY: usize = 3;
/// What the promise asks of each recovery.
const SOON: Duration = Duration::from_secs(2);
/// Between two looks.
const PACE: Duration = Duration::from_millis(5);

#[derive(Clone, Copy, PartialEq, Eq)]
enum Role {
    Dispatcher,
    Lazy,
    Daemon,
}

/// What the threads of the case share.
struct Field {
    sandbox: Sandbox,
    tasks: usize,
    kills: usize,
    /// Processes that may be killed. Whoever is in it is not reaped yet, so its number is nobody else's.
    alive: Mutex<BTreeMap<i32, Role>>,
    next: AtomicUsize,
    killed: AtomicUsize,
    acknowledged: Mutex<BTreeSet<String>>,
    recoveries: Mutex<Vec<Duration>>,
    is_over: AtomicBool,
}

impl Field {
    /// Starts a process, and waits for its end.
    fn run(&self, role: Role, mut command: Command, input: &str) -> ExitStatus {
        let mut child = command.stdin(Stdio::piped()).spawn().expect("starts");
        let pid = child.id().cast_signed();
        self.alive().insert(pid, role);
        // It may be dead by now.
        let _ = child.stdin.take().expect("a pipe").write_all(input.as_bytes());
        waitid(Id::Pid(Pid::from_raw(pid)), WaitPidFlag::WEXITED | WaitPidFlag::WNOWAIT).expect("a child");
        self.alive().remove(&pid);
        child.wait().expect("a child")
    }

    fn alive(&self) -> std::sync::MutexGuard<'_, BTreeMap<i32, Role>> {
        self.alive.lock().expect("no panic")
    }

    fn recovered(&self, since: Instant) {
        self.recoveries.lock().expect("no panic").push(since.elapsed());
    }

    /// Hands in batches, each again and again until it is acknowledged, spread over the time of the kills.
    fn dispatch(&self, mut chance: hob_fault_case::Rng) {
        loop {
            let size = chance.usize(1..=20);
            let from = self.next.fetch_add(size, Ordering::Relaxed);
            if from >= self.tasks {
                return;
            }
            while from * self.kills > (self.killed.load(Ordering::Relaxed) + 2) * self.tasks {
                thread::sleep(PACE);
            }
            let ids: Vec<String> = (from..self.tasks.min(from + size)).map(|n| format!("t{n}")).collect();
            let line = |id: &String| {
                let params = serde_json::json!({ "command": format!("echo {id} >> ran") });
                format!("{}\n", serde_json::json!({ "executor": "shell", "id": id, "params": params }))
            };
            let batch: String = ids.iter().map(line).collect();
            let mut since = None;
            loop {
                let ended = self.run(Role::Dispatcher, self.hob(&["dispatch", "--batch", "-"]), &batch);
                if ended.success() {
                    break;
                }
                // Killed, or busy; anything else would be so for ever.
                let said = || self.sandbox.read("dispatch.err");
                assert!(matches!(ended.code(), None | Some(75)), "{ended}: {}", said());
                since.get_or_insert_with(Instant::now);
            }
            if let Some(since) = since {
                self.recovered(since);
            }
            self.acknowledged.lock().expect("no panic").extend(ids);
        }
    }

    fn hob(&self, args: &[&str]) -> Command {
        let mut command = self.sandbox.hob(args);
        let said = fs::File::options().create(true).append(true).open(self.sandbox.work().join("dispatch.err"));
        command.stdout(Stdio::null()).stderr(said.expect("opened"));
        command
    }

    /// One lazy worker after another.
    fn work(&self) {
        while !self.is_over.load(Ordering::Relaxed) {
            self.run(Role::Lazy, self.hob(&["work"]), "");
            thread::sleep(PACE);
        }
    }

    /// Kills one that lives, if there is one of its sort; waits until the others have done what follows from that.
    fn kill(&self, role: Role, chance: &mut hob_fault_case::Rng) -> bool {
        let at = Instant::now();
        let pid = if role == Role::Daemon {
            let Some(pid) = self.daemon() else { return false };
            kill(Pid::from_raw(pid), Signal::SIGKILL).expect("a signal sent");
            pid
        } else {
            let alive = self.alive();
            let of_role: Vec<i32> = alive.iter().filter(|(_, one)| **one == role).map(|(pid, _)| *pid).collect();
            let Some(pid) = chance.choice(of_role) else { return false };
            kill(Pid::from_raw(pid), Signal::SIGKILL).expect("a signal sent");
            pid
        };
        self.killed.fetch_add(1, Ordering::Relaxed);
        if role != Role::Dispatcher {
            self.until_signed_off(pid, at);
        }
        true
    }

    fn daemon(&self) -> Option<i32> {
        let info = fs::read_to_string(self.sandbox.state().join("daemon.alive")).ok()?;
        let info: serde_json::Value = serde_json::from_str(&info).ok()?;
        let pid = info["pid"].as_i64()?.try_into().ok()?;
        oracle::processes(&self.sandbox).contains(&pid).then_some(pid)
    }

    /// Waits until what a dead worker held is somebody else's business. Its name has its process id.
    fn until_signed_off(&self, pid: i32, at: Instant) {
        let flags = OpenFlags::SQLITE_OPEN_READ_ONLY;
        let open = Connection::open_with_flags(database(&self.sandbox), flags).expect("opens");
        open.busy_timeout(DEADLINE).expect("set");
        let mut query = open.prepare("SELECT count(*) FROM workers WHERE worker LIKE ?1").expect("a query");
        let mut left = || query.query_row([format!("%-{pid}-%")], |row| row.get::<_, i64>(0)).expect("a count");
        while left() > 0 {
            assert!(at.elapsed() < DEADLINE, "nobody looked after the tasks of {pid}");
            thread::sleep(PACE);
        }
        self.recovered(at);
    }
}

#[test]
fn f01_random_death_loses_nothing_and_runs_nothing_twice() {
    let mut case = Case::begin(1);
    let (kills, tasks) = case.scale((3, 150), (200, 10_000));
    let field = Field {
        sandbox: Sandbox::with_config("notifications = false\n"),
        tasks,
        kills,
        alive: Mutex::default(),
        next: AtomicUsize::default(),
        killed: AtomicUsize::default(),
        acknowledged: Mutex::default(),
        recoveries: Mutex::default(),
        is_over: AtomicBool::default(),
    };
    field.sandbox.ok(["dispatch", "shell", "true", "--id", "first", "--wait"]);
    let chances: Vec<_> = (0..DISPATCHERS).map(|_| case.chance().fork()).collect();
    thread::scope(|scope| {
        let field = &field;
        // A test that fails here would otherwise wait for its workers for ever.
        let _end = Ending(&field.is_over);
        let dispatchers: Vec<_> = chances.into_iter().map(|chance| scope.spawn(|| field.dispatch(chance))).collect();
        for _ in 0..LAZY {
            scope.spawn(|| field.work());
        }
        while field.killed.load(Ordering::Relaxed) < kills {
            thread::sleep(Duration::from_millis(case.chance().u64(50..=500)));
            let role = [Role::Dispatcher, Role::Lazy, Role::Daemon][case.chance().usize(..3)];
            field.kill(role, case.chance());
        }
        for dispatcher in dispatchers {
            dispatcher.join().expect("no panic");
        }
        let end = Instant::now() + DEADLINE;
        while whole(&database(&field.sandbox)).values().any(|state| state == "pending" || state == "running") {
            assert!(Instant::now() < end, "not all tasks have ended");
            thread::sleep(PACE * 20);
        }
    });

    let acknowledged = field.acknowledged.lock().expect("no panic").clone();
    assert_eq!(acknowledged.len(), tasks);
    oracle::sound(&field.sandbox, &acknowledged);
    let states = whole(&database(&field.sandbox));
    let runs = runs(&field.sandbox);
    let twice = runs.values().filter(|times| **times > 1).count();
    let unfounded = states.iter().filter(|(id, state)| {
        *id != "first" && if *state == "completed" { !runs.contains_key(*id) } else { *state != "failed" }
    });
    let lost = twice + unfounded.count();
    let worker_lost = states.values().filter(|state| *state == "failed").count();
    assert!(worker_lost <= kills * 5, "{worker_lost} lost their worker in {kills} kills of at most five running tasks");
    let recoveries = field.recoveries.lock().expect("no panic");
    let slowest = recoveries.iter().max().copied().unwrap_or_default();
    // Beside other tests on a small machine it may take longer than it does by itself.
    let bound = case.scale(SOON * 5, SOON);
    assert!(slowest < bound, "a recovery took {slowest:?}");
    let note =
        format!("{tasks} tasks, slowest recovery {:.1} s, {worker_lost} lost their worker", slowest.as_secs_f64());
    case.end("kills", kills as u64, lost as u64, 0, &note);
}

struct Ending<'a>(&'a AtomicBool);

impl Drop for Ending<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}
