use crate::error::CommandResult;
use hob_core::{Task, TaskId};
use hob_store::{Error, Reference, Store};
use std::collections::HashSet;

/// What somebody named: a task, or a group with the tasks of it that are there.
pub struct Named {
    /// Its id.
    pub id: TaskId,
    /// Whether it is a group.
    pub is_group: bool,
    /// Itself, or the members of the group in their order.
    pub tasks: Vec<TaskId>,
}

/// What is called so, or whose id alone begins so.
pub fn name(store: &Store, text: &str) -> CommandResult<Named> {
    Ok(match store.refer(text)? {
        Reference::Task(id) => Named { tasks: vec![id.clone()], id, is_group: false },
        Reference::Group(id) => {
            let members = store.members(&id)?;
            let tasks = members.into_iter().filter_map(|member| Some(member.task?.id)).collect();
            Named { id, is_group: true, tasks }
        }
    })
}

/// What is called so, each.
pub fn name_all(store: &Store, texts: &[String]) -> CommandResult<Vec<Named>> {
    texts.iter().map(|text| name(store, text)).collect()
}

/// All tasks of what was named; each of them once.
pub fn tasks_of(named: &[Named]) -> Vec<TaskId> {
    let mut seen = HashSet::new();
    named.iter().flat_map(|named| &named.tasks).filter(|id| seen.insert(*id)).cloned().collect()
}

/// The task that is called so, or whose id alone begins so.
pub fn find(store: &Store, text: &str) -> CommandResult<Task> {
    let task = store.view(|view| {
        let id = view.resolve(text)?;
        view.get(&id)?.ok_or(Error::NotFound { id: text.to_owned(), nearest: Vec::new(), retired: false })
    })?;
    Ok(task)
}
