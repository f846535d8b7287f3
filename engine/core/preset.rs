use crate::{ExecutorName, IdError, Join, MemberName, PresetName, Priority, TaskId, TemplateError, fill};
use serde_json::Value;
use std::time::Duration;

/// A fan-out as the configuration has it: what is handed in together, and what it has for a result.
#[derive(Clone, Debug, PartialEq)]
pub struct Preset {
    /// `[presets.NAME]`
    pub name: PresetName,
    /// One line for `hob presets`.
    pub summary: Option<String>,
    /// When a group of it has completed.
    pub join: Join,
    /// A template for its result, in which every child is a placeholder.
    pub result: Option<String>,
    /// In the order of the file; at least one, each name once, and no cycle among their needs.
    pub children: Vec<PresetChild>,
}

/// `[presets.NAME.children.CHILD]`
#[derive(Clone, Debug, PartialEq)]
pub struct PresetChild {
    /// What the preset calls it; its placeholder in other texts, too.
    pub name: MemberName,
    /// Which executor does it.
    pub executor: ExecutorName,
    /// A template for the id of its task, with `{group}` in it.
    pub id: String,
    /// When it goes, where that is not the group's.
    pub priority: Option<Priority>,
    /// The children that have to complete before it starts.
    pub needs: Vec<MemberName>,
    /// A JSON object; each text in it is a template.
    pub params: Value,
    /// A template for its folder, taken from the group's, where it is another.
    pub cwd: Option<String>,
    /// Its own wall clock, in place of the executor's limit.
    pub timeout: Option<Duration>,
}

/// An id that a child cannot have.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ChildIdError {
    /// The template cannot be filled.
    #[error(transparent)]
    Template(#[from] TemplateError),
    /// What came of it is no id.
    #[error(transparent)]
    Id(#[from] IdError),
}

impl PresetChild {
    /// The id of its task in the group `group`.
    pub fn id_in(&self, group: &TaskId) -> Result<TaskId, ChildIdError> {
        let text = fill(&self.id, &|name| (name == "group").then(|| group.to_string()))?;
        Ok(text.parse()?)
    }
}

/// What a placeholder of a preset stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Placeholder<'a> {
    /// `{input}`: what the person said.
    Input,
    /// `{cwd}`: the folder of the group.
    Cwd,
    /// `{group}`: its id.
    Group,
    /// `{docs}`, `{docs.summary}`: something of a child, and what of it.
    Child(&'a str, Option<&'a str>),
}

impl<'a> Placeholder<'a> {
    /// What can be said of a child that has completed.
    pub const PARTS: [&'static str; 4] = ["summary", "output", "data", "id"];
    /// What can be said of any child when all are over.
    pub const PARTS_AT_THE_END: [&'static str; 5] = ["summary", "output", "data", "id", "state"];

    /// Reads the name between the braces.
    pub fn of(name: &'a str) -> Self {
        match name {
            "input" => Self::Input,
            "cwd" => Self::Cwd,
            "group" => Self::Group,
            other => match other.split_once('.') {
                Some((child, part)) => Self::Child(child, Some(part)),
                None => Self::Child(other, None),
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn child(id: &str) -> PresetChild {
        PresetChild {
            name: "docs".parse().expect("a name"),
            executor: "shell".parse().expect("a name"),
            id: id.to_owned(),
            priority: None,
            needs: Vec::new(),
            params: Value::Null,
            cwd: None,
            timeout: None,
        }
    }

    #[test]
    fn ids_of_children() {
        let group: TaskId = "review-7".parse().expect("an id");
        let id = |template: &str| child(template).id_in(&group).map(|id| id.to_string());
        assert_eq!(id("{group}-docs"), Ok("review-7-docs".to_owned()));
        assert!(matches!(id("{group} docs"), Err(ChildIdError::Id(_))));
        assert!(matches!(id("{input}"), Err(ChildIdError::Template(TemplateError::Unknown(_)))));
    }

    #[test]
    fn placeholders() {
        assert_eq!(Placeholder::of("input"), Placeholder::Input);
        assert_eq!(Placeholder::of("docs"), Placeholder::Child("docs", None));
        assert_eq!(Placeholder::of("docs.data"), Placeholder::Child("docs", Some("data")));
        assert_eq!(Placeholder::of("docs.a.b"), Placeholder::Child("docs", Some("a.b")));
    }
}
