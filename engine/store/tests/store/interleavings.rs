//! Two workers, a person who cancels and a rescue, all about one task, in every order.

use crate::house::{House, completed, id, task, worker};
use hob_core::{AttemptNumber, Event, Outcome, State, StateName, TaskId, Timestamp, transition};
use hob_fault_case::Case;
use hob_store::{CancelReply, Cancelled, Error, Finished, Store, WorkerKind};

/// What each does next; a worker acts on what it learnt at its own last step and on nothing else.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Actor {
    /// Claims, and then says that it completed.
    First,
    /// The same, and then that it was stopped if it had been asked to.
    Second,
    Cancel,
    /// Takes the first worker for dead.
    Rescue,
}

use Actor::{Cancel, First, Rescue, Second};

/// Every order of these steps.
fn orders(left: &[(Actor, usize)]) -> Vec<Vec<Actor>> {
    if left.iter().all(|(_, count)| *count == 0) {
        return vec![Vec::new()];
    }
    let mut all = Vec::new();
    for (index, (actor, count)) in left.iter().enumerate().filter(|(_, (_, count))| *count > 0) {
        let mut rest = left.to_vec();
        rest[index].1 = count - 1;
        all.extend(orders(&rest).into_iter().map(|order| [vec![*actor], order].concat()));
    }
    all
}

struct World<'a> {
    store: &'a mut Store,
    it: TaskId,
    model: State,
    at: i64,
    held: [Option<AttemptNumber>; 2],
    /// The first worker was taken for dead.
    is_lost: bool,
    /// Cancelled was the answer, and nothing was running.
    said_cancelled: bool,
    repeatable: bool,
}

impl World<'_> {
    fn happen(&mut self, event: Event) -> bool {
        let next = transition(self.model.clone(), event);
        let legal = next.is_ok();
        if let Ok(state) = next {
            assert!(!self.model.name().is_final(), "a final state is left");
            self.model = state;
        }
        legal
    }

    fn step(&mut self, actor: Actor) {
        self.at += 1;
        let at = Timestamp(self.at);
        match actor {
            First => self.work(0, at),
            Second => self.work(1, at),
            Cancel => {
                let before = self.model.name();
                let replies = self.store.cancel(&[self.it.clone()], at).expect("answers");
                let became = match before {
                    StateName::Pending => Cancelled::AtOnce,
                    StateName::Running => Cancelled::Stopping,
                    ended => Cancelled::Already(ended),
                };
                assert_eq!(replies, [CancelReply { id: self.it.clone(), became }]);
                self.happen(Event::RequestCancel { at });
                self.said_cancelled |= became == Cancelled::AtOnce;
            }
            Rescue => {
                let repeatable = self.repeatable;
                let lost = self.store.lose(&worker("w0"), |_| repeatable, at).expect("rescues");
                self.is_lost = true;
                if let State::Running { worker: holder, attempt, .. } = self.model.clone()
                    && holder == worker("w0")
                {
                    assert_eq!(lost.len(), 1);
                    assert!(self.happen(Event::Lose { attempt, repeatable, at }));
                } else {
                    assert_eq!(lost, [], "what has ended, or is another's, is left alone");
                }
            }
        }
    }

    fn work(&mut self, index: usize, at: Timestamp) {
        let me = worker(["w0", "w1"][index]);
        match self.held[index].take() {
            None => match self.store.claim(&me, 5, 1, at) {
                Ok(claims) => {
                    assert!(index != 0 || !self.is_lost, "one that was taken for dead claims nothing");
                    let claim = claims.into_iter().next();
                    let is_taken = self.model.name() == StateName::Pending;
                    assert_eq!(claim.is_some(), is_taken, "an attempt at a time, and none after the end");
                    if let Some(claim) = claim {
                        assert!(!self.said_cancelled, "it runs after `cancelled` was said");
                        assert!(self.happen(Event::Claim { worker: me, at }));
                        self.held[index] = Some(claim.attempt);
                    }
                }
                Err(Error::UnknownWorker { .. }) => assert!(index == 0 && self.is_lost),
                Err(error) => panic!("{error}"),
            },
            Some(attempt) => {
                let asked = matches!(self.model, State::Running { cancel_requested: Some(_), .. });
                let outcome = if index == 1 && asked { Outcome::Cancelled } else { completed() };
                let end = Finished { id: self.it.clone(), attempt, outcome: outcome.clone() };
                let is_current = matches!(&self.model, State::Running { attempt: now, .. } if *now == attempt);
                let said = self.store.finish(end, at);
                assert_eq!(said.is_ok(), is_current, "only the attempt that runs can end: {said:?}");
                let legal = self.happen(Event::Finish { attempt, outcome, at });
                assert_eq!(said.is_ok(), legal, "{said:?}");
                assert!(legal || matches!(said, Err(Error::Illegal { .. })), "{said:?}");
            }
        }
    }
}

#[test]
fn f27_in_every_order_of_claim_finish_cancel_and_rescue_there_is_one_end() {
    let mut case = Case::begin(27);
    let house = House::new();
    let mut store = house.open();
    store.register_worker(&worker("w1"), WorkerKind::Lazy, Timestamp(0)).expect("signs on");
    let all = orders(&[(First, 2), (Second, 2), (Cancel, 1), (Rescue, 1)]);
    assert_eq!(all.len(), 180);
    let mut histories: Vec<_> = all.iter().flat_map(|order| [(order, false), (order, true)]).collect();
    case.chance().shuffle(&mut histories);
    histories.truncate(case.scale(90, 360));
    let (mut lost, mut at) = (0, 0);
    for (number, (order, repeatable)) in histories.iter().enumerate() {
        let it = id(&format!("t{number}"));
        store.register_worker(&worker("w0"), WorkerKind::Lazy, Timestamp(at)).expect("signs on");
        store.submit(&[task(it.as_str())], Timestamp(at)).expect("accepted");
        let mut world = World {
            store: &mut store,
            it: it.clone(),
            model: State::accepted(),
            at,
            held: [None, None],
            is_lost: false,
            said_cancelled: false,
            repeatable: *repeatable,
        };
        for actor in *order {
            world.step(*actor);
            let is = world.store.get(&it).expect("asked").expect("there").state;
            lost += u64::from(is != world.model);
            assert_eq!(is, world.model, "{order:?} {repeatable}");
        }
        // Whoever holds it still says how it ended; what waits still is given up.
        for index in [0, 1] {
            if world.held[index].is_some() {
                world.step([First, Second][index]);
            }
        }
        world.step(Cancel);
        assert!(world.model.name().is_final(), "{order:?} {repeatable}: {:?}", world.model);
        at = world.at;
    }
    assert_eq!(store.check(), Ok(Vec::new()));
    case.end("interleavings", histories.len() as u64, lost, 0, "each of six steps held against the model");
}

#[test]
fn f21_what_was_completed_before_its_rescue_stays_completed() {
    let house = House::new();
    let (mut worker_s, mut rescuer) = (house.open(), house.open());
    let me = worker("w0");
    worker_s.register_worker(&me, WorkerKind::Lazy, Timestamp(0)).expect("signs on");
    worker_s.submit(&[task("it")], Timestamp(1)).expect("accepted");
    let claim = worker_s.claim(&me, 5, 1, Timestamp(2)).expect("claims").remove(0);
    // The rescue has begun and waits for the transaction in which the worker says how it ended.
    let rescue = std::sync::mpsc::channel();
    let rescued = worker_s
        .change(|changes| {
            let (begun, thread_s) = (rescue.0.clone(), worker("w0"));
            let rescued = std::thread::spawn(move || {
                begun.send(()).expect("heard");
                rescuer.lose(&thread_s, |_| true, Timestamp(4))
            });
            rescue.1.recv().expect("begun");
            // Long enough for it to stand at the lock; it may take up to five seconds to get that.
            std::thread::sleep(std::time::Duration::from_millis(50));
            changes.finish(
                Finished { id: claim.task.id.clone(), attempt: claim.attempt, outcome: completed() },
                Timestamp(3),
            )?;
            Ok(rescued)
        })
        .expect("ends");
    assert_eq!(rescued.join().expect("no panic"), Ok(Vec::new()), "nothing of it was lost");
    let it = worker_s.get(&id("it")).expect("asked").expect("there");
    assert!(matches!(it.state, State::Completed { finished: Timestamp(3), .. }), "{:?}", it.state);
}
