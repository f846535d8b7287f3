use super::{
    cases::{self, PARTS},
    measured::{Found, Measured},
    suite::number,
};
use crate::repository::Repository;
use anyhow::{Context as _, Result};
use std::{
    collections::{BTreeMap, BTreeSet},
    fmt::Write as _,
    fs,
    path::PathBuf,
};

/// The page, below the repository.
pub const PAGE: &str = "docs/faults.md";

const INTRODUCTION: &str = "\
# What hob survives

What happens to programs that run tasks while nobody watches, and what hob promises for each. Each case has a number, and its
tests begin with it: `f18_…` is of case 18. The suite (`cargo xtask test`) runs a short form of those that go by chance;
`cargo xtask faults` runs all of them at full length and writes this page, `cargo xtask faults 01` one of them;
`cargo xtask faults 01 --seed 7` repeats what chance has found.
After a case that injects faults the database is checked whole, every accepted task is looked for, and no process may be left:
**lost** and **left** count what was not so.
";

/// Writes the page.
pub fn write(repository: &Repository, measured: &Measured) -> Result<()> {
    let file = repository.path(PAGE);
    fs::write(&file, page(repository, measured)?).with_context(|| format!("write {}", file.display()))?;
    println!("Written: {}", file.display());
    Ok(())
}

/// The page's text.
pub fn page(repository: &Repository, measured: &Measured) -> Result<String> {
    let tests = tests(repository)?;
    let mut page = INTRODUCTION.to_owned();
    let _ = writeln!(page, "\nMeasured on {}.", measured.machine);
    for part in PARTS {
        let _ = writeln!(page, "\n## {}\n", part.title);
        page.push_str("| | what happens | what holds | tests | found |\n|---|---|---|---|---|\n");
        for case in part.cases {
            let names = tests.get(&case.number).into_iter().flatten();
            let names = names.map(|name| format!("`{name}`")).collect::<Vec<_>>().join("<br>");
            let found = measured.cases.get(&case.number).map(found).unwrap_or_default();
            let _ = writeln!(page, "| {:02} | {} | {} | {names} | {found} |", case.number, case.fault, case.promise);
        }
    }
    page.push_str("\n## Fuzzing\n\nInputs that libFuzzer made of the corpus in `fuzz/corpus`: each is read as hob reads it, and a panic is red.\n");
    page.push_str("`cargo xtask faults settings` runs one target.\n\n| target | inputs | seconds |\n|---|---|---|\n");
    for fuzzed in &measured.fuzzed {
        let _ = writeln!(page, "| {} | {} | {} |", fuzzed.target, fuzzed.inputs, fuzzed.seconds);
    }
    let reasons: Vec<_> = cases::all().filter_map(|case| Some((case, cases::reason(case.number)?))).collect();
    if !reasons.is_empty() {
        page.push_str("\n## Not tested\n\n");
        for (case, reason) in reasons {
            let _ = writeln!(page, "- **{:02}**: {reason}", case.number);
        }
    }
    Ok(page)
}

fn found(found: &Found) -> String {
    let mut words = found.words();
    if words.is_empty() {
        words = format!("{} ok", found.tests);
    }
    format!("{words} ({} s)", found.seconds)
}

/// The names of the tests of each case, as the sources have them.
pub fn tests(repository: &Repository) -> Result<BTreeMap<u8, BTreeSet<String>>> {
    let mut folders: Vec<PathBuf> = ["engine", "tests", "xtask"].map(|folder| repository.path(folder)).into();
    let mut tests: BTreeMap<u8, BTreeSet<String>> = BTreeMap::new();
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).with_context(|| format!("read {}", folder.display()))? {
            let path = entry?.path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                let text = fs::read_to_string(&path).with_context(|| format!("read {}", path.display()))?;
                let names = text.lines().filter_map(|line| {
                    let line = line.trim_start();
                    let line = line.strip_prefix("async ").unwrap_or(line);
                    line.strip_prefix("fn ")?.split('(').next()
                });
                for name in names {
                    if let Some(number) = number(name) {
                        tests.entry(number).or_default().insert(name.to_owned());
                    }
                }
            }
        }
    }
    Ok(tests)
}
