use crate::{NoSettings, bindings::hob::plugin::types};
use std::time::Duration;

/// What is to be done.
#[derive(Clone, Debug)]
pub struct Task<P, S = NoSettings> {
    /// The task's id.
    pub id: String,
    /// The name under which the configuration runs the component.
    pub executor: String,
    /// What the person asked for.
    pub params: P,
    /// `[executors.NAME.settings]`.
    pub settings: S,
    /// Counts from 1.
    pub attempt: u32,
    /// Time until the task's wall clock runs out.
    pub deadline: Option<Duration>,
    /// Where the component sees the task's folder, if that is granted.
    pub workdir: Option<String>,
    /// What the engine says besides.
    pub meta: Vec<(String, String)>,
}

impl<P, S> Task<P, S> {
    pub(crate) fn of(task: types::Task, params: P, settings: S) -> Self {
        Self {
            id: task.id,
            executor: task.executor,
            params,
            settings,
            attempt: task.attempt,
            deadline: task.deadline_ms.map(|ms| Duration::from_millis(ms.into())),
            workdir: task.workdir,
            meta: task.meta,
        }
    }

    /// Where the component sees the task's folder. Where that is not granted it is `/project`: whoever asks for it there
    /// gets the lines that grant it.
    pub fn project(&self) -> &str {
        self.workdir.as_deref().unwrap_or("/project")
    }

    /// What the engine says of that name.
    pub fn meta(&self, name: &str) -> Option<&str> {
        self.meta.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    /// The task's folder as the person's own machine has it, for messages.
    pub fn cwd(&self) -> Option<&str> {
        self.meta("cwd")
    }

    /// The path of the person's shell.
    pub fn shell(&self) -> Option<&str> {
        self.meta("shell")
    }

    /// Seconds by which the person's clock is ahead of UTC.
    pub fn utc_offset(&self) -> i32 {
        self.meta("utc-offset").and_then(|seconds| seconds.parse().ok()).unwrap_or_default()
    }
}
