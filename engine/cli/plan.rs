//! What a preset comes to: its children's executors found, and their parameters tried.

use crate::{
    agents::missing_agent,
    error::{CommandError, CommandResult},
    exit::Exit,
    prepare::{Executors, Known, checked_params},
};
use hob_core::{Placeholder, Preset, PresetChild, fill, fill_params, placeholders_of};
use serde_json::{Map, Value};
use std::path::Path;

/// What stands in for the result of a child that has not run yet.
const SAMPLE: &str = "the result of a child";

/// What the placeholders are that are known before anything runs.
pub struct Words<'a> {
    /// `{input}`
    pub input: &'a str,
    /// `{cwd}`
    pub cwd: &'a Path,
    /// `{group}`
    pub group: &'a str,
}

impl Words<'_> {
    /// What stands for the placeholder `name`; a sample where it is something of a child.
    fn value(&self, name: &str) -> String {
        match Placeholder::of(name) {
            Placeholder::Input => self.input.to_owned(),
            Placeholder::Cwd => self.cwd.to_string_lossy().into_owned(),
            Placeholder::Group => self.group.to_owned(),
            Placeholder::Child(..) => SAMPLE.to_owned(),
        }
    }

    /// The parameters of `child` filled as far as that is possible now.
    pub fn params(&self, child: &PresetChild) -> CommandResult<Map<String, Value>> {
        self.fill(&child.params.to_string())
    }

    /// Parameters, JSON text, filled as far as that is possible now.
    pub fn fill(&self, params: &str) -> CommandResult<Map<String, Value>> {
        let filled = fill_params(params, &|name| Some(self.value(name)));
        let filled = filled.map_err(CommandError::usage)?;
        serde_json::from_str(&filled).map_err(CommandError::internal)
    }

    /// The folder of `child`, taken from that of the group.
    pub fn folder(&self, child: &PresetChild) -> CommandResult<std::path::PathBuf> {
        let Some(template) = &child.cwd else { return Ok(self.cwd.to_owned()) };
        let filled = fill(template, &|name| Some(self.value(name))).map_err(CommandError::usage)?;
        Ok(self.cwd.join(filled))
    }
}

/// Whether anything in the preset is about what the person says.
pub fn wants_input(preset: &Preset) -> bool {
    let is_input = |names: Vec<String>| names.iter().any(|name| Placeholder::of(name) == Placeholder::Input);
    preset.children.iter().any(|child| placeholders_of(&child.params).is_ok_and(is_input))
}

/// The executor of a child, if it can be used and takes such parameters.
pub fn try_child(executors: &Executors<'_>, child: &PresetChild, words: &Words<'_>) -> CommandResult<Known> {
    let about = |error: CommandError| error.context(format!("child `{}`", child.name));
    let known = ready(executors, child.executor.as_str()).map_err(about)?;
    checked_params(&known, &words.params(child).map_err(about)?).map_err(about)?;
    Ok(known)
}

/// The executor of that name, if it can be used here and now.
pub fn ready(executors: &Executors<'_>, name: &str) -> CommandResult<Known> {
    let known = executors.find(name)?;
    match missing_agent(&known.config) {
        Some(why) => {
            let why = anyhow::anyhow!("{} needs an agent: {why}", known.config.name);
            Err(CommandError::new(Exit::Configuration, why))
        }
        None => Ok(known),
    }
}

/// The executors of all children in their order; otherwise what is wrong with each.
pub fn try_children(executors: &Executors<'_>, preset: &Preset, words: &Words<'_>) -> CommandResult<Vec<Known>> {
    let (mut known, mut wrong) = (Vec::new(), Vec::new());
    for child in &preset.children {
        match try_child(executors, child, words) {
            Ok(found) => known.push(found),
            Err(error) => wrong.push(error),
        }
    }
    let mut wrong = wrong.into_iter();
    let Some(first) = wrong.next() else { return Ok(known) };
    let first = first.context(format!("preset `{}`", preset.name));
    let first = wrong.fold(first, |first, other| first.hint(other.message()));
    Err(first.hint("nothing was handed in").hint(format!("`hob presets {}` explains the preset", preset.name)))
}

/// What is wrong with the children of a preset whatever the input is.
pub fn problems(executors: &Executors<'_>, preset: &Preset, cwd: &Path) -> Vec<String> {
    let words = Words { input: "what you type", cwd, group: "group-1" };
    let wrong = preset.children.iter().filter_map(|child| try_child(executors, child, &words).err());
    wrong.map(|error| error.message()).collect()
}

/// No preset of that name.
pub fn unknown(error: hob_settings::UnknownPreset) -> CommandError {
    CommandError::new(Exit::NotFound, error).hint("`hob presets` lists them")
}
