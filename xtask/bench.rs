//! Speed and size of the built `hob`, beside programs that do the same without its promises, all in
//! one run: on a shared machine only ratios within a run mean something.

mod idle;
mod measure;
mod search;
mod tasks;

use crate::{guests, hob::Hob, repository::Repository, run, setup};
use anyhow::{Context as _, Result};
use measure::Row;

/// Finished tasks beside which `status` and `dispatch` shall be as fast as with none.
const MANY: usize = 100_000;

/// Prints one table.
pub fn bench(repository: &Repository, _args: &[String]) -> Result<()> {
    let toolchain = setup::toolchain()?;
    guests::build_all(repository, &toolchain)?;
    let folder = tempfile::tempdir().context("make a temporary folder")?;
    let noop = repository.test_guests().join("noop.wasm");
    let hob = Hob::build(repository, &folder.path().join("home"), &configuration(&noop.display().to_string()))?;

    let mut rows = Vec::new();
    let mut say = |row: Row| {
        println!("measured: {}", row.what);
        rows.push(row);
    };
    say(tasks::start(&hob)?);
    tasks::empty(&hob)?.into_iter().for_each(&mut say);
    hob.output(["daemon", "start"])?;
    say(tasks::to_done(&hob)?);
    say(tasks::natives(&hob, folder.path())?);
    say(tasks::components(&hob, folder.path(), 5_000)?);
    say(engine_added(repository, &noop.display().to_string())?);
    search::rows(&hob, folder.path())?.into_iter().for_each(&mut say);
    tasks::components(&hob, folder.path(), MANY)?;
    hob.output(["daemon", "stop"])?;
    tasks::full(&hob, MANY)?.into_iter().for_each(&mut say);
    hob.output(["daemon", "start"])?;
    idle::rows(&hob)?.into_iter().for_each(&mut say);
    print!("\n{}", measure::table(&rows));
    Ok(())
}

fn configuration(noop: &str) -> String {
    format!(
        "notifications = false\n\n[daemon]\nautostart = false\n\n[retention]\nage = \"none\"\ncount = \"none\"\n\n\
         [executors.noop]\ncomponent = {noop:?}\n"
    )
}

/// The host measures this from within: a task is over sooner than a clock outside could tell.
fn engine_added(repository: &Repository, noop: &str) -> Result<Row> {
    let mut cargo = run::cargo(&repository.root);
    cargo.args(["run", "--quiet", "--release", "--package", "hob-host", "--example", "overhead", "--", noop, "5000"]);
    let text = run::output(&mut cargo)?;
    let figures = text.split_whitespace().collect::<Vec<_>>().join(" ");
    Ok(Row::new("engine-added time per component task", &figures, "", "p50 ≤ 50 µs, p99 ≤ 150 µs"))
}
