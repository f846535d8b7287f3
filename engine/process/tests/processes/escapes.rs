//! Programs that do not want to end, or that leave something behind.

use crate::{
    Case,
    fixture::{DEADLINE, Fixture, guard_of, in_time, kill, read_all, ready, runtime, stat, until},
};
use hob_core::ExitStatus;
use hob_process::{StdioSpec, TreeEnd};
use nix::sys::signal::Signal;
use std::time::{Duration, Instant};

pub(crate) const CASES: &[Case] = &[
    ("f33_a_grandchild_that_holds_the_pipe_delays_nothing", f33_held_pipe),
    ("f34_what_setsid_started_ends", |f| escape(f, "setsid sh -c 'echo ready; exec sleep 600' & wait")),
    ("f34_what_forked_twice_ends", |f| {
        escape(f, "(setsid sh -c '(echo ready; exec sleep 600) & exit' &); sleep 600");
    }),
    ("f34_nohup_ends", |f| escape(f, "nohup sh -c 'echo ready; exec sleep 600' & wait")),
    ("f34_closed_descriptors_do_not_hide", |f| {
        escape(f, "(setsid sh -c 'echo ready; exec sleep 600 <&- >&- 2>&-' &) ; exec sleep 600");
    }),
    ("f34_an_own_group_that_ignores_everything_ends", |f| {
        escape(f, "setsid sh -c 'trap \"\" TERM HUP INT; echo ready; while :; do sleep 600; done' & wait");
    }),
    ("f34_what_is_left_behind_at_the_exit_ends", left_behind),
    ("f34_a_chain_that_keeps_forking_and_leaving_ends", hopping),
    ("f35_a_storm_of_forks_ends", storm),
    ("f35_a_tree_that_grows_beyond_its_limit_is_ended_and_says_so", crowded),
    ("f35_a_tree_within_its_limit_is_left_alone", not_crowded),
    ("f36_who_ignores_term_is_killed_after_the_grace", f36_ignores_term),
    ("f36_who_stopped_itself_ends", f36_stopped),
    ("the_grace_is_time_to_clean_up", clean_up),
    ("no_grace_means_at_once", at_once),
    ("a_dropped_child_ends", dropped),
    ("a_dropped_spawn_leaves_nothing", dropped_spawn),
    ("a_killed_guard_leaves_its_tree_to_the_zygote", guard_killed),
    ("a_tree_whose_guard_was_killed_is_gone_when_that_is_said", guard_killed_often),
    ("a_stopped_guard_goes_on", guard_stopped),
];

/// Starts a script that prints `ready` once it has escaped, ends it, and looks for what is left.
fn escape(fixture: &Fixture, script: &str) {
    runtime().block_on(async {
        let (mut request, mark) = fixture.shell(script);
        request.stdout = StdioSpec::Pipe;
        let mut child = fixture.zygote.spawn(request).await.expect("spawned");
        let _pipe = ready(&mut child, 1).await;
        // In the middle of an exec a process shows no variables.
        until("a program and its escape live", || mark.living().len() >= 2);
        assert_eq!(in_time(child.terminate(Duration::from_millis(300))).await, TreeEnd::Gone);
        assert_eq!(mark.living(), [0_u32; 0]);
    });
}

fn f33_held_pipe(fixture: &Fixture) {
    runtime().block_on(async {
        // Deaf to the request of its group to end.
        let (mut request, mark) = fixture.shell("trap '' TERM; sleep 600 & echo done");
        request.stdout = StdioSpec::Pipe;
        let start = Instant::now();
        let mut child = fixture.zygote.spawn(request).await.expect("spawned");
        assert_eq!(in_time(child.wait()).await, ExitStatus::Code(0));
        assert_eq!(read_all(&mut child).await, b"done\n");
        assert_eq!(in_time(child.tree().ended()).await, TreeEnd::Gone);
        assert!(start.elapsed() < Duration::from_secs(5), "{:?}", start.elapsed());
        assert_eq!(mark.living(), [0_u32; 0]);
    });
}

/// The exit counts at once, though what is left ignores the request to end.
fn left_behind(fixture: &Fixture) {
    runtime().block_on(async {
        let (mut request, mark) =
            fixture.shell("setsid sh -c 'trap \"\" TERM; echo ready; while :; do sleep 600; done' & read _; exit 3");
        (request.stdin, request.stdout) = (StdioSpec::Pipe, StdioSpec::Pipe);
        let mut child = fixture.zygote.spawn(request).await.expect("spawned");
        let _pipe = ready(&mut child, 1).await;
        drop(child.take_stdin());
        assert_eq!(in_time(child.wait()).await, ExitStatus::Code(3));
        assert_eq!(child.tree().try_end(), None, "the rest has its grace");
        assert_eq!(in_time(child.tree().ended()).await, TreeEnd::Gone);
        assert_eq!(mark.living(), [0_u32; 0]);
    });
}

/// Each process starts the next in a session of its own and is gone.
fn hopping(fixture: &Fixture) {
    let script = fixture.folder.path().join("hop");
    std::fs::write(&script, "setsid sh \"$0\" & exit\n").expect("written");
    runtime().block_on(async {
        let (request, mark) = fixture.shell(&format!("setsid sh {} & exec sleep 600", script.display()));
        let child = fixture.zygote.spawn(request).await.expect("spawned");
        let first = child.pid();
        // It goes round: numbers far from the first are in use.
        until("it hops", || mark.living().iter().any(|pid| *pid > first + 20 || *pid + 20 < first));
        let start = Instant::now();
        assert_eq!(in_time(child.terminate(Duration::from_millis(100))).await, TreeEnd::Gone);
        assert!(start.elapsed() < Duration::from_secs(10), "{:?}", start.elapsed());
        assert_eq!(mark.living(), [0_u32; 0]);
    });
}

/// Three generations of ten, most of which outlive their parent; still forking when the end comes.
fn storm(fixture: &Fixture) {
    let script = fixture.folder.path().join("storm");
    let text = "[ $1 = 0 ] && exec sleep 600\nfor n in 1 2 3 4 5 6 7; do setsid sh \"$0\" $(($1 - 1)) & done\nexit\n";
    std::fs::write(&script, text).expect("written");
    runtime().block_on(async {
        let (request, mark) = fixture.shell(&format!("sh {} 3; exec sleep 600", script.display()));
        let child = fixture.zygote.spawn(request).await.expect("spawned");
        until("there are many", || mark.living().len() > 60);
        assert_eq!(in_time(child.terminate(Duration::ZERO)).await, TreeEnd::Gone);
        assert_eq!(mark.living(), [0_u32; 0]);
    });
}

fn crowded(fixture: &Fixture) {
    runtime().block_on(async {
        let (mut request, mark) =
            fixture.shell("n=0; while [ $n -lt 60 ]; do setsid sleep 600 & n=$((n + 1)); done; exec sleep 600");
        request.processes = 20;
        let child = fixture.zygote.spawn(request).await.expect("spawned");
        assert_eq!(in_time(child.wait()).await, ExitStatus::Signal(9));
        assert_eq!(in_time(child.tree().ended()).await, TreeEnd::Gone);
        assert_eq!(child.tree().crowded(), Some(20));
        assert_eq!(mark.living(), [0_u32; 0]);
    });
}

/// As many come and go as would be too many at once.
fn not_crowded(fixture: &Fixture) {
    runtime().block_on(async {
        let (mut request, _) = fixture.shell(
            "n=0; while [ $n -lt 200 ]; do /bin/true; n=$((n + 1)); done; \
             n=0; while [ $n -lt 15 ]; do sleep 600 & n=$((n + 1)); done; sleep 0.6; exit 5",
        );
        request.processes = 20;
        let child = fixture.zygote.spawn(request).await.expect("spawned");
        assert_eq!(in_time(child.wait()).await, ExitStatus::Code(5));
        assert_eq!(in_time(child.tree().ended()).await, TreeEnd::Gone);
        assert_eq!(child.tree().crowded(), None);
    });
}

fn f36_ignores_term(fixture: &Fixture) {
    runtime().block_on(async {
        let (mut request, mark) = fixture.shell("trap '' TERM INT HUP; echo ready; while :; do sleep 600; done");
        request.stdout = StdioSpec::Pipe;
        let mut child = fixture.zygote.spawn(request).await.expect("spawned");
        let _pipe = ready(&mut child, 1).await;
        let (start, grace) = (Instant::now(), Duration::from_millis(300));
        assert_eq!(in_time(child.terminate(grace)).await, TreeEnd::Gone);
        assert!(start.elapsed() >= grace, "{:?}", start.elapsed());
        assert_eq!(child.try_status(), Some(ExitStatus::Signal(9)));
        assert_eq!(mark.living(), [0_u32; 0]);
    });
}

fn f36_stopped(fixture: &Fixture) {
    for (script, status) in [("kill -STOP $$", 15), ("trap '' TERM; kill -STOP $$; while :; do sleep 600; done", 9)] {
        runtime().block_on(async {
            let (request, mark) = fixture.shell(script);
            let child = fixture.zygote.spawn(request).await.expect("spawned");
            until("it is stopped", || stat(child.pid(), 0).as_deref() == Some("T"));
            assert_eq!(in_time(child.terminate(Duration::from_millis(300))).await, TreeEnd::Gone);
            assert_eq!(child.try_status(), Some(ExitStatus::Signal(status)));
            assert_eq!(mark.living(), [0_u32; 0]);
        });
    }
}

fn clean_up(fixture: &Fixture) {
    runtime().block_on(async {
        // Short naps: the shell acts on a signal between two, and may start one after it came.
        let (mut request, _) = fixture.shell("trap 'echo bye; exit 4' TERM; echo ready; while :; do sleep 0.05; done");
        request.stdout = StdioSpec::Pipe;
        let mut child = fixture.zygote.spawn(request).await.expect("spawned");
        let mut pipe = ready(&mut child, 1).await;
        let start = Instant::now();
        assert_eq!(in_time(child.terminate(DEADLINE)).await, TreeEnd::Gone);
        assert!(start.elapsed() < DEADLINE / 2, "it did not wait the grace out");
        assert_eq!(child.try_status(), Some(ExitStatus::Code(4)));
        let mut rest = String::new();
        tokio::io::AsyncReadExt::read_to_string(&mut pipe, &mut rest).await.expect("read");
        assert_eq!(rest, "bye\n");
    });
}

fn at_once(fixture: &Fixture) {
    runtime().block_on(async {
        let (mut request, _) = fixture.shell("trap 'exit 4' TERM; echo ready; while :; do sleep 600; done");
        request.stdout = StdioSpec::Pipe;
        let mut child = fixture.zygote.spawn(request).await.expect("spawned");
        let _pipe = ready(&mut child, 1).await;
        // A second thought shortens the first.
        child.start_ending(Duration::from_mins(10)).expect("told");
        assert_eq!(in_time(child.terminate(Duration::ZERO)).await, TreeEnd::Gone);
        let (request, _) = fixture.shell("trap '' TERM; while :; do sleep 600; done");
        let child = fixture.zygote.spawn(request).await.expect("spawned");
        assert_eq!(in_time(child.terminate(Duration::ZERO)).await, TreeEnd::Gone);
        assert_eq!(child.try_status(), Some(ExitStatus::Signal(9)));
    });
}

fn dropped(fixture: &Fixture) {
    runtime().block_on(async {
        let (mut request, mark) =
            fixture.shell("trap '' TERM; setsid sleep 600 & echo ready; while :; do sleep 600; done");
        request.stdout = StdioSpec::Pipe;
        let mut child = fixture.zygote.spawn(request).await.expect("spawned");
        let _pipe = ready(&mut child, 1).await;
        let tree = child.tree();
        drop(child);
        assert_eq!(in_time(tree.ended()).await, TreeEnd::Gone);
        assert_eq!(tree.try_status(), Some(ExitStatus::Signal(9)));
        assert_eq!(mark.living(), [0_u32; 0]);
    });
}

/// A future that is dropped at any point, here after each number of polls.
fn dropped_spawn(fixture: &Fixture) {
    for polls in 1..6 {
        let (request, mark) = fixture.shell("sleep 600");
        runtime().block_on(async {
            let mut spawn = Box::pin(fixture.zygote.spawn(request));
            for _ in 0..polls {
                let ready = tokio::time::timeout(Duration::from_micros(200), &mut spawn).await;
                if ready.is_ok() {
                    break;
                }
            }
        });
        until("nothing of it lives", || mark.living().is_empty());
    }
}

fn guard_killed(fixture: &Fixture) {
    runtime().block_on(async {
        let (mut request, mark) =
            fixture.shell("trap '' TERM; setsid sh -c 'echo ready; exec sleep 600' & while :; do sleep 600; done");
        request.stdout = StdioSpec::Pipe;
        let mut child = fixture.zygote.spawn(request).await.expect("spawned");
        let other = fixture.zygote.spawn(fixture.shell("read _; exit 9").0).await.expect("spawned");
        let (request, other_mark) = fixture.shell("exec sleep 600");
        let bystander = fixture.zygote.spawn(request).await.expect("spawned");
        let _pipe = ready(&mut child, 1).await;
        kill(guard_of(&child), Signal::SIGKILL);
        assert_eq!(in_time(child.wait()).await, ExitStatus::Signal(9));
        assert_eq!(in_time(child.tree().ended()).await, TreeEnd::Gone);
        assert_eq!(mark.living(), [0_u32; 0]);
        assert_eq!(in_time(other.wait()).await, ExitStatus::Code(9), "others are not touched");
        assert_eq!(other_mark.living(), [bystander.pid()]);
        assert_eq!(in_time(bystander.terminate(Duration::from_secs(5))).await, TreeEnd::Gone);
    });
}

/// A guard's sockets are closed before its children are handed on; the answer has to wait for both. The
/// gap is small, hence many tries.
fn guard_killed_often(fixture: &Fixture) {
    runtime().block_on(async {
        for _ in 0..100 {
            let (request, mark) = fixture.shell("sleep 600 & sleep 600 & exec sleep 600");
            let child = fixture.zygote.spawn(request).await.expect("spawned");
            kill(guard_of(&child), Signal::SIGKILL);
            assert_eq!(in_time(child.tree().ended()).await, TreeEnd::Gone);
            assert_eq!(mark.living(), [0_u32; 0]);
        }
    });
}

fn guard_stopped(fixture: &Fixture) {
    runtime().block_on(async {
        let (request, mark) = fixture.shell("exec sleep 600");
        let child = fixture.zygote.spawn(request).await.expect("spawned");
        kill(guard_of(&child), Signal::SIGSTOP);
        assert_eq!(in_time(child.terminate(Duration::from_millis(300))).await, TreeEnd::Gone);
        assert_eq!(mark.living(), [0_u32; 0]);
    });
}
