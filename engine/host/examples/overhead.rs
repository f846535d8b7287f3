//! What the engine adds to a task: a component that does nothing, in a fresh sandbox, again and again.
//!
//! `cargo run --release -p hob-host --example overhead -- COMPONENT.wasm [TIMES]` prints the time to
//! load it and p50 and p99 of one attempt, in microseconds.

use hob_core::{
    AttemptNumber, ComponentSource, Environment, ExecutorConfig, Grant, Limits, Outcome, Priority, Progress, State,
    Task, Timestamp,
};
use hob_host::{Host, HostOptions};
use hob_runner::{Attempt, Executors as _, KeyValue, OutputSink, Reporter};
use serde_json::json;
use std::{
    ffi::OsString,
    io::Write as _,
    process::ExitCode,
    sync::Arc,
    time::{Duration, Instant},
};

struct Nobody;

impl OutputSink for Nobody {
    fn write(&self, _: &[u8]) -> Result<(), String> {
        Ok(())
    }
}

impl Reporter for Nobody {
    fn progress(&self, _: Progress) {}

    fn denied(&self, _: Vec<String>) {}
}

impl KeyValue for Nobody {
    fn get(&self, _: &str) -> Result<Option<Vec<u8>>, String> {
        Ok(None)
    }

    fn set(&self, _: &str, _: &[u8], _: u64) -> Result<(), String> {
        Ok(())
    }

    fn delete(&self, _: &str) -> Result<(), String> {
        Ok(())
    }

    fn keys(&self, _: &str) -> Result<Vec<String>, String> {
        Ok(Vec::new())
    }
}

fn main() -> ExitCode {
    let args: Vec<OsString> = std::env::args_os().skip(1).collect();
    if args.first().is_some_and(|arg| arg == "admit") {
        return hob_host::admission_child(&args[1..], |_| None);
    }
    let mut out = std::io::stdout();
    match measure(&args) {
        Ok(text) => {
            let _ = writeln!(out, "{text}");
            ExitCode::SUCCESS
        }
        Err(text) => {
            let _ = writeln!(out, "{text}");
            ExitCode::FAILURE
        }
    }
}

fn measure(args: &[OsString]) -> Result<String, String> {
    let words = |error: std::io::Error| error.to_string();
    let path = args.first().ok_or("usage: overhead COMPONENT.wasm [TIMES]")?;
    let times = args.get(1).and_then(|times| times.to_str()?.parse().ok()).unwrap_or(5000_usize).max(1);
    let cache = tempfile::tempdir().map_err(words)?;
    let options = || {
        Ok::<_, String>(HostOptions {
            cache: cache.path().to_owned(),
            exe: std::env::current_exe().map_err(words)?,
            bundled: |_| None,
            zygote: None,
            home: None,
            protected: hob_core::Protected::new(&[], []),
        })
    };
    let config = ExecutorConfig {
        name: "measured".parse().map_err(|error| format!("{error}"))?,
        component: ComponentSource::File { path: std::path::absolute(path).map_err(words)?, sha256: None },
        summary: None,
        grant: Grant::default(),
        limits: Limits::default(),
        settings: json!({}),
        repeatable: false,
    };
    let start = Instant::now();
    Host::new(options()?).load(&config).map_err(|error| error.to_string())?;
    let admitted = start.elapsed();
    let host = Host::new(options()?);
    let start = Instant::now();
    host.load(&config).map_err(|error| error.to_string())?;
    let loaded = start.elapsed();
    let (config, nobody) = (Arc::new(config), Arc::new(Nobody));
    let tokio = tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(words)?;
    let (_sender, cancel) = tokio::sync::watch::channel(false);
    let mut spent = Vec::with_capacity(times);
    for sequence in 1.. {
        if spent.len() == times {
            break;
        }
        let attempt = Attempt {
            task: Task {
                id: "measured".parse().map_err(|error| format!("{error}"))?,
                sequence,
                executor: config.name.clone(),
                params: "{}".to_owned(),
                priority: Priority::default(),
                cwd: "/".into(),
                timeout: None,
                session: None,
                retry_of: None,
                created: Timestamp(0),
                group: None,
                state: State::Pending { last_attempt: AttemptNumber::default(), blocked: None },
            },
            number: AttemptNumber(1),
            environment: Environment::default(),
            config: Arc::clone(&config),
            wall: Some(Duration::from_mins(1)),
            grace: Duration::from_secs(2),
            cancel: cancel.clone(),
            output: nobody.clone(),
            reporter: nobody.clone(),
            state: nobody.clone(),
            artifacts: cache.path().join("artifacts"),
        };
        let start = Instant::now();
        let outcome = tokio.block_on(host.run(attempt));
        spent.push(start.elapsed());
        if !matches!(outcome, Outcome::Completed(_)) {
            return Err(format!("the component did not complete: {outcome:?}"));
        }
    }
    spent.sort();
    let micros = |at: usize| spent[at.min(spent.len() - 1)].as_secs_f64() * 1e6;
    Ok(format!(
        "admit {admitted:.1?}  load {loaded:.1?}  attempt p50 {:.1} µs  p99 {:.1} µs  ({times} times)",
        micros(times / 2),
        micros(times * 99 / 100),
    ))
}
