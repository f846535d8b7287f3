//! Groups: what waits for what, how they end, and that nothing of it is counted twice.

mod histories;

use crate::house::{House, NOW, completed, failed, id, sign_on, task};
use hob_core::{
    AttemptNumber, Bytes, Join, MemberName, MemberTask, NewGroup, NewMember, NewTask, Outcome, State, StateName,
    TaskResult, Timestamp, WorkerId,
};
use hob_store::{Cancelled, Error, Finished, Happened, Reference, Retention, Store, output::Outputs};
use std::time::Duration;

pub fn name(text: &str) -> MemberName {
    text.parse().expect("the name of a member")
}

pub fn group(group: &str, members: Vec<NewMember>) -> NewGroup {
    NewGroup {
        id: id(group),
        preset: "research".parse().expect("the name of a preset"),
        input: "why {so}?".into(),
        join: Join::All,
        result: None,
        cwd: "/project".into(),
        session: None,
        retry_of: None,
        members,
    }
}

pub fn member(group: &str, text: &str, needs: &[&str], params: &str) -> NewMember {
    let new = NewTask { params: params.into(), ..task(&format!("{group}-{text}")) };
    let needs = needs.iter().map(|need| name(need)).collect();
    NewMember { name: name(text), needs, task: MemberTask::New(Box::new(new)) }
}

/// `docs` and `code` go at once, `plan` needs both, `check` needs `plan`.
fn research(store: &mut Store) -> WorkerId {
    let members = vec![
        member("g", "docs", &[], "{}"),
        member("g", "code", &[], "{}"),
        member(
            "g",
            "plan",
            &["docs", "code"],
            r#"{"q":"{input} {docs}/{code.summary}/{code.data} in {cwd} of {group} {docs.id}"}"#,
        ),
        member("g", "check", &["plan"], r#"{"q":"\\{{plan.output}"}"#),
    ];
    let new = NewGroup { result: Some("{plan.state}: {plan}".into()), ..group("g", members) };
    store.subscribe("desktop").expect("subscribes");
    let accepted = store.submit_group(&new, NOW).expect("accepted");
    assert_eq!(accepted.members.len(), 4);
    sign_on(store, "w1")
}

fn claimed(store: &mut Store, worker: &WorkerId) -> Vec<String> {
    let claims = store.claim(worker, 9, 9, NOW).expect("claims");
    claims.iter().map(|claim| claim.task.id.to_string()).collect()
}

#[track_caller]
fn end(store: &mut Store, task: &str, outcome: Outcome) {
    store.finish(Finished { id: id(task), attempt: AttemptNumber(1), outcome }, NOW).expect("ends");
}

fn said(summary: &str) -> Outcome {
    Outcome::Completed(TaskResult { summary: summary.into(), data: Some(serde_json::json!({ "n": 1 })) })
}

fn write(house: &House, sequence: i64, text: &str) {
    let writer = Outputs::of(&house.state()).writer(sequence, AttemptNumber(1), Bytes(1 << 20));
    writer.write(text.as_bytes()).expect("writes");
    writer.finish().expect("ends");
}

fn params(store: &Store, task: &str) -> serde_json::Value {
    serde_json::from_str(&store.get(&id(task)).expect("reads").expect("is there").params).expect("JSON")
}

fn state(store: &Store, task: &str) -> State {
    store.get(&id(task)).expect("reads").expect("is there").state
}

fn group_ends(store: &Store) -> Vec<(String, StateName)> {
    let events = store.events_since("desktop", 99).expect("reads");
    let ends = events.into_iter().filter_map(|event| match event.what {
        Happened::GroupEnded { id, state, .. } => Some((id.to_string(), state)),
        Happened::Ended { group, .. } => {
            assert_eq!(group, Some(id("g")));
            None
        }
        Happened::Blocked { .. } => None,
    });
    ends.collect()
}

#[test]
fn a_member_goes_when_what_it_needs_has_completed_and_gets_its_results() {
    let house = House::new();
    let mut store = house.open();
    let worker = research(&mut store);
    assert_eq!(claimed(&mut store, &worker), ["g-docs", "g-code"]);
    let plan = store.get(&id("g-plan")).expect("reads").expect("is there").group.expect("a member");
    assert_eq!((plan.group, plan.name, plan.waits_for), (id("g"), name("plan"), vec![name("docs"), name("code")]));
    assert_eq!(store.claim(&worker, 9, 9, NOW), Ok(Vec::new()));

    write(&house, 1, "found \u{1b}[31m{it}\n");
    end(&mut store, "g-docs", said("ignored"));
    assert_eq!(claimed(&mut store, &worker), Vec::<String>::new());
    assert_eq!(store.group(&id("g")).expect("reads").expect("is there").state(), StateName::Running);
    end(&mut store, "g-code", said("read"));
    assert_eq!(claimed(&mut store, &worker), ["g-plan"]);
    let expect = serde_json::json!({ "q": "why {so}? found {it}/read/{\"n\":1} in /project of g g-docs" });
    assert_eq!(params(&store, "g-plan"), expect);

    write(&house, 3, &"long ".repeat(20_000));
    end(&mut store, "g-plan", completed());
    assert_eq!(claimed(&mut store, &worker), ["g-check"]);
    let filled = params(&store, "g-check")["q"].as_str().expect("text").to_owned();
    assert!(filled.starts_with("{long long"), "{}", &filled[..20]);
    assert!(filled.ends_with("[… 34464 more bytes: hob output g-plan --log]"), "{}", &filled[filled.len() - 60..]);
    assert_eq!(group_ends(&store), []);
    end(&mut store, "g-check", completed());
    assert_eq!(group_ends(&store), [("g".to_owned(), StateName::Completed)]);

    let over = store.group(&id("g")).expect("reads").expect("is there");
    let members = store.members(&id("g")).expect("reads");
    assert!(store.group_result(&over, &members).expect("has a template").starts_with("completed: long long"));
    assert_eq!((over.finished, over.tally.completed), (Some(NOW), 4));
    assert!(members[2].template.as_deref().is_some_and(|template| template.contains("{docs}")));
    assert_eq!(store.check(), Ok(Vec::new()));
}

#[test]
fn what_needs_a_member_that_did_not_complete_is_given_up_with_all_that_needs_it() {
    let house = House::new();
    let mut store = house.open();
    let worker = research(&mut store);
    claimed(&mut store, &worker);
    end(&mut store, "g-docs", failed());
    let reason = |store: &Store, task: &str| match state(store, task) {
        State::Cancelled { reason, stopped: None, .. } => reason.unwrap_or_default(),
        other => panic!("{other:?}"),
    };
    assert_eq!(reason(&store, "g-plan"), "needs `docs` (g-docs), which failed");
    assert_eq!(reason(&store, "g-check"), "needs `plan` (g-plan), which was cancelled");
    assert_eq!(group_ends(&store), [], "a sibling goes on");
    end(&mut store, "g-code", completed());
    assert_eq!(group_ends(&store), [("g".to_owned(), StateName::Failed)]);
    assert_eq!(store.check(), Ok(Vec::new()));
}

#[test]
fn a_group_has_completed_when_enough_of_it_has() {
    for (join, expect) in [(Join::All, StateName::Failed), (Join::AtLeast(1), StateName::Completed)] {
        let house = House::new();
        let mut store = house.open();
        let worker = sign_on(&mut store, "w1");
        store.subscribe("desktop").expect("subscribes");
        let members = vec![member("g", "a", &[], "{}"), member("g", "b", &[], "{}")];
        store.submit_group(&NewGroup { join, ..group("g", members) }, NOW).expect("accepted");
        claimed(&mut store, &worker);
        end(&mut store, "g-a", failed());
        end(&mut store, "g-b", completed());
        assert_eq!(group_ends(&store), [("g".to_owned(), expect)]);
    }
}

#[test]
fn cancelling_every_member_ends_the_group_once() {
    let house = House::new();
    let mut store = house.open();
    research(&mut store);
    let ids: Vec<_> = ["docs", "code", "plan", "check"].map(|name| id(&format!("g-{name}"))).into();
    let replies = store.cancel(&ids, NOW).expect("answers");
    assert!(replies.iter().all(|reply| reply.became == Cancelled::AtOnce), "{replies:?}");
    assert_eq!(group_ends(&store), [("g".to_owned(), StateName::Cancelled)]);

    let house = House::new();
    let mut store = house.open();
    research(&mut store);
    assert_eq!(store.cancel_all(NOW).expect("answers").len(), 4);
    assert_eq!(store.check(), Ok(Vec::new()));
}

#[test]
fn a_repeated_submission_is_one_group_and_a_taken_id_is_refused() {
    let house = House::new();
    let mut store = house.open();
    store.submit(&[task("single"), task("h-b")], NOW).expect("accepted");
    let members = || vec![member("g", "a", &[], "{}")];
    let first = store.submit_group(&group("g", members()), NOW).expect("accepted");
    let again = store.submit_group(&group("g", members()), NOW).expect("accepted");
    assert_eq!((first.already, again.already), (false, true));
    assert_eq!(first.members[0].id, again.members[0].id);
    let taken = |name: &str| Err(Error::IdTaken { id: id(name) });
    let other = NewGroup { input: "else".into(), ..group("g", members()) };
    assert_eq!(store.submit_group(&other, NOW), taken("g"));
    assert_eq!(store.submit_group(&group("single", members()), NOW), taken("single"));
    assert_eq!(store.submit(&[task("g")], NOW).map(drop), taken("g").map(drop));
    // The member of another has its id; nothing of the group is kept.
    let half = vec![member("h", "a", &[], "{}"), member("h", "b", &[], "{\"command\":\"true\"}")];
    assert_eq!(store.submit_group(&group("h", half), NOW), taken("h-b"));
    assert_eq!(store.group(&id("h")), Ok(None));
    assert_eq!(store.get(&id("h-a")), Ok(None));
    assert_eq!(store.groups(None, None).expect("lists").len(), 1);
    let preset = "research".parse().expect("a name");
    let new = store.change(|changes| changes.new_group_id(&preset)).expect("is free");
    assert_eq!((new.as_str().len(), new.as_str().starts_with("research-")), (14, true));
}

#[test]
fn members_that_wait_for_each_other_are_refused() {
    let house = House::new();
    let mut store = house.open();
    for needs in [["b", "a"], ["b", "nobody"]] {
        let members = vec![member("g", "a", &needs[..1], "{}"), member("g", "b", &needs[1..], "{}")];
        assert!(matches!(store.submit_group(&group("g", members), NOW), Err(Error::Internal { .. })));
    }
}

#[test]
fn an_abbreviation_names_a_group_before_its_members() {
    let house = House::new();
    let mut store = house.open();
    research(&mut store);
    store.submit(&[task("other-one"), task("other-two")], NOW).expect("accepted");
    store.submit_group(&group("other", vec![member("x", "a", &[], "{}")]), NOW).expect("accepted");
    assert_eq!(store.refer("g"), Ok(Reference::Group(id("g"))));
    assert_eq!(store.refer("g-d"), Ok(Reference::Task(id("g-docs"))));
    assert_eq!(store.refer("other"), Ok(Reference::Group(id("other"))));
    assert!(matches!(store.refer("oth"), Err(Error::Ambiguous { candidates, .. }) if candidates.len() == 3));
    assert_eq!(store.resolve("g"), Err(Error::IsGroup { id: id("g") }));
}

#[test]
fn a_repeated_group_keeps_what_completed() {
    let house = House::new();
    let mut store = house.open();
    let worker = research(&mut store);
    claimed(&mut store, &worker);
    end(&mut store, "g-docs", said("kept"));
    end(&mut store, "g-code", failed());
    let mut members = vec![
        member("r", "docs", &[], "{}"),
        member("r", "code", &[], "{}"),
        member("r", "plan", &["docs", "code"], r#"{"q":"{docs} and {code}"}"#),
        member("r", "note", &["docs"], r#"{"q":"{docs}"}"#),
    ];
    members[0].task = MemberTask::Kept(id("g-docs"));
    let again = NewGroup { retry_of: Some(id("g")), ..group("r", members.clone()) };
    store.submit_group(&again, NOW).expect("accepted");
    let tally = store.group(&id("r")).expect("reads").expect("is there").tally;
    assert_eq!((tally.completed, tally.pending), (1, 3));
    assert_eq!(params(&store, "r-note")["q"], "kept", "filled at once");
    assert_eq!(claimed(&mut store, &worker), ["r-code", "r-note"]);
    end(&mut store, "r-code", said("new"));
    assert_eq!(claimed(&mut store, &worker), ["r-plan"]);
    assert_eq!(params(&store, "r-plan")["q"], "kept and new");
    assert_eq!(store.get(&id("g-docs")).expect("reads").expect("is there").group.expect("a member").group, id("g"));
    assert_eq!(store.check(), Ok(Vec::new()));

    // Only what completed is kept; a group of nothing else is over at once.
    members[1].task = MemberTask::Kept(id("g-code"));
    assert_eq!(store.submit_group(&group("s", members.clone()), NOW), Err(Error::NotCompleted { id: id("g-code") }));
    store.submit_group(&group("t", members[..1].to_vec()), NOW).expect("accepted");
    assert_eq!(store.group(&id("t")).expect("reads").expect("is there").finished, Some(NOW));
}

#[test]
fn parameters_that_cannot_be_filled_end_the_task_and_not_the_engine() {
    let house = House::new();
    let mut store = house.open();
    let worker = sign_on(&mut store, "w1");
    let members = vec![member("g", "a", &[], "{}"), member("g", "b", &["a"], r#"{"q":"{nobody}"}"#)];
    store.submit_group(&group("g", members), NOW).expect("accepted");
    claimed(&mut store, &worker);
    end(&mut store, "g-a", completed());
    let State::Cancelled { reason: Some(reason), .. } = state(&store, "g-b") else { panic!("not cancelled") };
    assert!(reason.contains("{nobody}"), "{reason}");
    assert_eq!(store.group(&id("g")).expect("reads").expect("is there").state(), StateName::Cancelled);
}

#[test]
fn an_open_group_keeps_its_members_and_the_last_one_takes_it_along() {
    let house = House::new();
    let mut store = house.open();
    let worker = research(&mut store);
    claimed(&mut store, &worker);
    end(&mut store, "g-docs", completed());
    let all = Retention { age: Some(Duration::ZERO), count: Some(0), output: Some(Bytes(0)) };
    let later = Timestamp(NOW.0 + 1);
    assert_eq!(store.prune(&all, later).expect("prunes").tasks, []);
    end(&mut store, "g-code", failed());
    let one = Retention { count: Some(3), ..Retention::default() };
    let gone = store.prune(&one, later).expect("prunes");
    assert_eq!(gone.tasks.len(), 1);
    let members = store.members(&id("g")).expect("reads");
    assert_eq!(members.iter().filter(|member| member.task.is_none()).count(), 1);
    assert_eq!(members.len(), 4);
    assert_eq!(store.group(&id("g")).expect("reads").expect("is there").tally.members(), 4);
    assert_eq!(store.check(), Ok(Vec::new()));
    store.prune(&all, later).expect("prunes");
    assert_eq!(store.group(&id("g")), Ok(None));
    let again = group("g", vec![member("x", "a", &[], "{}")]);
    assert_eq!(store.submit_group(&again, NOW), Err(Error::IdRetired { id: id("g") }));
}
