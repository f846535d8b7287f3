//! Components that run: each test starts one of the guests in tests/guests and looks at what comes
//! of it. The zygote has to be forked before any thread exists, so this program brings its own
//! little harness.
#![expect(clippy::print_stdout, reason = "a test harness prints its results")]

mod admitting;
mod bombs;
mod cancelling;
mod cost;
mod endings;
mod powers;
mod world;

use std::{
    ffi::OsString,
    io::Write as _,
    panic::{AssertUnwindSafe, catch_unwind},
    process::ExitCode,
    time::Instant,
};
use world::World;

type Test = (&'static str, fn(&World));

fn main() -> ExitCode {
    let args: Vec<OsString> = std::env::args_os().skip(1).collect();
    if args.first().is_some_and(|arg| arg == "admit") {
        return hob_host::admission_child(&args[1..], world::no_bundled);
    }
    let folder = tempfile::tempdir().expect("a folder");
    let zygote = hob_process::Zygote::start(&folder.path().join("guards.lock")).expect("a zygote");
    let world = World::new(folder.path(), zygote);
    let wanted: Vec<String> =
        args.iter().filter_map(|arg| arg.to_str()).filter(|arg| !arg.starts_with('-')).map(str::to_owned).collect();
    let only_list = args.iter().any(|arg| arg == "--list");
    let lists = [admitting::TESTS, bombs::TESTS, endings::TESTS, cancelling::TESTS, powers::TESTS, cost::TESTS];
    let (mut passed, mut failed) = (0, Vec::new());
    for (name, test) in lists.into_iter().flatten() {
        if !wanted.is_empty() && !wanted.iter().any(|part| name.contains(part.as_str())) {
            continue;
        }
        if only_list {
            println!("{name}: test");
            continue;
        }
        print!("test {name} ... ");
        let _ = std::io::stdout().flush();
        let start = Instant::now();
        let is_fine = catch_unwind(AssertUnwindSafe(|| test(&world))).is_ok();
        println!("{} ({:.0?})", if is_fine { "ok" } else { "FAILED" }, start.elapsed());
        if is_fine { passed += 1 } else { failed.push(name) }
    }
    if !only_list {
        println!("\n{passed} passed, {} failed {failed:?}", failed.len());
    }
    if failed.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
