//! `cargo xtask faults`: the fault cases at their full length, and the page `docs/faults.md`.
//!
//! The tests are those of the suite; only their scale is another. What they found is kept beside this program
//! (`faults/measured.json`), so that the page can be written again without a run.

mod cases;
mod fuzz;
mod measured;
mod page;
mod suite;

use crate::{repository::Repository, test};
use anyhow::{Context as _, Result, bail};
use cases::Case;
use measured::{Found, Measured};
use suite::Suite;

/// What was asked for on the command line.
#[derive(Debug, Default, PartialEq)]
struct Asked {
    cases: Vec<u8>,
    targets: Vec<&'static str>,
    seed: Option<u64>,
    is_page: bool,
    is_short: bool,
}

/// Runs the cases that `args` name, or all. What those at full length found goes into the page; one that was red has
/// nothing there.
pub fn faults(repository: &Repository, args: &[String]) -> Result<()> {
    let asked = Asked::parse(args)?;
    if asked.is_page {
        return page::write(repository, &Measured::read(repository)?);
    }
    let is_all = asked.cases.is_empty() && asked.targets.is_empty();
    let mut measured = Measured::read(repository)?.on_this_machine();
    let mut red = Vec::new();
    let cases: Vec<&Case> = cases::all().filter(|case| is_all || asked.cases.contains(&case.number)).collect();
    if !cases.is_empty() {
        test::prepare(repository)?;
        cover(repository, &asked, &cases, &mut measured, &mut red)?;
    }
    for target in fuzz::TARGETS.into_iter().filter(|target| is_all || asked.targets.contains(target)) {
        measured.fuzzed.retain(|fuzzed| fuzzed.target != target);
        match fuzz::fuzz(repository, target, fuzz::TIME, asked.seed) {
            Ok(fuzzed) => {
                println!("{target:<10} ok  {} inputs in {} s", fuzzed.inputs, fuzzed.seconds);
                measured.fuzzed.push(fuzzed);
            }
            Err(error) => {
                eprintln!("{error:#}");
                red.push(target.to_owned());
            }
        }
    }
    // A seed repeats what chance has found before, and is no measure.
    if asked.seed.is_none() && !asked.is_short {
        measured.write(repository)?;
        page::write(repository, &measured)?;
    }
    if !red.is_empty() {
        bail!("red: {}; what each test printed is in {}", red.join(", "), suite::logs(repository).display());
    }
    Ok(())
}

fn cover(
    repository: &Repository,
    asked: &Asked,
    cases: &[&Case],
    measured: &mut Measured,
    red: &mut Vec<String>,
) -> Result<()> {
    let suite = Suite::build(repository)?;
    for case in cases {
        let found = suite.run(case, asked.seed, !asked.is_short)?;
        println!("{}", line(case, &found));
        if found.failed.is_empty() {
            measured.cases.insert(case.number, found);
        } else {
            measured.cases.remove(&case.number);
            red.push(format!("{:02}", case.number));
        }
    }
    Ok(())
}

fn line(case: &Case, found: &Found) -> String {
    let end = if found.failed.is_empty() { "ok" } else { "RED" };
    format!("{:02} {end:<3} {:>3} tests {:>8.1} s  {}", case.number, found.tests, found.seconds, found.words())
}

impl Asked {
    fn parse(args: &[String]) -> Result<Self> {
        let mut asked = Self::default();
        let mut rest = args.iter();
        while let Some(arg) = rest.next() {
            match arg.as_str() {
                "--page" => asked.is_page = true,
                "--short" => asked.is_short = true,
                "--seed" => {
                    let seed = rest.next().context("`--seed` wants a number")?;
                    asked.seed = Some(seed.parse().with_context(|| format!("`{seed}` is no seed"))?);
                }
                target if fuzz::TARGETS.contains(&target) => {
                    asked.targets.extend(fuzz::TARGETS.into_iter().filter(|known| *known == target));
                }
                number => {
                    let case = number.trim_start_matches(['f', 'F']).parse().ok();
                    let case = case.filter(|number| cases::all().any(|case| case.number == *number));
                    asked.cases.push(case.with_context(|| format!("there is no case `{number}`"))?);
                }
            }
        }
        Ok(asked)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    fn asked(words: &[&str]) -> Result<Asked> {
        Asked::parse(&words.iter().map(|&word| word.to_owned()).collect::<Vec<_>>())
    }

    #[test]
    fn arguments() {
        let expect = Asked { cases: vec![1, 65], targets: vec!["batch"], seed: Some(7), ..Asked::default() };
        assert_eq!(asked(&["01", "F65", "batch", "--seed", "7"]).expect("fits"), expect);
        assert!(asked(&["14"]).is_err() && asked(&["--seed"]).is_err() && asked(&["--sed", "1"]).is_err());
    }

    #[test]
    fn every_case_has_a_test_or_a_reason_and_every_test_a_case() {
        let repository = Repository::find().expect("the repository");
        let tests = page::tests(&repository).expect("tests");
        for case in cases::all() {
            let has = tests.contains_key(&case.number) || cases::reason(case.number).is_some();
            assert!(has, "case {:02} has no test", case.number);
        }
        for (number, names) in &tests {
            assert!(cases::all().any(|case| case.number == *number), "{names:?} belong to no case");
        }
    }

    #[test]
    fn the_page_is_that_of_the_cases_the_tests_and_the_last_measure() {
        let repository = Repository::find().expect("the repository");
        let written = fs::read_to_string(repository.path(page::PAGE)).expect("the page");
        let measured = Measured::read(&repository).expect("what was measured");
        let expect = page::page(&repository, &measured).expect("a page");
        assert!(written == expect, "{} is older than its tests: cargo xtask faults --page", page::PAGE);
    }
}
