use super::measure::{Row, middle, ms, ratio, time};
use crate::{hob::Hob, run};
use anyhow::{Context as _, Result, ensure};
use serde_json::Value;
use std::{
    fmt::Write as _,
    fs,
    path::Path,
    process::{Command, Stdio},
    time::Duration,
};

const FILES: usize = 12_000;

/// Two patterns, one with many hits and one with few.
const PATTERNS: [&str; 2] = ["fn compute_[0-9]*7\\b", "NEEDLE"];

/// `explore` beside `rg` on the same tree.
pub fn rows(hob: &Hob, folder: &Path) -> Result<Vec<Row>> {
    let tree = folder.join("tree");
    make_tree(&tree)?;
    let what = format!("explore, two patterns, {FILES} files");
    let (mut ours, mut within, mut theirs) = (Vec::new(), Vec::new(), Vec::new());
    let has_rg = has_rg();
    for round in 0..11 {
        let id = format!("explore-{round}");
        ours.push(time(|| explore(hob, &tree, &id))?);
        let task = hob.json(["show", &id, "--json"])?;
        within.push(Duration::from_millis(task["duration_ms"].as_u64().context("a duration")?));
        if round == 0 && has_rg {
            let hits = rg(&tree)?;
            ensure!(found(&task) == Some(hits), "explore and rg differ: {:?} and {hits}", found(&task));
        }
        if has_rg {
            theirs.push(time(|| rg(&tree).map(drop))?);
        }
    }
    let (ours, within) = (middle(&mut ours), middle(&mut within));
    if !has_rg {
        return Ok(vec![Row::new(&what, &ms(ours), "rg is not here and could not be installed", "≤ 1.2 × rg")]);
    }
    let theirs = middle(&mut theirs);
    let row = |what: &str, ours| {
        let beside = format!("rg {} (hob {})", ms(theirs), ratio(ours, theirs));
        Row::new(what, &ms(ours), &beside, "≤ 1.2 × rg, same hits")
    };
    Ok(vec![row(&format!("{what}: dispatch to result"), ours), row(&format!("{what}: the task alone"), within)])
}

fn found(task: &Value) -> Option<u64> {
    task["result"]["data"]["hits"].as_u64()
}

fn explore(hob: &Hob, tree: &Path, id: &str) -> Result<()> {
    let mut command = hob.command();
    command.args(["dispatch", "explore", "--case", "sensitive", "--max-hits", "1000000"]);
    command.args(["--max-hits-per-file", "1000000", "--wait", "--id", id]).args(PATTERNS);
    run::output(command.current_dir(tree)).map(drop)
}

/// The number of lines that it finds.
fn rg(tree: &Path) -> Result<u64> {
    let mut command = Command::new("rg");
    command.args(["--no-config", "--line-number", "--column", "--with-filename", "--sort", "none"]);
    let text = run::output(command.args(["-e", PATTERNS[0], "-e", PATTERNS[1], "."]).current_dir(tree))?;
    Ok(text.lines().count() as u64)
}

fn has_rg() -> bool {
    let is_here = || run::output(Command::new("rg").arg("--version")).is_ok();
    if is_here() {
        return true;
    }
    println!("installing ripgrep");
    let mut apt = Command::new("apt-get");
    apt.args(["-qq", "install", "--yes", "ripgrep"]).stdin(Stdio::null());
    run::output(&mut apt).is_ok() && is_here()
}

/// Folders of sources, some hundred lines each: the same in every run.
fn make_tree(tree: &Path) -> Result<()> {
    let mut seed: u32 = 1;
    let mut random = || {
        seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        seed >> 8
    };
    for file in 0..FILES {
        let folder = tree.join(format!("part{:02}", file % 40)).join(format!("module{:02}", file / 40 % 30));
        fs::create_dir_all(&folder)?;
        let mut text = String::new();
        for line in 0..50 + random() % 150 {
            let number = random();
            writeln!(
                text,
                "pub fn compute_{number}(input: &[u8], seed: u64) -> u64 {{ input.len() as u64 ^ {line} }}"
            )?;
            if number % 20_011 == 0 {
                text.push_str("// NEEDLE: here it is\n");
            }
        }
        fs::write(folder.join(format!("file{file}.rs")), text)?;
    }
    fs::create_dir_all(tree.join("build"))?;
    fs::write(tree.join(".ignore"), "build/\n")?;
    fs::write(tree.join("build/ignored.rs"), "NEEDLE\n")?;
    Ok(())
}
