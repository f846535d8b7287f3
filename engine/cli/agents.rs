//! Which agents are there: the programs that the executors of the component `agent` need.

use hob_core::{AnyProgram, ComponentSource, ExecutorConfig, ProgramsGrant};
use hob_process::{ProgramError, find_program};
use hob_settings::Settings;
use serde_json::Value;
use std::{
    env,
    ffi::OsStr,
    os::unix::ffi::OsStrExt as _,
    path::{Path, PathBuf},
};

/// The component whose settings name agents.
const COMPONENT: &str = "agent";
/// The profile that stands for the first one that is installed.
const AUTO: &str = "auto";

/// One profile of an executor, and the program that it needs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Agent {
    /// The profile's name.
    pub name: String,
    /// The program's logical name in the grant.
    pub program: String,
    /// How one installs it, as the profile says.
    pub install: Option<String>,
    /// Where it is, or why it cannot be started.
    pub place: Result<PathBuf, String>,
}

/// The profiles of an executor in the order in which they are tried, the others behind them; none if its
/// component is no agent.
pub fn agents(config: &ExecutorConfig) -> Option<Vec<Agent>> {
    if !matches!(&config.component, ComponentSource::Bundled(name) if name == COMPONENT) {
        return None;
    }
    let profiles = config.settings.get("profiles").and_then(Value::as_object);
    let order = order(config);
    let mut agents: Vec<Agent> = profiles
        .into_iter()
        .flatten()
        .filter_map(|(name, profile)| {
            let text = |key| profile.get(key).and_then(Value::as_str).map(str::to_owned);
            let program = text("program")?;
            let place = place(config, &program);
            Some(Agent { name: name.clone(), program, install: text("install"), place })
        })
        .collect();
    agents.sort_by_key(|agent| order.iter().position(|name| *name == agent.name).unwrap_or(order.len()));
    Some(agents)
}

/// Why an executor cannot run because no program of an agent is there; none if nothing is in the way, or if
/// it needs no agent.
pub fn missing_agent(config: &ExecutorConfig) -> Option<String> {
    let agents = agents(config)?;
    let order = order(config);
    let wanted: Vec<&Agent> = agents.iter().filter(|agent| order.contains(&agent.name.as_str())).collect();
    if wanted.iter().any(|agent| agent.place.is_ok()) {
        return None;
    }
    let how = wanted.iter().find_map(|agent| agent.install.as_ref());
    let how = how.map(|how| format!("; install one, such as with {how}")).unwrap_or_default();
    Some(match wanted.as_slice() {
        [] => format!("`executors.{}.settings` names no agent that it has a profile of", config.name),
        [one] => {
            let why = one.place.as_ref().err().map(String::as_str).unwrap_or_default();
            format!("the agent {} is not there: {why}{how}", one.name)
        }
        several => {
            let names: Vec<&str> = several.iter().map(|agent| agent.program.as_str()).collect();
            format!("none of {} is in your PATH{how}", names.join(", "))
        }
    })
}

/// An executor for free texts that would work here, and the agent that it would ask.
pub fn for_texts(settings: &Settings) -> Option<(String, Agent)> {
    let mut found = settings.executors().filter_map(|config| {
        let order = order(config);
        let mut agents = agents(config)?.into_iter();
        let agent = agents.find(|agent| agent.place.is_ok() && order.contains(&agent.name.as_str()))?;
        Some((config.name.as_str().to_owned(), agent))
    });
    // The one without words of its own is the plainest.
    let first = found.next()?;
    if first.0 == COMPONENT { Some(first) } else { found.find(|(name, _)| name == COMPONENT).or(Some(first)) }
}

/// How one gets an agent, from the first profile that says so.
pub fn how_to_install(settings: &Settings) -> Option<String> {
    settings.executors().filter_map(|config| agents(config)).flatten().find_map(|agent| agent.install)
}

/// The profiles that a task without a wish of its own would try.
fn order(config: &ExecutorConfig) -> Vec<&str> {
    let settings = &config.settings;
    let agent = settings.get("agent").and_then(Value::as_str).unwrap_or(AUTO);
    if agent != AUTO {
        return vec![agent];
    }
    if let Some(order) = settings.get("order").and_then(Value::as_array) {
        return order.iter().filter_map(Value::as_str).collect();
    }
    let profiles = settings.get("profiles").and_then(Value::as_object);
    profiles.into_iter().flatten().map(|(name, _)| name.as_str()).collect()
}

/// Where the program of that logical name is for whoever asks now.
fn place(config: &ExecutorConfig, program: &str) -> Result<PathBuf, String> {
    let path = match &config.grant.programs {
        ProgramsGrant::Any(AnyProgram::Any) => program,
        ProgramsGrant::Named(programs) => match programs.get(program) {
            Some(granted) => &granted.path,
            None => return Err(format!("`executors.{}.grant.programs` has no `{program}`", config.name)),
        },
    };
    let folders = env::var_os("PATH");
    let cwd = env::current_dir().unwrap_or_else(|_| Path::new("/").to_owned());
    let found = find_program(OsStr::new(path), folders.as_deref().map(OsStr::as_bytes), &cwd);
    found.map_err(|error| match error {
        // A real one has many folders, and several agents may be missing.
        ProgramError::NotInPath { name, .. } => format!("`{name}` is not in your PATH"),
        error => error.to_string(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use hob_core::{Grant, Limits};
    use serde_json::json;

    /// `sh` is everywhere; the others are nowhere.
    fn config(component: &str, settings: Value) -> ExecutorConfig {
        let programs = json!({ "sh": { "path": "/bin/sh" }, "none": { "path": "no-such-program-here" } });
        ExecutorConfig {
            name: "asks".parse().expect("a name"),
            component: ComponentSource::Bundled(component.to_owned()),
            summary: None,
            grant: Grant { programs: serde_json::from_value(programs).expect("a grant"), ..Grant::default() },
            limits: Limits::default(),
            settings,
            repeatable: false,
        }
    }

    #[track_caller]
    fn check(agent: &str, order: &Value, missing: Option<&[&str]>) {
        let profiles = json!({
            "a": { "program": "none", "install": "get it" },
            "b": { "program": "sh" },
            "c": { "program": "ungranted" },
        });
        let config = config("agent", json!({ "agent": agent, "order": order, "profiles": profiles }));
        let found = missing_agent(&config);
        match (found, missing) {
            (None, None) => {}
            (Some(found), Some(words)) => assert!(words.iter().all(|word| found.contains(word)), "{found}"),
            (found, _) => panic!("{agent} {order}: {found:?}"),
        }
    }

    #[test]
    fn what_is_missing() {
        check("auto", &json!(["a", "b"]), None);
        check("b", &json!([]), None);
        check("a", &json!(["b"]), Some(&["the agent a", "no-such-program-here", "get it"]));
        check("auto", &json!(["a", "c"]), Some(&["none of none, ungranted", "get it"]));
        check("c", &json!([]), Some(&["grant.programs", "ungranted"]));
        check("nobody", &json!([]), Some(&["executors.asks.settings"]));
        assert_eq!(missing_agent(&config("shell", json!({}))), None);
    }

    #[test]
    fn those_that_are_tried_stand_first() {
        let profiles = json!({ "a": { "program": "sh" }, "b": { "program": "sh" }, "c": { "program": "sh" } });
        let config = config("agent", json!({ "order": ["c", "a"], "profiles": profiles }));
        let names: Vec<String> = agents(&config).expect("agents").into_iter().map(|agent| agent.name).collect();
        assert_eq!(names, ["c", "a", "b"]);
    }
}
