//! Random histories, replayed against a model that is nothing but the transition function.

use crate::house::{House, completed, executor, failed, id, task, worker};
use hob_core::{
    AttemptNumber, Event, NewTask, Outcome, Priority, Progress, State, StateName, TaskId, Timestamp, WorkerId,
    transition,
};
use hob_store::{CancelReply, Cancelled, Counts, Error, Filter, Finished, Store, WorkerKind};
use proptest::{collection::vec, prelude::*, sample::Index};
use std::collections::{BTreeMap, BTreeSet};

const LIMIT: u32 = 3;
const EXECUTORS: [&str; 2] = ["shell", "explore"];

/// What somebody does. An `Index` picks a task, a worker or an executor; `stale` speaks for the attempt before.
#[derive(Clone, Debug)]
enum Step {
    Submit { executor: Index, priority: Index },
    Claim { worker: Index, most: u32 },
    Finish { task: Index, stale: bool, outcome: Index },
    Report { task: Index, stale: bool },
    Release { task: Index, stale: bool, blocked: bool },
    Cancel { task: Index },
    Lose { worker: Index, repeatable: bool },
    Block { executor: Index },
    Unblock { executor: Index },
    LetGo { executor: Index },
}

fn step() -> impl Strategy<Value = Step> {
    let index = any::<Index>;
    prop_oneof![
        4 => (index(), index()).prop_map(|(executor, priority)| Step::Submit { executor, priority }),
        4 => (index(), 1..3_u32).prop_map(|(worker, most)| Step::Claim { worker, most }),
        4 => (index(), any::<bool>(), index())
            .prop_map(|(task, stale, outcome)| Step::Finish { task, stale, outcome }),
        1 => (index(), any::<bool>()).prop_map(|(task, stale)| Step::Report { task, stale }),
        1 => (index(), any::<bool>(), any::<bool>())
            .prop_map(|(task, stale, blocked)| Step::Release { task, stale, blocked }),
        2 => index().prop_map(|task| Step::Cancel { task }),
        2 => (index(), any::<bool>()).prop_map(|(worker, repeatable)| Step::Lose { worker, repeatable }),
        1 => index().prop_map(|executor| Step::Block { executor }),
        1 => index().prop_map(|executor| Step::Unblock { executor }),
        1 => index().prop_map(|executor| Step::LetGo { executor }),
    ]
}

struct Known {
    executor: &'static str,
    priority: Priority,
    state: State,
    /// How many of its attempts lost their worker.
    lost: u32,
}

/// How often in a row workers died while they ran an executor, and when they did so last.
#[derive(Clone, Copy)]
struct Losses {
    count: u32,
    last: Timestamp,
}

/// The tasks by sequence number, and why executors are blocked.
#[derive(Default)]
struct Model {
    tasks: BTreeMap<i64, Known>,
    blocked: BTreeMap<&'static str, String>,
    losses: BTreeMap<&'static str, Losses>,
    aside: BTreeSet<&'static str>,
}

fn aside(executor: &str, times: u32) -> String {
    format!(
        "set aside: {times} times in a row the worker died while it ran; once the cause is gone, \
         `hob executors {executor} --let-go` lets its tasks run"
    )
}

fn name(sequence: i64) -> TaskId {
    id(&format!("t{sequence}"))
}

fn workers() -> [WorkerId; 2] {
    ["w1", "w2"].map(worker)
}

impl Model {
    /// What the task is, being blocked included: that belongs to its executor.
    fn state(&self, sequence: i64) -> State {
        let known = &self.tasks[&sequence];
        match &known.state {
            State::Pending { last_attempt, .. } => {
                let blocked = self.blocked.get(known.executor).cloned();
                State::Pending { last_attempt: *last_attempt, blocked }
            }
            other => other.clone(),
        }
    }

    fn happen(&mut self, sequence: i64, event: Event) -> bool {
        let next = transition(self.state(sequence), event);
        match (next, self.tasks.get_mut(&sequence)) {
            (Ok(state), Some(known)) => {
                known.state = state;
                true
            }
            _ => false,
        }
    }

    fn block(&mut self, executor: &'static str, reason: &str) {
        if !self.aside.contains(executor) {
            self.blocked.insert(executor, reason.into());
        }
    }

    /// That a worker died while it ran these, each with when its last attempt began.
    fn lose(&mut self, executors: &BTreeMap<&'static str, Timestamp>, at: Timestamp) {
        let mut counted = Vec::new();
        for (executor, began) in executors.iter().filter(|(executor, _)| !self.aside.contains(*executor)) {
            let losses = self.losses.entry(executor).or_insert(Losses { count: 0, last: Timestamp(0) });
            if losses.count == 0 || losses.last < *began {
                *losses = Losses { count: losses.count + 1, last: at };
                counted.push((*executor, losses.count));
            }
        }
        let most = counted.iter().map(|(_, count)| *count).max().unwrap_or(0);
        counted.retain(|(_, count)| *count == most);
        if most >= 6 || (most >= 3 && counted.len() == 1) {
            for (executor, _) in counted {
                self.aside.insert(executor);
                self.blocked.insert(executor, aside(executor, most));
            }
        }
    }

    fn pick(&self, index: Index) -> Option<i64> {
        (!self.tasks.is_empty()).then(|| *index.get(&self.tasks.keys().collect::<Vec<_>>())).copied()
    }

    fn attempt(&self, sequence: i64, stale: bool) -> AttemptNumber {
        let attempt = match &self.tasks[&sequence].state {
            State::Pending { last_attempt, .. } => last_attempt.0,
            State::Running { attempt, .. } | State::Completed { attempt, .. } | State::Failed { attempt, .. } => {
                attempt.0
            }
            State::Cancelled { stopped, .. } => stopped.map_or(0, |(attempt, _)| attempt.0),
        };
        AttemptNumber(if stale { attempt.saturating_sub(1) } else { attempt })
    }

    fn of_state(&self, state: StateName) -> Vec<i64> {
        self.tasks.iter().filter(|(_, known)| known.state.name() == state).map(|(sequence, _)| *sequence).collect()
    }

    fn next(&self) -> Option<i64> {
        let mut free = self.of_state(StateName::Pending);
        free.retain(|sequence| !self.blocked.contains_key(self.tasks[sequence].executor));
        free.sort_by_key(|sequence| (std::cmp::Reverse(self.tasks[sequence].priority), *sequence));
        free.first().copied()
    }

    fn counts(&self) -> Counts {
        let count = |state| self.of_state(state).len() as u64;
        let blocked = self.of_state(StateName::Pending);
        let blocked = blocked.iter().filter(|sequence| self.blocked.contains_key(self.tasks[sequence].executor));
        Counts {
            pending: count(StateName::Pending),
            blocked: blocked.count() as u64,
            running: count(StateName::Running),
            completed: count(StateName::Completed),
            failed: count(StateName::Failed),
            cancelled: count(StateName::Cancelled),
            ..Counts::default()
        }
    }
}

/// Does one step to both; what they answer has to agree.
fn both(store: &mut Store, model: &mut Model, step: &Step, at: Timestamp) {
    match step.clone() {
        Step::Submit { executor: which, priority } => {
            let kind = *which.get(&EXECUTORS);
            let priority = *priority.get(&Priority::ALL);
            let sequence = i64::try_from(model.tasks.len()).expect("few") + 1;
            let new = NewTask { executor: executor(kind), priority, ..task(name(sequence).as_str()) };
            let accepted = store.submit(&[new], at).expect("accepted");
            assert_eq!(accepted[0].sequence, sequence);
            model.tasks.insert(sequence, Known { executor: kind, priority, state: State::accepted(), lost: 0 });
        }
        Step::Claim { worker, most } => {
            let worker = worker.get(&workers()).clone();
            let claims = store.claim(&worker, LIMIT, most, at).expect("claims");
            let mut expect = Vec::new();
            while expect.len() < most as usize && model.of_state(StateName::Running).len() < LIMIT as usize {
                let Some(next) = model.next() else { break };
                assert!(model.happen(next, Event::Claim { worker: worker.clone(), at }));
                expect.push((name(next), model.attempt(next, false)));
            }
            let claimed: Vec<_> = claims.into_iter().map(|claim| (claim.task.id, claim.attempt)).collect();
            assert_eq!(claimed, expect);
        }
        Step::Finish { task, stale, outcome } => {
            let Some(sequence) = model.pick(task) else { return };
            let attempt = model.attempt(sequence, stale);
            let outcome = outcome.get(&[completed(), failed(), Outcome::Cancelled]).clone();
            let said = store.finish(Finished { id: name(sequence), attempt, outcome: outcome.clone() }, at);
            let legal = model.happen(sequence, Event::Finish { attempt, outcome, at });
            agree(said, legal);
            let executor = model.tasks[&sequence].executor;
            if let (true, Some(losses)) = (legal && !model.aside.contains(executor), model.losses.get_mut(executor)) {
                losses.count = 0;
            }
        }
        Step::Report { task, stale } => {
            let Some(sequence) = model.pick(task) else { return };
            let attempt = model.attempt(sequence, stale);
            let progress = Progress { fraction: Some(0.5), message: "half".into() };
            let said = store.report(&name(sequence), attempt, progress.clone());
            agree(said, model.happen(sequence, Event::Report { attempt, progress }));
        }
        Step::Release { task, stale, blocked } => {
            let Some(sequence) = model.pick(task) else { return };
            let attempt = model.attempt(sequence, stale);
            let blocked = blocked.then(|| "does not load".to_owned());
            let said = store.release(&name(sequence), attempt, blocked.clone(), at);
            let legal = model.happen(sequence, Event::Release { attempt, blocked: blocked.clone() });
            agree(said, legal);
            if let (true, Some(reason)) = (legal, blocked) {
                model.block(model.tasks[&sequence].executor, &reason);
            }
        }
        Step::Cancel { task } => {
            let Some(sequence) = model.pick(task) else { return };
            let replies = store.cancel(&[name(sequence)], at).expect("answers");
            let before = model.state(sequence).name();
            model.happen(sequence, Event::RequestCancel { at });
            let became = match before {
                StateName::Pending => Cancelled::AtOnce,
                StateName::Running => Cancelled::Stopping,
                ended => Cancelled::Already(ended),
            };
            assert_eq!(replies, [CancelReply { id: name(sequence), became }]);
        }
        Step::Lose { worker, repeatable } => {
            let worker = worker.get(&workers()).clone();
            let lost = store.lose(&worker, |_| repeatable, at).expect("rescues");
            store.register_worker(&worker, WorkerKind::Lazy, at).expect("signs on again");
            let mut expect = Vec::new();
            let mut executors = BTreeMap::new();
            for sequence in model.of_state(StateName::Running) {
                let attempt = model.attempt(sequence, false);
                let State::Running { worker: holder, started, .. } = model.state(sequence) else { continue };
                if holder == worker {
                    let known = model.tasks.get_mut(&sequence).expect("there");
                    known.lost += 1;
                    let repeatable = repeatable && known.lost < 8;
                    let last = executors.entry(known.executor).or_insert(started);
                    *last = started.max(*last);
                    assert!(model.happen(sequence, Event::Lose { attempt, repeatable, at }));
                    expect.push((name(sequence), attempt, model.state(sequence).name()));
                }
            }
            model.lose(&executors, at);
            let lost: Vec<_> = lost.into_iter().map(|lost| (lost.id, lost.attempt, lost.became)).collect();
            assert_eq!(lost, expect);
        }
        Step::Block { executor: which } => {
            let name = *which.get(&EXECUTORS);
            store.block_executor(&executor(name), "gone", at).expect("blocks");
            model.block(name, "gone");
        }
        Step::Unblock { executor: which } => {
            let name = *which.get(&EXECUTORS);
            store.unblock(&[executor(name)]).expect("unblocks");
            if !model.aside.contains(name) {
                model.blocked.remove(name);
            }
        }
        Step::LetGo { executor: which } => {
            let name = *which.get(&EXECUTORS);
            let is_aside = model.aside.remove(name);
            assert_eq!(store.let_go(&executor(name)), Ok(is_aside));
            if is_aside {
                model.blocked.remove(name);
                model.losses.remove(name);
            }
        }
    }
}

#[track_caller]
fn agree(said: hob_store::Result<()>, legal: bool) {
    match said {
        Ok(()) => assert!(legal, "the store did what is illegal"),
        Err(Error::Illegal { .. }) => assert!(!legal, "the store refused what is legal"),
        Err(other) => panic!("{other}"),
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn every_history_is_the_transition_function_s(steps in vec(step(), 1..40)) {
        let house = House::new();
        let mut store = house.open();
        for worker in workers() {
            store.register_worker(&worker, WorkerKind::Lazy, Timestamp(0)).expect("signs on");
        }
        let mut model = Model::default();
        for (at, step) in (1..).map(Timestamp).zip(steps) {
            both(&mut store, &mut model, &step, at);
            let all = Filter { with_data: true, ..Filter::default() };
            for task in store.list(&all).expect("lists") {
                prop_assert_eq!(task.state, model.state(task.sequence), "{}", task.id);
            }
            prop_assert_eq!(store.counts(), Ok(model.counts()));
        }
        prop_assert_eq!(store.check(), Ok(Vec::new()));
    }
}
