use super::measure::Row;
use crate::hob::Hob;
use anyhow::{Context as _, Result};
use std::{fs, path::Path, thread, time::Duration};

/// Long enough that a timer that goes off twice a minute is seen.
const WATCHED: Duration = Duration::from_mins(1);

/// What the daemon costs while there is nothing to do.
pub fn rows(hob: &Hob) -> Result<Vec<Row>> {
    let pid = hob.json(["status", "--json"])?["daemon"]["info"]["pid"].as_u64().context("the daemon's pid")?;
    let folder = Path::new("/proc").join(pid.to_string());
    if !folder.is_dir() {
        return Ok(vec![Row::new("idle daemon", "only measured where there is /proc", "", "")]);
    }
    // What it does at its start is over when it has done nothing for a while.
    let mut before = wake_ups(&folder)?;
    loop {
        thread::sleep(Duration::from_secs(2));
        let now = wake_ups(&folder)?;
        if now == before {
            break;
        }
        before = now;
    }
    thread::sleep(WATCHED);
    let woken = wake_ups(&folder)? - before;
    let (all, own) = (kibibytes(&folder, "status", "VmRSS:")?, kibibytes(&folder, "smaps_rollup", "Pss:")?);
    let memory = format!("{:.1} MiB ({:.1} MiB its own share)", all / 1024.0, own / 1024.0);
    Ok(vec![
        Row::new("idle daemon: resident memory", &memory, "", "≤ 20 MiB"),
        Row::new("idle daemon: wake-ups a minute", &woken.to_string(), "", "≤ 2"),
    ])
}

/// How often its threads went to sleep of themselves, which is how often they woke up.
fn wake_ups(process: &Path) -> Result<u64> {
    let mut sum = 0;
    for thread in fs::read_dir(process.join("task"))? {
        let status = fs::read_to_string(thread?.path().join("status"))?;
        let line = status.lines().find_map(|line| line.strip_prefix("voluntary_ctxt_switches:"));
        sum += line.context("voluntary_ctxt_switches")?.trim().parse::<u64>()?;
    }
    Ok(sum)
}

fn kibibytes(process: &Path, file: &str, key: &str) -> Result<f64> {
    let text = fs::read_to_string(process.join(file))?;
    let line = text.lines().find_map(|line| line.strip_prefix(key)).with_context(|| format!("{key} in {file}"))?;
    Ok(line.trim().trim_end_matches("kB").trim().parse()?)
}
