use crate::{
    faults::oracle,
    sandbox::{Sandbox, eventually, is_alive},
};
use hob_fault_case::Case;
use std::{
    fs,
    time::{Duration, Instant},
};

/// How soon it has to be noticed.
const SOON: Duration = Duration::from_secs(10);

#[test]
fn f17_a_daemon_without_its_folder_ends_its_tasks_and_makes_nothing_anew() {
    let case = Case::begin(17);
    let mut slowest = Duration::ZERO;
    let ways = ["removed", "moved", "replaced"];
    for way in ways {
        let sandbox = Sandbox::new();
        for n in 0..3 {
            let command = format!("setsid sleep 600 & echo $! > far{n}; echo $$ > pid{n}; exec sleep 600");
            sandbox.ok(["dispatch", "shell", &command, "--id", &format!("s{n}")]);
        }
        sandbox.ok(["dispatch", "shell", "true", "--id", "done", "--wait"]);
        let mut pids = vec![sandbox.daemon_pid()];
        for name in (0..3).flat_map(|n| [format!("pid{n}"), format!("far{n}")]) {
            eventually("it runs", || sandbox.read(&name).ends_with('\n'));
            pids.push(sandbox.read(&name).trim().parse().expect("a pid"));
        }
        let (state, moved) = (sandbox.state(), sandbox.home().join("moved"));
        let since = Instant::now();
        match way {
            "removed" => eventually("removed", || fs::remove_dir_all(&state).is_ok() || !state.exists()),
            "moved" => fs::rename(&state, &moved).expect("moved"),
            _ => {
                fs::rename(&state, &moved).expect("moved");
                fs::create_dir(&state).expect("made");
                fs::write(state.join("mine"), "a text").expect("written");
            }
        }
        eventually("the daemon is gone, with all that it had started", || !pids.iter().any(|pid| is_alive(*pid)));
        slowest = slowest.max(since.elapsed());
        assert!(since.elapsed() < SOON, "{way}: only after {:?}", since.elapsed());
        eventually("nothing of hob's is left", || oracle::processes(&sandbox).is_empty());
        match way {
            "replaced" => {
                let names: Vec<_> = fs::read_dir(&state).expect("listed").flatten().map(|e| e.file_name()).collect();
                assert_eq!(names, ["mine"], "nothing was made in what is there now");
            }
            _ => assert!(!state.exists(), "{way}: nothing was made anew"),
        }
        if moved.exists() {
            // Where it went, everything is as it was, and goes on there.
            let _ = fs::remove_dir_all(&state);
            fs::rename(&moved, &state).expect("moved back");
            assert_eq!(sandbox.state_of("done"), "completed");
            assert_eq!(sandbox.wait(&["s0", "s1", "s2"]), 1);
            assert_eq!(sandbox.show("s0")["failure"]["kind"], "worker-lost");
        }
    }
    let note = format!("noticed, and all ended, within {:.1} s", slowest.as_secs_f64());
    case.end("folders taken away", ways.len() as u64, 0, 0, &note);
}
