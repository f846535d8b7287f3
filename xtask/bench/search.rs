use super::measure::{Row, middle, ms, ratio, time};
use crate::{hob::Hob, run};
use anyhow::{Context as _, Result, ensure};
use std::{
    fmt::Write as _,
    fs,
    path::Path,
    process::{Command, Stdio},
};

const FILES: usize = 12_000;

/// Two patterns each: with few hits it is the search that counts, with many the report.
const CASES: [(&str, [&str; 2]); 2] =
    [("few hits", ["fn compute_123[0-9]*7\\b", "NEEDLE"]), ("very many hits", ["fn compute_[0-9]*7\\b", "NEEDLE"])];

/// `explore` beside `rg` on the same tree.
pub fn rows(hob: &Hob, folder: &Path) -> Result<Vec<Row>> {
    let tree = folder.join("tree");
    make_tree(&tree)?;
    let has_rg = has_rg();
    CASES.iter().map(|(name, patterns)| row(hob, &tree, name, *patterns, has_rg)).collect()
}

fn row(hob: &Hob, tree: &Path, name: &str, patterns: [&str; 2], has_rg: bool) -> Result<Row> {
    const GOAL: &str = "≤ 1.2 × rg, same hits";
    let (mut ours, mut theirs) = (Vec::new(), Vec::new());
    let mut hits = 0;
    for round in 0..11 {
        let id = format!("explore-{}-{round}", name.replace(' ', "-"));
        ours.push(time(|| explore(hob, tree, &id, patterns))?);
        if round == 0 {
            let task = hob.json(["show", &id, "--json"])?;
            hits = task["result"]["data"]["hits"].as_u64().context("the number of hits")?;
            if has_rg {
                let found = rg(tree, patterns)?;
                ensure!(hits == found, "explore and rg differ: {hits} and {found}");
            }
        }
        if has_rg {
            theirs.push(time(|| rg(tree, patterns).map(drop))?);
        }
    }
    let what = format!("explore, {FILES} files, {name} ({hits}), dispatch to result");
    let ours = middle(&mut ours);
    if theirs.is_empty() {
        return Ok(Row::new(&what, &ms(ours), "rg is not here and could not be installed", GOAL));
    }
    let theirs = middle(&mut theirs);
    let beside = format!("rg {} (hob {})", ms(theirs), ratio(ours, theirs));
    Ok(Row::new(&what, &ms(ours), &beside, GOAL))
}

fn explore(hob: &Hob, tree: &Path, id: &str, patterns: [&str; 2]) -> Result<()> {
    let mut command = hob.command();
    command.args(["dispatch", "explore", "--case", "sensitive", "--max-hits", "1000000"]);
    command.args(["--max-hits-per-file", "1000000", "--wait", "--id", id]).args(patterns);
    run::output(command.current_dir(tree)).map(drop)
}

/// The number of lines that it finds.
fn rg(tree: &Path, patterns: [&str; 2]) -> Result<u64> {
    let mut command = Command::new("rg");
    command.args(["--no-config", "--line-number", "--column", "--with-filename"]);
    let text = run::output(command.args(["-e", patterns[0], "-e", patterns[1], "."]).current_dir(tree))?;
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
