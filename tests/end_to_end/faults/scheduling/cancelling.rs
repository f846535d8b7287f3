//! Cancelling against everything else, with pauses at random moments.

use crate::{
    faults::oracle,
    sandbox::{Sandbox, eventually, kill},
};
use hob_fault_case::Case;
use nix::sys::signal::Signal::{SIGCONT, SIGKILL, SIGSTOP};
use std::{
    collections::BTreeSet,
    io::Read as _,
    process::Stdio,
    thread::{self, sleep},
    time::Duration,
};

/// What somebody does to the daemon while a task is cancelled.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Meanwhile {
    Nothing,
    Stop,
    Kill,
}

#[test]
fn f27_nothing_runs_after_cancelled_was_printed_whatever_happens_to_the_daemon_meanwhile() {
    let mut case = Case::begin(27);
    let sandbox = Sandbox::new();
    sandbox.ok(["daemon", "start"]);
    let rounds = case.scale(15, 600);
    let (mut cancelled, mut ended, mut grown) = (Vec::new(), 0, 0);
    for round in 0..rounds {
        let id = format!("r{round}");
        // It lives for a moment, so that it may also end before it is cancelled, or for ever.
        let rest = if case.chance().bool() { "exit 0" } else { "true" };
        let beats =
            format!("n=0; while [ $n -lt 4 ] || {rest}; do echo x >> beat-{id}; n=$((n + 1)); sleep 0.01; done");
        sandbox.ok(["dispatch", "shell", &beats, "--id", &id]);
        sleep(Duration::from_micros(case.chance().u64(0..60_000)));
        let meanwhile = [Meanwhile::Nothing, Meanwhile::Stop, Meanwhile::Kill][round % 3];
        let daemon = sandbox.daemon_pid();
        match meanwhile {
            Meanwhile::Nothing => {}
            Meanwhile::Stop => kill(daemon, SIGSTOP),
            Meanwhile::Kill => kill(daemon, SIGKILL),
        }
        let mut cancel = sandbox.hob(["cancel", &id, "--json"]).stdout(Stdio::piped()).spawn().expect("starts");
        let (said, beats) = thread::scope(|scope| {
            // What it has done is counted when that was printed, whatever the daemon is kept from until then.
            let heard = scope.spawn(|| {
                let mut said = String::new();
                cancel.stdout.take().expect("a pipe").read_to_string(&mut said).expect("text");
                (said, sandbox.read(&format!("beat-{id}")).len())
            });
            sleep(Duration::from_micros(case.chance().u64(0..60_000)));
            match meanwhile {
                Meanwhile::Nothing => {}
                Meanwhile::Stop => kill(daemon, SIGCONT),
                Meanwhile::Kill => eventually("there is a daemon", || {
                    sandbox.run(["daemon", "start"]).code == 0
                        && sandbox.json(["status", "--json"])["daemon"]["info"]["pid"].as_i64() != Some(daemon.into())
                }),
            }
            heard.join().expect("no panic")
        });
        cancel.wait().expect("ended");
        let said: serde_json::Value = serde_json::from_str(&said).expect("JSON");
        let now = sandbox.state_of(&id);
        assert_eq!(said["state"], now.as_str(), "what was printed is how it ended");
        if said["cancelled"] == true {
            cancelled.push((id, beats));
        } else {
            assert!(now == "completed" || now == "failed", "{now}");
            ended += 1;
        }
    }
    for (id, beats) in &cancelled {
        grown += u64::from(sandbox.read(&format!("beat-{id}")).len() != *beats);
        assert_eq!(sandbox.state_of(id), "cancelled");
    }
    assert!(!cancelled.is_empty());
    oracle::sound(&sandbox, &(0..rounds).map(|round| format!("r{round}")).collect::<BTreeSet<_>>());
    let note = format!("{} cancelled, {ended} had ended; none ran on", cancelled.len());
    case.end("cancels with the daemon stopped or killed", rounds as u64, grown, 0, &note);
}
