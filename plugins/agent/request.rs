use crate::{
    call::Call,
    profile::{Access, Filling, Profile, PromptBy, fill},
};
use hob_plugin::{JsonSchema, Task, TaskError, schemars};
use leon::Values;
use serde::Deserialize;
use std::{borrow::Cow, collections::BTreeMap};

/// The word for the first profile whose program is found.
const AUTO: &str = "auto";

/// What a task asks for, and what the configuration says to it.
pub struct Request {
    executor: String,
    params: Params,
    settings: Settings,
    /// The task as the template of the configuration words it.
    prompt: String,
    cwd: String,
}

#[derive(Clone, Debug, Deserialize, JsonSchema)]
pub struct Params {
    /// What is to be done, in words
    #[schemars(length(min = 1), extend("x-hob-cli" = { "positional": true }))]
    task: String,
    /// Which agent: claude-code, codex, gemini, opencode or a profile of your own; auto is the first one that is
    /// installed
    #[schemars(length(min = 1), extend("x-hob-cli" = { "short": "a" }))]
    agent: Option<String>,
    /// The model, by the name that the agent has for it
    #[schemars(length(min = 1), extend("x-hob-cli" = { "short": "m" }))]
    model: Option<String>,
    /// What the agent may do: read, write (change files of the folder) or full (anything you could do)
    #[schemars(length(min = 1))]
    access: Option<String>,
    /// Tools that the agent may use without asking, such as 'Bash(cargo test:*)'; what they are called is the agent's
    /// matter
    #[schemars(inner(length(min = 1)))]
    tools: Option<Vec<String>>,
    /// Go on with a session of the agent: its id, as `hob show` has it
    #[schemars(length(min = 1))]
    resume: Option<String>,
}

#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Settings {
    /// Which profile; auto is the first of `order` whose program is found
    agent: String,
    /// Profiles in the order in which auto tries them
    order: Vec<String>,
    /// The model where neither the task nor the profile names one
    model: Option<String>,
    /// The access where the task names none
    access: String,
    /// The tools where the task names none
    tools: Vec<String>,
    /// What the agent is told: {task} is the task, {cwd} its folder, and \{ a brace
    prompt: String,
    /// How each program is called and understood, by name
    profiles: BTreeMap<String, Profile>,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            agent: AUTO.to_owned(),
            order: Vec::new(),
            model: None,
            access: String::new(),
            tools: Vec::new(),
            prompt: "{task}".to_owned(),
            profiles: BTreeMap::new(),
        }
    }
}

struct Words<'a> {
    task: &'a str,
    cwd: &'a str,
}

impl Values for Words<'_> {
    fn get_value(&self, key: &str) -> Option<Cow<'_, str>> {
        match key {
            "task" => Some(self.task.into()),
            "cwd" => Some(self.cwd.into()),
            _ => None,
        }
    }
}

impl Request {
    pub fn read(task: &Task<Params, Settings>) -> Result<Self, TaskError> {
        let (params, settings, executor) = (task.params.clone(), task.settings.clone(), task.executor.clone());
        if params.task.trim().is_empty() {
            return Err(TaskError::invalid("/task", "say in words what is to be done"));
        }
        let cwd = task.cwd().unwrap_or_default().to_owned();
        let prompt = fill(&settings.prompt, &Words { task: &params.task, cwd: &cwd })
            .map_err(|error| TaskError::failed(format!("read `prompt` in [executors.{executor}.settings]: {error}")))?;
        Ok(Self { executor, params, settings, prompt, cwd })
    }

    /// The profiles to try, in order.
    pub fn candidates(&self) -> Result<Vec<(&str, &Profile)>, TaskError> {
        let wanted = self.params.agent.as_deref().unwrap_or(&self.settings.agent);
        let names: Vec<&str> = match wanted {
            AUTO if self.settings.order.is_empty() => self.settings.profiles.keys().map(String::as_str).collect(),
            AUTO => self.settings.order.iter().map(String::as_str).collect(),
            name => vec![name],
        };
        let found: Result<Vec<_>, TaskError> = names
            .into_iter()
            .map(|name| match self.settings.profiles.get_key_value(name) {
                Some((name, profile)) => Ok((name.as_str(), profile)),
                None => Err(self.unknown(name)),
            })
            .collect();
        let found = found?;
        if found.is_empty() {
            let settings = self.section("profiles");
            return Err(TaskError::failed(format!("no agent is configured: {settings} in hob.toml has no profile")));
        }
        Ok(found)
    }

    fn unknown(&self, name: &str) -> TaskError {
        let known: Vec<&str> = self.settings.profiles.keys().map(String::as_str).collect();
        let message = format!(
            "there is no agent `{name}`; there are {AUTO}, {}. Another one is a table {} in hob.toml",
            known.join(", "),
            self.section(&format!("profiles.{name}")),
        );
        match &self.params.agent {
            Some(agent) if agent == name => TaskError::invalid("/agent", message),
            _ => TaskError::failed(message),
        }
    }

    fn section(&self, key: &str) -> String {
        format!("[executors.{}.settings.{key}]", self.executor)
    }

    /// The model to ask a profile for.
    pub fn model<'a>(&'a self, profile: &'a Profile) -> Option<&'a str> {
        let own = self.params.model.as_deref();
        own.or(profile.model.as_deref()).or(self.settings.model.as_deref()).filter(|model| !model.is_empty())
    }

    /// What a profile makes of the task.
    pub fn command(&self, name: &str, profile: &Profile) -> Result<Call, TaskError> {
        let tools = self.params.tools.as_ref().unwrap_or(&self.settings.tools).join(",");
        let filling = Filling {
            model: self.model(profile).unwrap_or_default(),
            tools: &tools,
            session: self.params.resume.as_deref().unwrap_or_default(),
            prompt: &self.prompt,
            cwd: &self.cwd,
        };
        // Better no answer than one of another model, or from an agent that may do more than was said.
        for (key, value) in [("model", filling.model), ("tools", filling.tools), ("session", filling.session)] {
            if !value.is_empty() && !profile.takes(key) {
                return Err(TaskError::failed(format!(
                    "{name} cannot be given a {key} (`{value}`): `args` in {} has no {{{key}}}",
                    self.section(&format!("profiles.{name}"))
                )));
            }
        }
        let access = self.access(name, profile)?;
        let (access_args, access_env) = access.map_or((&[] as &[String], None), |a| (a.args.as_slice(), Some(&a.env)));
        let args = profile.arguments(access_args, &filling).map_err(|error| {
            TaskError::failed(format!("read `args` in {}: {error}", self.section(&format!("profiles.{name}"))))
        })?;
        let pair = |(name, value): (&String, &String)| (name.clone(), value.clone());
        Ok(Call {
            program: profile.program.clone(),
            args,
            env: profile.env.iter().chain(access_env.into_iter().flatten()).map(pair).collect(),
            stdin: (profile.prompt == PromptBy::Stdin).then(|| self.prompt.clone()),
        })
    }

    fn access<'a>(&self, name: &str, profile: &'a Profile) -> Result<Option<&'a Access>, TaskError> {
        let wanted = self.params.access.as_deref().unwrap_or(&self.settings.access);
        if wanted.is_empty() {
            return Ok(None);
        }
        if let Some(access) = profile.access.get(wanted) {
            return Ok(Some(access));
        }
        // A program that was added by template may know one kind only, whatever it is called.
        if profile.access.is_empty() && wanted == "write" {
            return Ok(None);
        }
        let known: Vec<&str> = profile.access.keys().map(String::as_str).collect();
        let known = if known.is_empty() { "none".to_owned() } else { known.join(", ") };
        Err(TaskError::failed(format!(
            "{name} knows no access `{wanted}` (it knows {known}): say in {} which `args` or `env` it takes",
            self.section(&format!("profiles.{name}.access.{wanted}"))
        )))
    }

    /// The failure where no program of the candidates is there.
    pub fn none_found(&self, missing: &[(&str, &Profile, String)]) -> TaskError {
        let other = format!("or say in {} in hob.toml how another program is called", self.section("profiles.NAME"));
        let install = |profile: &Profile| profile.install.as_ref().map(|how| format!("install it: {how}; "));
        let message = match missing {
            [(name, profile, why)] => {
                format!("{name} is not there: {why}; {}{other}", install(profile).unwrap_or_default())
            }
            several => {
                let names: Vec<String> =
                    several.iter().map(|(name, profile, _)| format!("`{}` ({name})", profile.program)).collect();
                let first = several.iter().find_map(|(_, profile, _)| profile.install.as_ref());
                let first = first.map(|how| format!("install one, such as with {how}; ")).unwrap_or_default();
                format!("no agent was found in PATH; looked for {}; {first}{other}", names.join(", "))
            }
        };
        TaskError::failed(message)
    }
}
