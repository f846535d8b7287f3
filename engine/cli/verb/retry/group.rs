//! A group once more.

use crate::{
    error::{CommandError, CommandResult},
    handed_in::{Child, HandedIn},
    plan::{self, Words},
    prepare::{Executors, captured_environment, checked_params},
    render,
};
use hob_core::{Group, MemberTask, NewGroup, NewMember, NewTask, StateName, Task, TaskId, fill_known, placeholders_of};
use hob_store::{AcceptedGroup, Member, Store};
use serde_json::{Map, Value};

/// A group that is over, and those of its members that stay as they are.
pub struct Again {
    group: Group,
    members: Vec<(Member, Task)>,
    failed_only: bool,
}

impl Again {
    /// The group, if it can run again.
    pub fn of(store: &Store, id: &TaskId, failed_only: bool) -> CommandResult<Self> {
        let (group, members) = store.view(|view| Ok((view.group(id)?, view.members(id)?)))?;
        let group = group.ok_or_else(|| CommandError::not_found(format!("the group {id} was pruned")))?;
        if group.finished.is_none() {
            let open = group.tally.pending + group.tally.running;
            let all = group.tally.members();
            return Err(CommandError::usage(format!("{id} is not over: {open} of its {all} tasks have not ended"))
                .hint(format!("hob wait {id}   waits for them"))
                .hint(format!("hob cancel {id}   cancels them")));
        }
        if failed_only && group.tally.completed == group.tally.members() {
            return Err(CommandError::usage(format!("every task of {id} completed; there is nothing to run again"))
                .hint(format!("hob retry {id}   runs all of them again")));
        }
        let pruned = |member: &Member| {
            let name = &member.name;
            CommandError::not_found(format!("`{name}` of {id} was pruned; a group runs again while all of it is there"))
                .hint(format!("hob fan-out {} …   hands it in anew", group.preset))
        };
        let members: CommandResult<Vec<_>> = members
            .into_iter()
            .map(|mut member| {
                let task = member.task.take();
                task.ok_or_else(|| pruned(&member)).map(|task| (member, task))
            })
            .collect();
        Ok(Self { members: members?, group, failed_only })
    }

    /// Its preset's name begins the id of what is new.
    pub fn new_id(&self, store: &mut Store) -> CommandResult<TaskId> {
        Ok(store.change(|changes| changes.new_group_id(&self.group.preset))?)
    }

    fn is_kept(&self, task: &Task) -> bool {
        self.failed_only && task.state.name() == StateName::Completed
    }

    /// The group `id` that runs it again.
    pub fn new_group(&self, executors: &Executors<'_>, id: &TaskId) -> CommandResult<NewGroup> {
        let old = &self.group;
        let member = |(member, task): &(Member, Task)| -> CommandResult<NewMember> {
            let about = |error: CommandError| {
                error.context(format!("`{}` of {}", member.name, old.id)).hint("nothing was handed in")
            };
            let does = if self.is_kept(task) {
                MemberTask::Kept(task.id.clone())
            } else {
                MemberTask::New(Box::new(self.new_task(executors, id, member, task).map_err(about)?))
            };
            Ok(NewMember { name: member.name.clone(), needs: member.needs.clone(), task: does })
        };
        Ok(NewGroup {
            members: self.members.iter().map(member).collect::<CommandResult<_>>()?,
            id: id.clone(),
            preset: old.preset.clone(),
            input: old.input.clone(),
            join: old.join,
            result: old.result.clone(),
            cwd: old.cwd.clone(),
            session: old.session.clone(),
            retry_of: Some(old.id.clone()),
        })
    }

    /// The task of a member once more. Its executor may have changed since, so its parameters are checked again.
    fn new_task(
        &self,
        executors: &Executors<'_>,
        group: &TaskId,
        member: &Member,
        task: &Task,
    ) -> CommandResult<NewTask> {
        let known = plan::ready(executors, task.executor.as_str())?;
        let made_for = task.group.as_ref().map_or(&self.group.id, |seat| &seat.group);
        let params = match &member.template {
            None => checked_params(&known, &object(task))?,
            Some(template) => {
                // `{group}` stays what it was: what others did with it then, such as a file of that name, is as
                // they left it.
                let is_group = |name: &str| (name == "group").then(|| made_for.to_string());
                let template = fill_known(template, &is_group).map_err(CommandError::usage)?;
                let words = Words { input: &self.group.input, cwd: &self.group.cwd, group: made_for.as_str() };
                checked_params(&known, &words.fill(&template)?)?;
                template
            }
        };
        Ok(NewTask {
            id: new_name(&task.id, made_for, group),
            executor: task.executor.clone(),
            params,
            priority: task.priority,
            cwd: task.cwd.clone(),
            environment: captured_environment(&known.config.grant),
            timeout: task.timeout,
            session: task.session.clone(),
            retry_of: Some(task.id.clone()),
        })
    }

    /// What is told of it now that it is accepted.
    pub fn handed_in<'a>(&'a self, accepted: &'a AcceptedGroup) -> HandedIn<'a> {
        let child = |((member, task), accepted): (&'a (Member, Task), &hob_store::Accepted)| Child {
            name: &member.name,
            executor: &task.executor,
            id: accepted.id.to_string(),
            needs: &member.needs,
            is_kept: self.is_kept(task),
        };
        HandedIn {
            id: &accepted.id,
            preset: &self.group.preset,
            is_repeated: accepted.already,
            retry_of: Some(&self.group.id),
            children: self.members.iter().zip(&accepted.members).map(child).collect(),
        }
    }
}

fn object(task: &Task) -> Map<String, Value> {
    match render::params_value(task) {
        Value::Object(params) => params,
        _ => Map::new(),
    }
}

/// What the preset would call it: its id with the new group in place of the old one.
fn new_name(id: &TaskId, old: &TaskId, new: &TaskId) -> Option<TaskId> {
    let (before, after) = id.as_str().split_once(old.as_str())?;
    format!("{before}{new}{after}").parse().ok()
}

/// Refuses a task that never got the results of others that stand in its parameters.
pub fn is_filled(store: &Store, task: &Task) -> CommandResult<()> {
    let Some(seat) = &task.group else { return Ok(()) };
    let members = store.view(|view| view.members(&seat.group))?;
    let template = members.into_iter().find(|member| member.name == seat.name).and_then(|member| member.template);
    let has_placeholders = placeholders_of(&render::params_value(task)).is_ok_and(|names| !names.is_empty());
    if template.as_ref() == Some(&task.params) && has_placeholders {
        let message = format!("{} never got the results of its group that it needs", task.id);
        return Err(CommandError::usage(message)
            .hint(format!("hob retry {} --failed   runs it again together with what it needs", seat.group)));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_follow_the_group() {
        let id = |text: &str| text.parse::<TaskId>().expect("an id");
        let named = |task: &str, old: &str, new: &str| new_name(&id(task), &id(old), &id(new));
        assert_eq!(named("api-1-docs", "api-1", "ultrawork-x"), Some(id("ultrawork-x-docs")));
        assert_eq!(named("docs-of-api-1", "api-1", "ultrawork-x"), Some(id("docs-of-ultrawork-x")));
        assert_eq!(named("kx3k", "api-1", "ultrawork-x"), None, "it was named by chance before");
        assert_eq!(named("g-docs", "g", &"x".repeat(64)), None, "it would be too long");
    }
}
