use crate::error::CommandResult;
use hob_core::{Task, TaskId};
use hob_store::{Error, Reference, Store};

/// The tasks that are called so, or whose ids alone begin so, and of a group its members; each of them once.
pub fn resolve_all(store: &Store, texts: &[String]) -> CommandResult<Vec<TaskId>> {
    let mut ids: Vec<TaskId> = Vec::with_capacity(texts.len());
    for text in texts {
        let found = match store.refer(text)? {
            Reference::Task(id) => vec![id],
            Reference::Group(id) => {
                store.members(&id)?.into_iter().filter_map(|member| Some(member.task?.id)).collect()
            }
        };
        for id in found {
            if !ids.contains(&id) {
                ids.push(id);
            }
        }
    }
    Ok(ids)
}

/// The task that is called so, or whose id alone begins so.
pub fn find(store: &Store, text: &str) -> CommandResult<Task> {
    let task = store.view(|view| {
        let id = view.resolve(text)?;
        view.get(&id)?.ok_or(Error::NotFound { id: text.to_owned(), nearest: Vec::new(), retired: false })
    })?;
    Ok(task)
}
