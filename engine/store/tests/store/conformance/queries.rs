use crate::{
    conformance::life::{claim, end, sign_on, submit},
    conformance::subject::Subject,
    house::{NOW, completed, executor, failed, id, task},
};
use hob_core::{NewTask, Outcome, Priority, SessionId, State, StateName, TaskId, TaskResult, Timestamp};
use hob_store::{Counts, Error, Filter, Happened};
use serde_json::json;

pub fn an_abbreviation_is_enough(store: &mut impl Subject) {
    submit(store, &["search-auth", "search-db", "build", "search"]);
    assert_eq!(store.resolve("build"), Ok(id("build")));
    assert_eq!(store.resolve("b"), Ok(id("build")));
    assert_eq!(store.resolve("search-a"), Ok(id("search-auth")));
    // A whole id wins over those that begin with it.
    assert_eq!(store.resolve("search"), Ok(id("search")));
    assert_eq!(
        store.resolve("sea"),
        Err(Error::Ambiguous {
            prefix: "sea".into(),
            candidates: ["search", "search-db", "search-auth"].map(id).into(),
        })
    );
    // Nothing in it is a pattern.
    for strange in ["%", "_", "sea*", "'", "", "ü"] {
        assert!(matches!(store.resolve(strange), Err(Error::NotFound { .. })), "{strange}");
    }
}

pub fn a_misspelt_id_names_the_nearest(store: &mut impl Subject) {
    submit(store, &["search-auth", "build"]);
    let error = store.resolve("serach-auth").expect_err("there is none");
    assert_eq!(error, Error::NotFound { id: "serach-auth".into(), nearest: vec![id("search-auth")], retired: false });
    assert_eq!(error.to_string(), "find a task `serach-auth`: there is none; did you mean search-auth?");
}

fn ids(store: &impl Subject, filter: &Filter) -> Vec<String> {
    store.list(filter).expect("lists").iter().map(|task| task.id.to_string()).collect()
}

pub fn lists_are_filtered(store: &mut impl Subject) {
    let worker = sign_on(store, "w1");
    let session: SessionId = "s1".parse().expect("a session");
    let tasks = [
        task("done"),
        task("broken"),
        NewTask { executor: executor("explore"), params: "{\"pattern\":\"NEEDLE\"}".into(), ..task("found") },
        NewTask { session: Some(session.clone()), priority: Priority::Low, ..task("needle-id") },
        NewTask { session: Some(session.clone()), priority: Priority::Low, ..task("last") },
    ];
    store.submit(&tasks, NOW).expect("accepted");
    let done = claim(store, &worker);
    let result = TaskResult { summary: "a needle".into(), data: Some(json!([1])) };
    store.finish(end(&done, Outcome::Completed(result)), NOW).expect("finishes");
    let broken = claim(store, &worker);
    store.finish(end(&broken, failed()), NOW).expect("finishes");
    claim(store, &worker);
    store.cancel(&[id("last")], NOW).expect("cancels");

    let all = Filter::default();
    assert_eq!(ids(store, &all), ["last", "needle-id", "found", "broken", "done"]);
    let of = |states: &[StateName]| Filter { states: states.to_vec(), ..Filter::default() };
    assert_eq!(ids(store, &of(&[StateName::Failed])), ["broken"]);
    assert_eq!(ids(store, &of(&[StateName::Cancelled])), ["last"]);
    assert_eq!(ids(store, &of(&[StateName::Running])), ["found"]);
    assert_eq!(ids(store, &of(&[StateName::Pending])), ["needle-id"]);
    assert_eq!(ids(store, &of(&[StateName::Completed, StateName::Failed])), ["broken", "done"]);
    assert_eq!(ids(store, &Filter { executor: Some(executor("explore")), ..all.clone() }), ["found"]);
    assert_eq!(ids(store, &Filter { session: Some(session), ..all.clone() }), ["last", "needle-id"]);
    assert_eq!(ids(store, &Filter { priority: Some(Priority::Low), ..all.clone() }), ["last", "needle-id"]);
    assert_eq!(ids(store, &Filter { text: Some("Needle".into()), ..all.clone() }), ["needle-id", "found", "done"]);
    assert_eq!(ids(store, &Filter { text: Some("%".into()), ..all.clone() }), Vec::<String>::new());
    assert_eq!(ids(store, &Filter { limit: Some(2), ..all.clone() }), ["last", "needle-id"]);
    let page = Filter { before: store.get(&id("found")).expect("reads").map(|task| task.sequence), ..all.clone() };
    assert_eq!(ids(store, &page), ["broken", "done"]);

    let data = |with_data| {
        let listed = store.list(&Filter { with_data, text: Some("done".into()), ..all.clone() }).expect("lists");
        match &listed[0].state {
            State::Completed { result, .. } => result.data.clone(),
            other => panic!("{other:?}"),
        }
    };
    assert_eq!((data(true), data(false)), (Some(json!([1])), None));
}

pub fn counts_follow_every_change(store: &mut impl Subject) {
    let worker = sign_on(store, "w1");
    assert_eq!(store.counts(), Ok(Counts::default()));
    submit(store, &["a", "b", "c", "d", "e"]);
    let claims = store.claim(&worker, 3, 3, NOW).expect("claims");
    store.finish(end(&claims[0], completed()), NOW).expect("finishes");
    store.finish(end(&claims[1], failed()), NOW).expect("finishes");
    store.cancel(&[id("d")], NOW).expect("cancels");
    let expect = Counts { pending: 1, running: 1, completed: 1, failed: 1, cancelled: 1, ..Counts::default() };
    assert_eq!(store.counts(), Ok(expect));
}

pub fn events_reach_each_consumer_once(store: &mut impl Subject) {
    let worker = sign_on(store, "w1");
    submit(store, &["before", "a", "b"]);
    let before = claim(store, &worker);
    store.finish(end(&before, completed()), NOW).expect("finishes");
    assert_eq!(store.events_since("desktop", 9), Err(Error::UnknownConsumer { consumer: "desktop".into() }));
    assert!(matches!(store.acknowledge("desktop", 1), Err(Error::UnknownConsumer { .. })));
    store.subscribe("desktop").expect("subscribes");
    assert_eq!(store.events_since("desktop", 9), Ok(Vec::new()));

    let first = claim(store, &worker);
    store.finish(end(&first, failed()), Timestamp(5)).expect("finishes");
    store.block_executor(&executor("shell"), "gone", NOW).expect("blocks");
    store.block_executor(&executor("shell"), "gone", NOW).expect("says the same");
    store.subscribe("hook").expect("subscribes");
    store.cancel(&[id("b")], NOW).expect("cancels");

    let events = store.events_since("desktop", 9).expect("reads");
    let told: Vec<(Option<TaskId>, Option<StateName>)> = events
        .iter()
        .map(|event| match &event.what {
            Happened::Ended { id, state, .. } => (Some(id.clone()), Some(*state)),
            Happened::Blocked { executor, reason } => {
                assert_eq!((executor.as_str(), reason.as_str()), ("shell", "gone"));
                (None, None)
            }
            Happened::GroupEnded { id, .. } => panic!("there is no group, and {id} ended"),
        })
        .collect();
    assert_eq!(
        told,
        [(Some(id("a")), Some(StateName::Failed)), (None, None), (Some(id("b")), Some(StateName::Cancelled)),]
    );
    assert_eq!(events[0].at, Timestamp(5));
    assert_eq!(store.events_since("desktop", 1).expect("reads").len(), 1);
    assert_eq!(store.events_since("hook", 9).expect("reads"), events[2..]);

    assert_eq!(store.acknowledge("desktop", events[1].number), Ok(true));
    assert_eq!(store.acknowledge("desktop", events[1].number), Ok(false));
    assert_eq!(store.acknowledge("desktop", events[0].number), Ok(false));
    store.subscribe("desktop").expect("is subscribed");
    assert_eq!(store.events_since("desktop", 9).expect("reads"), events[2..]);
    assert_eq!(store.events_since("hook", 9).expect("reads"), events[2..]);
}

pub fn denials_are_kept_once_by_executor_and_the_newest_of_many(store: &mut impl Subject) {
    let (one, two) = (executor("one"), executor("two"));
    let lines = |all: &[&str]| all.iter().map(|lines| (*lines).to_owned()).collect::<Vec<_>>();
    store.note_denials(&one, &lines(&["env = [\"A\"]", "state = \"1MiB\""]), Timestamp(1)).expect("noted");
    store.note_denials(&one, &lines(&["env = [\"A\"]", ""]), Timestamp(2)).expect("noted");
    assert_eq!(store.denials(&one), Ok(lines(&["state = \"1MiB\"", "env = [\"A\"]"])));
    assert_eq!(store.denials(&two), Ok(Vec::new()));
    let many: Vec<String> = (0..150).map(|n| format!("env = [\"V{n:03}\"]")).collect();
    store.note_denials(&two, &many, Timestamp(3)).expect("noted");
    store.note_denials(&two, &[String::from("state = \"2MiB\""), "x".repeat(9_000)], Timestamp(4)).expect("noted");
    let kept = store.denials(&two).expect("reads");
    assert_eq!((kept.len(), kept.last().map(String::as_str)), (100, Some("state = \"2MiB\"")));
}

pub fn executors_keep_values_within_their_quota(store: &mut impl Subject) {
    let (one, two) = (executor("one"), executor("two"));
    store.set_value(&one, "key", b"12345", 8).expect("fits exactly");
    assert_eq!(store.value(&one, "key"), Ok(Some(b"12345".to_vec())));
    assert_eq!(store.value(&two, "key"), Ok(None));
    let refused = store.set_value(&one, "k", b"", 8);
    assert_eq!(refused, Err(Error::QuotaExceeded { executor: one.clone(), needed: 9, quota: 8 }));
    // What is replaced does not count.
    store.set_value(&one, "key", b"54321", 8).expect("fits");
    store.set_value(&one, "key", b"", 8).expect("fits");
    store.set_value(&one, "kö", b"\xff\0", 8).expect("fits");
    assert_eq!(store.keys(&one, "k"), Ok(vec!["key".into(), "kö".into()]));
    assert_eq!(store.keys(&one, "kö"), Ok(vec!["kö".into()]));
    assert_eq!(store.keys(&one, "%"), Ok(Vec::new()));
    store.delete_value(&one, "key").expect("deletes");
    store.delete_value(&one, "key").expect("is gone");
    store.set_value(&one, "abc", b"", 8).expect("the room is free again");
    assert_eq!(store.keys(&one, ""), Ok(vec!["abc".into(), "kö".into()]));
}
