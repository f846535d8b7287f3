use super::{BOLD, duration, of_state, rfc3339, styled, task_object};
use hob_core::{Group, Join, StateName, Tally, Timestamp};
use hob_store::Member;
use serde_json::{Map, Value, json};
use std::time::Duration;

/// How long it has been there, up to its end.
fn age(group: &Group, now: Timestamp) -> Duration {
    group.finished.unwrap_or(now).since(group.created)
}

/// The group object of docs/json.md, without its members.
pub fn group_object(group: &Group, now: Timestamp) -> Map<String, Value> {
    let object = json!({
        "id": group.id,
        "preset": group.preset,
        "input": group.input,
        "state": group.state(),
        "join": group.join.least(group.tally.members()),
        "tally": group.tally,
        "cwd": group.cwd.to_string_lossy(),
        "session": group.session,
        "retry_of": group.retry_of,
        "created_at": rfc3339(group.created),
        "finished_at": group.finished.map(rfc3339),
        "duration_ms": age(group, now).as_millis(),
    });
    match object {
        Value::Object(object) => object,
        _ => Map::new(),
    }
}

/// A member of a group: its task, and its place in the group. One that was pruned has no id and no state.
pub fn member_object(group: &Group, member: &Member, now: Timestamp) -> Map<String, Value> {
    let pruned = || Map::from_iter([("id".to_owned(), Value::Null), ("state".to_owned(), Value::Null)]);
    let mut object = member.task.as_ref().map_or_else(pruned, |task| task_object(task, now));
    object.insert("member".to_owned(), json!(member.name));
    object.insert("needs".to_owned(), json!(member.needs));
    object.insert("kept".to_owned(), json!(is_kept(group, member)));
    object
}

/// Whether its task was made for an earlier group, which this one repeats.
pub fn is_kept(group: &Group, member: &Member) -> bool {
    let made_for = member.task.as_ref().and_then(|task| task.group.as_ref()).map(|seat| &seat.group);
    made_for.is_some_and(|made_for| *made_for != group.id)
}

/// `failed  g  (research)  2 of 4 completed, 1 failed, 1 cancelled  3.2s`
pub fn group_headline(group: &Group, now: Timestamp) -> String {
    let (state, id) = (group.state(), styled(BOLD, &group.id));
    let time = duration(age(group, now));
    format!("{}  {id}  ({})  {}  {time}", styled(of_state(state), state), group.preset, tally_words(&group.tally))
}

/// `2 of 4 completed, 1 failed, 1 cancelled`
fn tally_words(tally: &Tally) -> String {
    let others = [
        (tally.running, StateName::Running),
        (tally.pending, StateName::Pending),
        (tally.failed, StateName::Failed),
        (tally.cancelled, StateName::Cancelled),
    ];
    let completed = format!("{} of {} completed", tally.completed, tally.members());
    let others = others.into_iter().filter(|(count, _)| *count > 0).map(|(count, state)| format!("{count} {state}"));
    std::iter::once(completed).chain(others).collect::<Vec<_>>().join(", ")
}

/// `2/4, 1 failed, 1 cancelled`: how many have completed, and what else there is but waiting.
pub fn tally_short(tally: &Tally) -> String {
    let others = [(tally.running, "running"), (tally.failed, "failed"), (tally.cancelled, "cancelled")];
    let completed = format!("{}/{}", tally.completed, tally.members());
    let others = others.into_iter().filter(|(count, _)| *count > 0).map(|(count, state)| format!("{count} {state}"));
    std::iter::once(completed).chain(others).collect::<Vec<_>>().join(", ")
}

/// When it has completed, in words.
pub fn join_words(group: &Group) -> String {
    match (group.join, group.tally.members()) {
        (Join::All | Join::AtLeast(_), 1) => "completes if its task does".to_owned(),
        (Join::All, all) => format!("completes if all {all} tasks do"),
        (Join::AtLeast(1), all) => format!("completes if at least one of {all} tasks does"),
        (Join::AtLeast(least), all) => format!("completes if at least {least} of {all} tasks do"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn group(join: Join) -> Group {
        Group {
            id: "api-1".parse().expect("an id"),
            preset: "research".parse().expect("a name"),
            input: "the API".to_owned(),
            join,
            result: None,
            cwd: "/project".into(),
            session: None,
            retry_of: None,
            created: Timestamp(1_000),
            finished: Some(Timestamp(4_250)),
            tally: Tally { pending: 0, running: 0, completed: 2, failed: 1, cancelled: 1 },
        }
    }

    #[test]
    fn a_group_in_a_line() {
        let text = group_headline(&group(Join::All), Timestamp(9_000));
        let text = anstream::adapter::strip_str(&text).to_string();
        assert_eq!(text, "failed  api-1  (research)  2 of 4 completed, 1 failed, 1 cancelled  3.2s");
        assert_eq!(tally_short(&group(Join::All).tally), "2/4, 1 failed, 1 cancelled");
        assert_eq!(join_words(&group(Join::All)), "completes if all 4 tasks do");
        let any = group(Join::AtLeast(1));
        assert_eq!(join_words(&any), "completes if at least one of 4 tasks does");
        assert_eq!(group_object(&any, Timestamp(9_000))["duration_ms"], 3_250);
    }
}
