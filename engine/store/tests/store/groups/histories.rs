//! Random groups and random ends: whatever happens, nothing waits for ever and each group ends once.

use super::{group, member, name};
use crate::house::{House, completed, executor, failed, id, sign_on};
use hob_core::{Join, MemberTask, NewGroup, NewMember, Outcome, StateName, Timestamp};
use hob_store::{Finished, Happened, Retention, Store};
use proptest::{collection::vec, prelude::*, sample::Index};
use std::time::Duration;

#[derive(Clone, Debug)]
enum Step {
    /// A group of members that each need some of those before them, given by the bits.
    Submit {
        needs: Vec<u8>,
        least: Option<u32>,
        keep: Index,
    },
    Run {
        most: u32,
        outcome: Index,
    },
    Cancel {
        task: Index,
    },
    Lose {
        repeatable: bool,
    },
    Prune {
        count: u64,
    },
}

fn step() -> impl Strategy<Value = Step> {
    let index = any::<Index>;
    prop_oneof![
        3 => (vec(any::<u8>(), 1..5), proptest::option::of(0..4_u32), index())
            .prop_map(|(needs, least, keep)| Step::Submit { needs, least, keep }),
        8 => (1..3_u32, index()).prop_map(|(most, outcome)| Step::Run { most, outcome }),
        2 => index().prop_map(|task| Step::Cancel { task }),
        1 => any::<bool>().prop_map(|repeatable| Step::Lose { repeatable }),
        1 => (0..9_u64).prop_map(|count| Step::Prune { count }),
    ]
}

fn members(store: &Store, prefix: &str, needs: &[u8], keep: Index) -> Vec<NewMember> {
    let names = ["a", "b", "c", "d", "e"];
    let mut members: Vec<NewMember> = needs
        .iter()
        .enumerate()
        .map(|(at, bits)| {
            let needs: Vec<&str> = (0..at).filter(|other| bits & (1 << other) != 0).map(|other| names[other]).collect();
            let said = needs.iter().map(|need| format!("{{{need}}}")).collect::<Vec<_>>().concat();
            member(prefix, names[at], &needs, &serde_json::json!({ "q": said }).to_string())
        })
        .collect();
    let tasks = store.list(&hob_store::Filter { states: vec![StateName::Completed], ..Default::default() });
    if let (Ok([first, ..]), true) = (tasks.as_deref(), keep.index(2) == 0) {
        members[0].task = MemberTask::Kept(first.id.clone());
    }
    members
}

fn take(store: &mut Store, step: Step, at: Timestamp) {
    let worker = sign_on(store, "w1");
    match step {
        Step::Submit { needs, least, keep } => {
            let prefix = format!("g{}", at.0);
            let join = least.map_or(Join::All, Join::AtLeast);
            let members = members(store, &prefix, &needs, keep);
            store.submit_group(&NewGroup { join, ..group(&prefix, members) }, at).expect("accepted");
        }
        Step::Run { most, outcome } => {
            for claim in store.claim(&worker, 3, most, at).expect("claims") {
                assert!(claim.task.group.is_some_and(|seat| seat.waits_for.is_empty()));
                assert!(!claim.task.params.contains("{a}"), "{}", claim.task.params);
            }
            let held = store.held_by(&worker).expect("reads");
            if !held.is_empty() {
                let held = outcome.get(&held);
                let outcome = outcome.get(&[completed(), completed(), failed(), Outcome::Cancelled]).clone();
                let end = Finished { id: held.id.clone(), attempt: held.attempt, outcome };
                store.finish(end, at).expect("ends");
            }
        }
        Step::Cancel { task } => {
            let tasks = store.list(&hob_store::Filter::default()).expect("lists");
            if !tasks.is_empty() {
                store.cancel(&[task.get(&tasks).id.clone()], at).expect("answers");
            }
        }
        Step::Lose { repeatable } => drop(store.lose(&worker, |_| repeatable, at).expect("rescues")),
        Step::Prune { count } => {
            let retention = Retention { age: Some(Duration::from_hours(1)), count: Some(count), output: None };
            store.prune(&retention, at).expect("prunes");
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn every_group_ends_once_and_the_counts_hold(steps in vec(step(), 1..40)) {
        let house = House::new();
        let mut store = house.open();
        store.subscribe("desktop").expect("subscribes");
        let mut made = 0;
        for (at, step) in (1..).map(Timestamp).zip(steps) {
            made += usize::from(matches!(step, Step::Submit { .. }));
            take(&mut store, step, at);
            prop_assert_eq!(store.check(), Ok(Vec::new()));
        }
        // Let everything that is left go: nothing may be waiting for what never comes.
        let worker = sign_on(&mut store, "w1");
        loop {
            store.claim(&worker, 3, 3, Timestamp(1_000)).expect("claims");
            let held = store.held_by(&worker).expect("reads");
            if held.is_empty() {
                break;
            }
            for held in held {
                let end = Finished { id: held.id, attempt: held.attempt, outcome: completed() };
                store.finish(end, Timestamp(1_000)).expect("ends");
            }
        }
        let counts = store.counts().expect("counts");
        prop_assert_eq!((counts.pending, counts.running), (0, 0));
        let events = store.events_since("desktop", 999).expect("reads");
        let mut ended: Vec<_> = events.into_iter().filter_map(|event| match event.what {
            Happened::GroupEnded { id, .. } => Some(id),
            Happened::Ended { .. } | Happened::Blocked { .. } => None,
        }).collect();
        prop_assert_eq!(ended.len(), made);
        ended.sort();
        ended.dedup();
        prop_assert_eq!(ended.len(), made);
        prop_assert_eq!(store.check(), Ok(Vec::new()));
    }
}

#[test]
fn a_waiting_member_keeps_no_worker_awake() {
    let house = House::new();
    let mut store = house.open();
    let worker = sign_on(&mut store, "w1");
    let members = vec![member("g", "a", &[], "{}"), member("g", "b", &["a"], "{}")];
    store.submit_group(&group("g", members), Timestamp(1)).expect("accepted");
    store.claim(&worker, 9, 1, Timestamp(1)).expect("claims");
    assert_eq!(store.view(|view| view.claimable(&worker, 9)), Ok(false));
    // What a lost worker held goes first again, and what needs it still waits.
    store.lose(&worker, |_| true, Timestamp(2)).expect("rescues");
    sign_on(&mut store, "w1");
    assert_eq!(store.view(|view| view.claimable(&worker, 9)), Ok(true));
    store.block_executor(&executor("shell"), "gone", Timestamp(3)).expect("blocks");
    assert_eq!(store.view(|view| view.claimable(&worker, 9)), Ok(false));
    let waits = store.get(&id("g-b")).expect("reads").expect("is there").group.expect("a member").waits_for;
    assert_eq!(waits, [name("a")]);
}
