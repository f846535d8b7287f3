//! Who dies, and what lives on.

use super::{ENTER, children, stat, trees};
use crate::{
    faults::oracle::{processes, sound},
    sandbox::{DEADLINE, Sandbox, eventually, is_alive, kill},
};
use hob_fault_case::Case;
use nix::sys::signal::Signal;
use std::{
    fs,
    process::{Child, Stdio},
    time::{Duration, Instant},
};

/// One child of each kind that wants to stay, and the program itself.
const STAYS: &str = "nohup sleep 600 >/dev/null 2>&1 & \
                     (setsid sh -c 'sleep 600 <&- >&- 2>&- & exit' &); \
                     (env -i setsid sleep 600 &); \
                     exec sleep 600";
/// Processes of a task that runs it.
const EACH: usize = 4;
const TASKS: usize = 5;

/// A worker and whoever starts and looks after programs for it.
struct Family {
    worker: i32,
    zygote: i32,
    guards: Vec<i32>,
}

impl Family {
    fn of(worker: i32) -> Self {
        let name = |pid: &i32| fs::read_to_string(format!("/proc/{pid}/comm")).unwrap_or_default();
        let zygote = children(worker).into_iter().find(|pid| name(pid) == "hob-zygote\n").expect("a zygote");
        Self { worker, zygote, guards: children(zygote) }
    }
}

/// Who is killed.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Dead {
    Worker,
    Zygote,
    Guard,
    WorkerAndZygote,
    WorkerZygoteAndGuard,
    GuardAndZygote,
    Everybody,
}

/// Kills at what is one moment for them: who is stopped sees nothing of the others' end.
fn kill_together(family: &Family, dead: Dead) {
    use Dead::{Everybody, Guard, GuardAndZygote, Worker, WorkerAndZygote, WorkerZygoteAndGuard, Zygote};
    let mut victims = Vec::new();
    match dead {
        Guard | GuardAndZygote | WorkerZygoteAndGuard => victims.push(family.guards[0]),
        Everybody => victims.extend(&family.guards),
        Worker | Zygote | WorkerAndZygote => {}
    }
    if matches!(dead, Zygote | WorkerAndZygote | GuardAndZygote | WorkerZygoteAndGuard | Everybody) {
        victims.push(family.zygote);
    }
    if matches!(dead, Worker | WorkerAndZygote | WorkerZygoteAndGuard | Everybody) {
        victims.push(family.worker);
    }
    if victims.len() > 1 {
        for pid in [family.zygote, family.worker] {
            kill(pid, Signal::SIGSTOP);
            eventually("it is stopped", || stat(pid, 0).is_some_and(|state| state == "T"));
        }
    }
    for pid in &victims {
        kill(*pid, Signal::SIGKILL);
    }
    if !victims.contains(&family.worker) {
        kill(family.worker, Signal::SIGCONT);
    }
    // Without it the daemon is as good as dead, whoever looks.
    eventually("they are dead", || !victims.iter().any(|pid| is_alive(*pid)));
}

fn ids() -> Vec<String> {
    (0..TASKS).map(|n| format!("s{n}")).collect()
}

fn dispatch(sandbox: &Sandbox) {
    for id in ids() {
        sandbox.ok(["dispatch", "shell", &format!("{ENTER}{STAYS}"), "--id", &id]);
    }
}

/// Waits until only `left` processes of the tasks are there; how long that took since `start`.
fn until_left(sandbox: &Sandbox, left: usize, start: Instant) -> Duration {
    while trees(sandbox).len() > left {
        assert!(start.elapsed() < DEADLINE, "{left} of {:?}", trees(sandbox));
        std::thread::sleep(Duration::from_millis(5));
    }
    start.elapsed()
}

/// Every task says that its worker was lost, after somebody looked for that.
fn all_lost(sandbox: &Sandbox, dead: Dead) {
    sandbox.ok(["daemon", "start"]);
    let ids = ids();
    assert_eq!(sandbox.wait(&ids.iter().map(String::as_str).collect::<Vec<_>>()), 1);
    let kinds: Vec<_> = ids.iter().map(|id| sandbox.show(id)["failure"]["kind"].clone()).collect();
    // The worker may hear that a guard is gone before it hears of the zygote; that task says what it saw.
    let may_differ = usize::from(dead == Dead::GuardAndZygote);
    let others = kinds.iter().filter(|kind| **kind != "worker-lost").count();
    assert!(others <= may_differ, "{kinds:?}");
}

/// Kills while five tasks run; how long it took until nothing of them was left.
fn bereave(dead: Dead) -> Duration {
    let sandbox = Sandbox::new();
    dispatch(&sandbox);
    eventually("all run", || trees(&sandbox).len() == TASKS * EACH);
    let family = Family::of(sandbox.daemon_pid());
    assert_eq!(family.guards.len(), TASKS);
    let start = Instant::now();
    kill_together(&family, dead);
    match dead {
        // Only what had that guard.
        Dead::Guard => {
            let took = until_left(&sandbox, (TASKS - 1) * EACH, start);
            let failed = || ids().iter().filter(|id| sandbox.state_of(id) == "failed").count();
            eventually("the task says so", || failed() == 1);
            assert_eq!(trees(&sandbox).len(), (TASKS - 1) * EACH, "others are not touched");
            return took;
        }
        // Nobody is there to see it; whoever comes next ends it.
        Dead::Everybody => {
            assert!(!trees(&sandbox).is_empty());
            let since = Instant::now();
            sandbox.ok(["daemon", "start"]);
            eventually("whoever comes next ends them", || {
                let is_lost = ids().iter().any(|id| sandbox.state_of(id) == "failed");
                let left = trees(&sandbox);
                assert!(!is_lost || left.is_empty(), "called lost, and still there: {left:?}");
                left.is_empty()
            });
            let took = since.elapsed();
            all_lost(&sandbox, dead);
            sound(&sandbox, &ids().into_iter().collect());
            return took;
        }
        _ => {}
    }
    let took = until_left(&sandbox, 0, start);
    all_lost(&sandbox, dead);
    sound(&sandbox, &ids().into_iter().collect());
    took
}

#[test]
fn f32_whoever_of_the_daemons_family_is_killed_nothing_is_left_within_ten_seconds() {
    let case = Case::begin(32);
    let all = [
        Dead::Worker,
        Dead::Zygote,
        Dead::Guard,
        Dead::WorkerAndZygote,
        Dead::WorkerZygoteAndGuard,
        Dead::GuardAndZygote,
        Dead::Everybody,
    ];
    let mut took = Vec::new();
    for _ in 0..case.scale(1, 20) {
        // Most of it is waiting.
        took.extend(std::thread::scope(|scope| {
            let threads = all.map(|dead| scope.spawn(move || (dead, bereave(dead))));
            threads.map(|thread| thread.join().expect("it holds"))
        }));
    }
    let late = took.iter().filter(|(_, took)| *took > Duration::from_secs(10)).count() as u64;
    let (who, slowest) = took.iter().max_by_key(|(_, took)| *took).expect("some");
    let note = format!("slowest end of all trees {slowest:.1?} ({who:?} killed)");
    case.end("kills of worker, zygote, guard", took.len() as u64, 0, late, &note);
}

#[test]
fn f32_a_killed_lazy_worker_leaves_nothing_and_its_task_says_so() {
    for everybody in [false, true] {
        let sandbox = Sandbox::with_config("[daemon]\nautostart = false\n");
        dispatch(&sandbox);
        let workers: Vec<Child> = (0..TASKS)
            .map(|_| sandbox.hob(["work"]).stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("hob starts"))
            .collect();
        eventually("all run", || trees(&sandbox).len() == TASKS * EACH);
        let start = Instant::now();
        for mut worker in workers {
            let family = Family::of(worker.id().cast_signed());
            kill_together(&family, if everybody { Dead::Everybody } else { Dead::Worker });
            worker.wait().expect("buried");
        }
        if !everybody {
            assert!(until_left(&sandbox, 0, start) < Duration::from_secs(10));
        }
        all_lost(&sandbox, Dead::Worker);
        assert_eq!(trees(&sandbox), Vec::<i32>::new());
    }
}

#[test]
fn f33_a_grandchild_that_holds_the_pipe_holds_up_neither_the_result_nor_the_slot() {
    let sandbox = Sandbox::with_config("max_background_tasks = 1\n");
    // What is deaf to the request of its group to end has to be ended otherwise.
    let command = format!("{ENTER}sh -c 'trap \"\" TERM; sleep 600 & echo done'");
    let start = Instant::now();
    sandbox.ok(["dispatch", "shell", &command, "--id", "held", "--wait"]);
    sandbox.ok(["dispatch", "shell", "true", "--id", "next", "--wait"]);
    assert!(start.elapsed() < Duration::from_secs(10), "{:?}", start.elapsed());
    assert_eq!(trees(&sandbox), Vec::<i32>::new(), "its tree was ended");
    assert_eq!(sandbox.ok(["output", "held", "--log"]), "done\n");
}

#[test]
fn f34_what_left_its_session_its_parent_and_all_descriptors_ends_with_its_task() {
    let sandbox = Sandbox::new();
    let stays = STAYS.strip_suffix("exec sleep 600").expect("the program itself");
    let command = format!("{ENTER}{stays}while [ $(ls | wc -l) = 0 ]; do sleep 0.02; done");
    sandbox.ok(["dispatch", "shell", &command, "--id", "over"]);
    eventually("they escaped", || trees(&sandbox).len() >= EACH);
    // It ends by itself, and they do not.
    sandbox.file("trees/go", "");
    assert_eq!(sandbox.wait(&["over"]), 0);
    assert_eq!(trees(&sandbox), Vec::<i32>::new());
}

#[test]
fn f36_who_ignores_the_request_to_end_or_stopped_itself_is_killed_after_the_grace() {
    let sandbox = Sandbox::with_config("[cancel]\ngrace = \"300ms\"\n");
    let commands = [
        ("deaf", "trap '' TERM INT HUP; while :; do sleep 600; done"),
        ("stopped", "kill -STOP $$; sleep 600"),
        ("both", "trap '' TERM; kill -STOP $$; while :; do sleep 600; done"),
    ];
    for (id, command) in commands {
        sandbox.ok(["dispatch", "shell", &format!("{ENTER}{command}"), "--id", id]);
    }
    eventually("they run, or do not", || {
        let trees = trees(&sandbox);
        trees.iter().filter(|pid| stat(**pid, 0).is_some_and(|state| state == "T")).count() == 2 && trees.len() == 4
    });
    let start = Instant::now();
    sandbox.ok(["cancel", "deaf", "stopped", "both"]);
    eventually("nothing is left", || trees(&sandbox).is_empty());
    assert!(start.elapsed() < Duration::from_secs(10), "{:?}", start.elapsed());
    for (id, _) in commands {
        eventually("it is cancelled", || sandbox.state_of(id) == "cancelled");
    }
    sandbox.ok(["daemon", "stop"]);
    eventually("nothing of hob is left", || processes(&sandbox).is_empty());
}
