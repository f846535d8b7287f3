//! `cargo xtask COMMAND`: everything a developer does with this repository, on a fresh machine too.
#![expect(clippy::print_stdout, reason = "a program for a terminal")]
#![expect(clippy::print_stderr, reason = "a program for a terminal")]

mod agents;
mod authoring;
mod bench;
mod contract;
mod debian;
mod demo;
mod deny;
mod desktop;
mod documentation;
mod faults;
mod guests;
mod hob;
mod packages;
mod repository;
mod run;
mod setup;
mod skill;
mod test;

use anyhow::{Result, bail};
use repository::Repository;
use std::process::ExitCode;

/// A command with what `--help` says of it.
struct Verb {
    name: &'static str,
    args: &'static str,
    about: &'static str,
    run: fn(&Repository, &[String]) -> Result<()>,
}

const VERBS: &[Verb] = &[
    Verb {
        name: "setup",
        args: "",
        about: "Get a compiler for the components, and build everything",
        run: setup::setup,
    },
    Verb {
        name: "demo",
        args: "",
        about: "Seven tasks at once and a piece of research, on hob's own sources",
        run: demo::demo,
    },
    Verb {
        name: "test",
        args: "[ARGS]",
        about: "Build everything and run all tests; ARGS go to `cargo test`",
        run: test::test,
    },
    Verb {
        name: "guests",
        args: "",
        about: "Build the bundled components and those that the tests use",
        run: guests::guests,
    },
    Verb {
        name: "agents",
        args: "",
        about: "Install the agents' programs that the tests run, from npm",
        run: agents::agents,
    },
    Verb {
        name: "authoring",
        args: "",
        about: "Get the packages that the tests build projects of authors with, from npm, PyPI and crates.io",
        run: authoring::authoring,
    },
    Verb {
        name: "documentation",
        args: "",
        about: "Make the documentation sites that the tests of the librarian read",
        run: documentation::documentation,
    },
    Verb {
        name: "contract",
        args: "",
        about: "Write docs/contract.md, the page of wit/plugin.wit",
        run: contract::contract,
    },
    Verb {
        name: "skill",
        args: "",
        about: "Hold the skill for agents against the format's reference program, from PyPI",
        run: skill::skill,
    },
    Verb {
        name: "deny",
        args: "",
        about: "Hold the dependencies to deny.toml: licences, doubled crates, sources, known vulnerabilities",
        run: deny::deny,
    },
    Verb {
        name: "faults",
        args: "[CASE|TARGET]... [--seed N] [--short] [--page]",
        about: "Run the fault cases at full length and write docs/faults.md; --page only writes it",
        run: faults::faults,
    },
    Verb { name: "bench", args: "", about: "Measure speed and size, beside xargs and rg", run: bench::bench },
];

fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().skip(1).collect();
    match command(&args) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("xtask: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn command(args: &[String]) -> Result<()> {
    let (name, rest) = match args.split_first() {
        None => {
            print!("{}", help());
            return Ok(());
        }
        Some((name, rest)) => (name.as_str(), rest),
    };
    let asks_help = |arg: &str| matches!(arg, "--help" | "-h");
    if asks_help(name) || name == "help" {
        print!("{}", help());
        return Ok(());
    }
    let Some(verb) = VERBS.iter().find(|verb| verb.name == name) else {
        bail!("there is no command `{name}`\n\n{}", help());
    };
    if rest.first().is_some_and(|arg| asks_help(arg)) {
        println!("{}\n\nUsage: cargo xtask {} {}", verb.about, verb.name, verb.args);
        return Ok(());
    }
    if verb.args.is_empty() && !rest.is_empty() {
        bail!("`cargo xtask {name}` takes no arguments");
    }
    (verb.run)(&Repository::find()?, rest)
}

fn help() -> String {
    let lines = VERBS.iter().map(|verb| format!("  {:<14} {}\n", format!("{} {}", verb.name, verb.args), verb.about));
    format!(
        "Usage: cargo xtask COMMAND\n\nCommands:\n{}\nEnvironment:\n  \
         HOB_GUEST_TOOLCHAIN=rustup|debian   only this way to a compiler for the components\n  \
         HOB_TOOLCHAIN_DIR=DIR               where toolchains made of Debian's packages are kept\n",
        lines.collect::<String>()
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn args(words: &[&str]) -> Vec<String> {
        words.iter().map(|&word| word.to_owned()).collect()
    }

    #[test]
    fn every_command_is_in_the_help() {
        for verb in VERBS {
            assert!(help().contains(verb.about), "{}", verb.name);
        }
    }

    #[test]
    fn what_is_not_known_is_refused() {
        let error = command(&args(&["tset"])).expect_err("no such command");
        assert!(error.to_string().contains("`tset`"), "{error}");
        let error = command(&args(&["setup", "--fast"])).expect_err("no such argument");
        assert!(error.to_string().contains("takes no arguments"), "{error}");
    }
}
