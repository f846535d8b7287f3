//! A hostile guest in one slot, ordinary work in the other four, and what the one costs the others.

use crate::{
    denials::executor,
    sandbox::{Ran, Sandbox},
};
use hob_fault_case::Case;
use serde_json::{Value, json};
use std::{
    fs,
    sync::atomic::{AtomicBool, Ordering::Relaxed},
    thread,
    time::{Duration, Instant},
};

/// Memory by which the daemon may have grown when hostile guests are gone.
const GROWTH_KIB: u64 = 16 << 10;
/// Time after its deadline at which an attempt is over.
const LATE_MS: u64 = 100;
/// The same where nothing is measured: other tests run beside this one.
const LATE_UNMEASURED_MS: u64 = 1500;
/// From one ordinary task of a slot to its next.
const PACE: Duration = Duration::from_millis(100);

/// One hostile task, and how it has to end.
pub struct Hostile {
    pub executor: &'static str,
    pub params: Value,
    /// Its `--timeout`.
    pub timeout_ms: Option<u64>,
    /// `completed`, or the kind of its failure.
    pub ends: &'static str,
    /// What has to be in its message, or its summary.
    pub says: &'static [&'static str],
}

/// `hostile` in one of its ways.
pub fn how(how: &str, count: u64) -> Value {
    json!({ "how": how, "count": count })
}

/// Ordinary and hostile executors with real limits, and a daemon that knows them all.
pub struct Place {
    pub sandbox: Sandbox,
    pub daemon: i32,
}

impl Place {
    /// `first` and `more` are further configuration.
    pub fn new(first: &str, more: &str) -> Self {
        let grant = "dirs = [{ host = \"{cwd}\", guest = \"/rw\", mode = \"rw\" }]\n\
                     programs = { sleep = { path = \"/bin/sleep\" } }\n\
                     http = [{ host = \"127.0.0.1\", methods = [\"GET\"], scheme = \"http\", port = PORT, local = true }]\n";
        let small = |name| format!("[executors.{name}.limits]\nmemory = \"64MiB\"\n");
        let toml = [
            first.to_owned(),
            executor("noop", "noop", ""),
            executor("hostile", "hostile", &small("hostile")),
            format!("[executors.hostile.grant]\n{}", grant.replace("PORT", "9")),
            "[executors.hostile-cpu]\nextends = \"hostile\"\n[executors.hostile-cpu.limits]\ncpu = \"300ms\"\n"
                .to_owned(),
            executor("start", "hostile_start", "[executors.start.grant]\nenv = [\"LOOP_AT_START\"]\n"),
            executor("memory", "memory_bomb", &small("memory")),
            executor("handles", "handle_bomb", ""),
            executor("recursion", "deep_recursion", ""),
            executor("faulty", "faulty", ""),
            executor("exiting", "exiting", ""),
            executor("outcomes", "outcomes", ""),
            more.to_owned(),
        ]
        .join("\n");
        let sandbox = Sandbox::with_config(&toml);
        // Compiling is nobody's latency.
        for (executor, params) in [("noop", json!({})), ("hostile", how("busy", 1)), ("start", json!({}))] {
            sandbox.ok(["dispatch", executor, "--params", &params.to_string(), "--wait"]);
        }
        for executor in ["memory", "handles", "recursion", "faulty", "exiting", "outcomes"] {
            sandbox.ok(["executors", executor]);
        }
        let daemon = sandbox.daemon_pid();
        Self { sandbox, daemon }
    }

    /// The daemon's own memory in KiB; files that it has mapped, which are compiled components, do not count.
    pub fn memory(&self) -> u64 {
        self.figure("RssAnon:")
    }

    /// A figure of the daemon in KiB.
    pub fn figure(&self, name: &str) -> u64 {
        let status = fs::read_to_string(format!("/proc/{}/status", self.daemon)).expect("the daemon lives");
        let line = status.lines().find_map(|line| line.strip_prefix(name)).expect("a figure");
        line.trim().trim_end_matches(" kB").parse().expect("a number")
    }

    /// Runs a hostile task to its end; how late that was.
    #[track_caller]
    pub fn run(&self, hostile: &Hostile) -> u64 {
        let Hostile { executor, params, timeout_ms, ends, says } = hostile;
        let params = params.to_string();
        let timeout = timeout_ms.map(|ms| format!("{ms}ms"));
        // A slot that hangs for ever is no reason to wait for ever.
        let mut args =
            vec!["60", env!("CARGO_BIN_EXE_hob"), "dispatch", executor, "--params", &params, "--wait", "--json"];
        args.extend(timeout.iter().flat_map(|timeout| ["--timeout", timeout]));
        let mut command = self.sandbox.command("timeout");
        let output = command.args(args).env("LOOP_AT_START", "1").output().expect("`timeout` of the coreutils");
        let ran = Ran::of(&output);
        let task: Value = serde_json::from_str(&ran.stdout).unwrap_or_else(|error| panic!("{error}: {ran:?}"));
        let (found, text) = match task["state"].as_str() {
            Some("failed") => (&task["failure"]["kind"], &task["failure"]["message"]),
            _ => (&task["state"], &task["result"]["summary"]),
        };
        let text = text.as_str().expect("words");
        assert_eq!(found, ends, "{executor} {params}: {text:.2000}");
        for word in *says {
            assert!(text.contains(word), "`{word}` is not in: {text:.2000}");
        }
        let took = task["duration_ms"].as_u64().expect("a time");
        timeout_ms.map_or(0, |deadline| took.saturating_sub(deadline))
    }

    /// How long ordinary tasks in four slots take, from their acceptance to their end, while `work` is done.
    fn ordinary(&self, work: impl FnOnce()) -> Vec<Duration> {
        let is_over = AtomicBool::new(false);
        let slot = || {
            let mut took = Vec::new();
            while !is_over.load(Relaxed) {
                let start = Instant::now();
                let task = self.sandbox.json(["dispatch", "noop", "--wait", "--json"]);
                took.push(moment(&task["finished_at"]).saturating_sub(moment(&task["created_at"])));
                thread::sleep(PACE.saturating_sub(start.elapsed()));
            }
            took
        };
        let mut all = thread::scope(|scope| {
            let slots = [0; 4].map(|_| scope.spawn(slot));
            let ended = std::panic::catch_unwind(std::panic::AssertUnwindSafe(work));
            is_over.store(true, Relaxed);
            let took = slots.map(|slot| slot.join().expect("ordinary tasks complete"));
            if let Err(panic) = ended {
                std::panic::resume_unwind(panic);
            }
            took.concat()
        });
        all.sort();
        all
    }
}

/// Runs each of `all` beside ordinary work, and holds the ordinary work against the same beside a guest that computes
/// within its limits: on few cores any neighbour is felt, and a hostile one may be felt twice as much.
#[track_caller]
pub fn measure(number: u8, place: &Place, all: &[Hostile]) {
    let case = Case::begin(number);
    let is_long = case.scale(false, true);
    let window: u64 = case.scale(400, 8_000);
    let rounds = case.scale(1, 10);
    let busy =
        Hostile { executor: "hostile", params: how("busy", window), timeout_ms: None, ends: "completed", says: &[] };
    let alone = place.ordinary(|| thread::sleep(Duration::from_millis(window)));
    let beside_busy = place.ordinary(|| _ = place.run(&busy));
    let before = place.memory();
    let mut late = 0;
    let beside_hostile = place.ordinary(|| {
        for _ in 0..rounds {
            late = all.iter().map(|hostile| place.run(hostile)).chain([late]).max().unwrap_or(0);
        }
    });
    let grown = place.memory().saturating_sub(before);
    let note = format!(
        "no-op tasks in the other slots, p50/p99 in ms: {} alone, {} beside a busy guest, {} beside these; at most \
         {late} ms after the deadline; the daemon grew by {grown} KiB",
        shown(&alone),
        shown(&beside_busy),
        shown(&beside_hostile)
    );
    assert_eq!(place.sandbox.daemon_pid(), place.daemon, "the daemon lives");
    assert!(grown <= GROWTH_KIB, "{note}");
    assert!(late <= if is_long { LATE_MS } else { LATE_UNMEASURED_MS }, "{note}");
    if is_long {
        for per_cent in [50, 99] {
            assert!(at(&beside_hostile, per_cent) <= 2 * at(&beside_busy, per_cent), "{note}");
        }
    }
    case.end("hostile tasks", rounds * all.len() as u64, 0, 0, &note);
}

/// The time of day in a time of the JSON output.
fn moment(time: &Value) -> Duration {
    let text = time.as_str().expect("a time");
    let number = |from: usize, to: usize| text[from..to].parse::<u64>().expect("digits");
    Duration::from_millis(((number(11, 13) * 60 + number(14, 16)) * 60 + number(17, 19)) * 1000 + number(20, 23))
}

fn at(sorted: &[Duration], per_cent: usize) -> Duration {
    sorted[(sorted.len() * per_cent / 100).min(sorted.len() - 1)]
}

fn shown(sorted: &[Duration]) -> String {
    let ms = |per_cent| at(sorted, per_cent).as_secs_f64() * 1000.0;
    format!("{:.0}/{:.0}", ms(50), ms(99))
}
