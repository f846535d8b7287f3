use super::measure::{Row, median, middle, ms, rate, ratio, time};
use crate::{hob::Hob, run};
use anyhow::{Result, ensure};
use serde_json::{Value, json};
use std::{
    fmt::Write as _,
    fs,
    path::Path,
    process::{Command, Stdio},
    time::Duration,
};

/// Calls of one command.
const CALLS: usize = 101;

/// What any call costs.
pub fn start(hob: &Hob) -> Result<Row> {
    let version = median(CALLS, || hob.output(["--version"]).map(drop))?;
    let nothing = median(CALLS, || run::output(&mut Command::new("true")).map(drop))?;
    Ok(Row::new("start of the program (--version)", &ms(version), &format!("true {}", ms(nothing)), ""))
}

/// The daily calls where nothing has been done yet; the daemon is stopped, so that it does not compete.
pub fn empty(hob: &Hob) -> Result<[Row; 2]> {
    let (enqueue, status) = calls(hob)?;
    Ok([
        Row::new("enqueue, durable, 0 finished", &ms(enqueue), "", "≤ 1.3 × (start + open + commit)"),
        Row::new("status, 0 finished", &ms(status), "", "≤ 10 ms"),
    ])
}

/// The same where a lot has been done.
pub fn full(hob: &Hob, finished: usize) -> Result<[Row; 2]> {
    let completed = hob.json(["status", "--json"])?["counts"]["completed"].as_u64();
    ensure!(completed >= u64::try_from(finished).ok(), "{finished} tasks were to be finished: {completed:?}");
    let (enqueue, status) = calls(hob)?;
    Ok([
        Row::new(&format!("enqueue, durable, {finished} finished"), &ms(enqueue), "", "≤ 1.2 × with 0 finished"),
        Row::new(&format!("status, {finished} finished"), &ms(status), "", "≤ 10 ms"),
    ])
}

fn calls(hob: &Hob) -> Result<(Duration, Duration)> {
    let enqueue = median(CALLS, || hob.output(["dispatch", "shell", "true"]).map(drop))?;
    let status = median(CALLS, || hob.output(["status"]).map(drop))?;
    Ok((enqueue, status))
}

/// From the start of a dispatch until it has said how the task ended.
pub fn to_done(hob: &Hob) -> Result<Row> {
    let both = median(CALLS, || hob.output(["dispatch", "shell", "true", "--wait"]).map(drop))?;
    let shell = median(CALLS, || run::output(Command::new("sh").args(["-c", "true"])).map(drop))?;
    let beside = format!("sh -c true {}", ms(shell));
    Ok(Row::new("enqueue to done (dispatch --wait)", &ms(both), &beside, "≤ 4 commits + 5 ms"))
}

/// Native programs in bulk.
pub fn natives(hob: &Hob, folder: &Path) -> Result<Row> {
    const COUNT: usize = 1_000;
    let numbers = folder.join("numbers");
    fs::write(&numbers, "1\n".repeat(COUNT))?;
    let (mut ours, mut theirs) = (Vec::new(), Vec::new());
    // In turn, because the machine may be busier at one time than at another.
    for _ in 0..5 {
        theirs.push(time(|| {
            let input = fs::File::open(&numbers)?;
            run::run(Command::new("xargs").args(["-P5", "-n1", "true"]).stdin(Stdio::from(input)))
        })?);
        ours.push(bulk(hob, folder, COUNT, &json!({ "executor": "shell", "params": { "argv": ["true"] } }))?);
    }
    let (ours, theirs) = (middle(&mut ours), middle(&mut theirs));
    let beside = format!("xargs -P5 {} (hob {})", rate(COUNT, theirs), ratio(theirs, ours));
    Ok(Row::new(
        "1,000 × true in bulk, 5 slots, every state durable",
        &rate(COUNT, ours),
        &beside,
        "≥ 1,000/s, ≥ 0.6 × xargs",
    ))
}

/// Components that do nothing, in bulk.
pub fn components(hob: &Hob, folder: &Path, count: usize) -> Result<Row> {
    let task = json!({ "executor": "noop", "params": {} });
    // Compiling the component is not part of it.
    bulk(hob, folder, 10, &task)?;
    let took = bulk(hob, folder, count, &task)?;
    Ok(Row::new(
        &format!("{count} no-op component tasks in bulk, every state durable"),
        &rate(count, took),
        "",
        "≥ 2,000/s",
    ))
}

/// From handing in `count` tasks in one commit until the last of them has ended.
fn bulk(hob: &Hob, folder: &Path, count: usize, task: &Value) -> Result<Duration> {
    let batch = folder.join("batch.jsonl");
    let already = finished(hob)?;
    let last = format!("last-{already}");
    let mut lines = format!("{task}\n").repeat(count - 1);
    let mut task = task.clone();
    task["id"] = last.as_str().into();
    writeln!(lines, "{task}")?;
    fs::write(&batch, lines)?;
    let took = time(|| {
        run::output(hob.command().args(["dispatch", "--batch"]).arg(&batch))?;
        // First in, first out: when the last is over, at most four others still run.
        hob.output(["wait", &last]).map(drop)
    })?;
    let status = hob.json(["status", "--json"])?;
    ensure!(status["counts"]["failed"] == 0, "a task failed: {status}");
    Ok(took)
}

fn finished(hob: &Hob) -> Result<u64> {
    Ok(hob.json(["status", "--json"])?["counts"]["completed"].as_u64().unwrap_or(0))
}
