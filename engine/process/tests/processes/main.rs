//! Real programs under real guards.
//!
//! A harness of its own: the zygote is forked first of all in `main`, while there is one thread. The
//! same binary plays the small programs that some cases need ("roles").
#![expect(clippy::print_stdout, reason = "a test harness prints its results")]

mod basics;
mod escapes;
mod fixture;
mod own;
mod pumps;
mod roles;
mod workers;

use fixture::Fixture;
use hob_process::Zygote;
use std::{
    io::Write as _,
    panic::{AssertUnwindSafe, catch_unwind},
    process::ExitCode,
};

/// A case: its name and what it does. It panics where a promise is broken.
type Case = (&'static str, fn(&Fixture));

fn main() -> ExitCode {
    let mut args = std::env::args_os().skip(1);
    let first = args.next().and_then(|first| first.into_string().ok());
    if let Some(role) = first.as_deref().and_then(|first| first.strip_prefix("role:")) {
        return roles::play(role, &args.collect::<Vec<_>>());
    }
    let folder = tempfile::tempdir().expect("a folder");
    let zygote = Zygote::start(&folder.path().join("guards.lock")).expect("a zygote");
    let fixture = Fixture { zygote, folder };
    let cases: Vec<Case> = [basics::CASES, escapes::CASES, pumps::CASES, own::CASES, workers::CASES].concat();
    // As with libtest: a word selects, options are for others.
    let wanted = std::env::args().skip(1).find(|arg| !arg.starts_with('-')).unwrap_or_default();
    let list = std::env::args().any(|arg| arg == "--list");
    let mut failed = Vec::new();
    for (name, case) in cases.into_iter().filter(|(name, _)| name.contains(&wanted)) {
        if list {
            println!("{name}: test");
            continue;
        }
        print!("test {name} ... ");
        let _ = std::io::stdout().flush();
        let result = catch_unwind(AssertUnwindSafe(|| case(&fixture)));
        println!("{}", if result.is_ok() { "ok" } else { "FAILED" });
        if result.is_err() {
            failed.push(name);
        }
    }
    if failed.is_empty() {
        return ExitCode::SUCCESS;
    }
    println!("\nfailed: {}", failed.join(", "));
    ExitCode::FAILURE
}
