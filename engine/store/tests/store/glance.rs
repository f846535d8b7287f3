//! Tasks from afar.

use crate::{
    conformance::life::{claim, end, sign_on, submit},
    house::{House, NOW, completed, failed, id},
};
use hob_core::{StateName, Timestamp};
use hob_store::{Glance, Retention};

#[test]
fn the_last_ended_stand_first_and_the_stamp_changes_with_every_end() {
    let house = House::new();
    let mut store = house.open();
    let worker = sign_on(&mut store, "w1");
    submit(&mut store, &["a", "b", "c", "d", "e"]);
    #[expect(clippy::redundant_closure_for_method_calls, reason = "the method alone is not general enough")]
    let stamps = |store: &hob_store::Store| store.view(|view| view.end_stamp()).expect("reads");
    let mut stamp = stamps(&store);
    let (a, b, c) = (claim(&mut store, &worker), claim(&mut store, &worker), claim(&mut store, &worker));
    assert_eq!(stamps(&store), stamp, "a claim is no end");
    // In another order than they were accepted in.
    store.finish(end(&b, completed()), Timestamp(NOW.0 + 1)).expect("finishes");
    store.finish(end(&a, completed()), Timestamp(NOW.0 + 2)).expect("finishes");
    store.finish(end(&c, failed()), Timestamp(NOW.0 + 3)).expect("finishes");
    store.cancel(&[id("d")], Timestamp(NOW.0 + 4)).expect("cancels");
    let names = |tasks: Vec<Glance>| tasks.into_iter().map(|task| task.id.to_string()).collect::<Vec<_>>();
    let (running, well, ill) = store
        .view(|view| Ok((view.glance_at_running(9, 9)?, view.glance_at_completed(9, 2)?, view.glance_at_failed(9, 9)?)))
        .expect("reads");
    assert_eq!(running, []);
    assert_eq!(well[0].said.as_deref().map(|said| said.chars().count()), Some(2), "{well:?}");
    assert_eq!((names(well), names(ill.clone())), (vec!["a".into(), "b".into()], vec!["d".into(), "c".into()]));
    assert_eq!((ill[0].state, ill[0].started, ill[0].kind), (StateName::Cancelled, None, None));
    assert_eq!((ill[1].state, ill[1].kind.is_some()), (StateName::Failed, true));
    let next = stamps(&store);
    assert_ne!(std::mem::replace(&mut stamp, next), next);
    let keep_two = Retention { count: Some(2), ..Retention::default() };
    store.prune(&keep_two, NOW).expect("prunes");
    assert_ne!(stamps(&store), stamp, "what was removed counts, too");
    assert_eq!(names(store.view(|view| view.glance_at_completed(1, 1)).expect("reads")), Vec::<String>::new());
}
