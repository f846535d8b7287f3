//! The skill for agents, held against the format by the format's own reference program.

use crate::{documentation, repository::Repository, run};
use anyhow::{Context as _, Result};
use std::process::Command;

/// Of `PyPI`; its program is `agentskills`.
const REFERENCE: &str = "skills-ref>=0.1.1,<0.2";

/// As [`check`], alone; here its program has to be there.
pub fn skill(repository: &Repository, _args: &[String]) -> Result<()> {
    let validator = documentation::python_program(&repository.target.join("skills-ref"), &[REFERENCE], "agentskills")?;
    let folder = repository.path("skills/hob");
    let said = run::output(Command::new(validator).arg("validate").arg(&folder)).context("the skill is not valid")?;
    println!("{}", said.trim());
    Ok(())
}

/// Whether the skill is valid; gives what could not be installed. The tests hold it to the same rules anyway.
pub fn check(repository: &Repository) -> Result<Option<String>> {
    let place = repository.target.join("skills-ref");
    match documentation::python_program(&place, &[REFERENCE], "agentskills") {
        Ok(_) => skill(repository, &[]).map(|()| None),
        Err(error) => {
            println!("The skill is checked by hob's own tests only, not by skills-ref: {error:#}");
            Ok(Some("skills-ref".to_owned()))
        }
    }
}
