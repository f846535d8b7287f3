//! What a store has to be able to do, so that another one can be held to the same cases.

use hob_core::{AttemptNumber, ExecutorName, NewTask, Progress, StateName, Task, TaskId, Timestamp, WorkerId};
use hob_store::{
    Accepted, CancelReply, Claim, Counts, Filter, Finished, FinishedAndClaimed, Held, Lost, OutboxEvent, Pruned, Queue,
    Result, Retention, Store, Worker, WorkerKind, Writer,
};

macro_rules! subject {
    (change { $(fn $change:ident($($arg:ident: $type:ty),*) -> $value:ty;)* }
     view { $(fn $view:ident($($question:ident: $asked:ty),*) -> $answer:ty;)* }) => {
        /// The operations of a store, in the words of the domain.
        pub trait Subject {
            $(fn $change(&mut self, $($arg: $type),*) -> Result<$value>;)*
            $(fn $view(&self, $($question: $asked),*) -> Result<$answer>;)*
        }

        impl Subject for Store {
            $(fn $change(&mut self, $($arg: $type),*) -> Result<$value> { Store::$change(self, $($arg),*) })*
            $(fn $view(&self, $($question: $asked),*) -> Result<$answer> { Store::$view(self, $($question),*) })*
        }
    };
}

subject! {
    change {
        fn submit(tasks: &[NewTask], at: Timestamp) -> Vec<Accepted>;
        fn register_worker(worker: &WorkerId, kind: WorkerKind, at: Timestamp) -> ();
        fn remove_worker(worker: &WorkerId) -> ();
        fn claim(worker: &WorkerId, max_running: u32, most: u32, at: Timestamp) -> Vec<Claim>;
        fn finish(end: Finished, at: Timestamp) -> ();
        fn finish_and_claim(
            ends: Vec<Finished>, worker: &WorkerId, max_running: u32, most: u32, at: Timestamp
        ) -> FinishedAndClaimed;
        fn report(id: &TaskId, attempt: AttemptNumber, progress: Progress) -> ();
        fn release(id: &TaskId, attempt: AttemptNumber, blocked: Option<String>, at: Timestamp) -> ();
        fn block_executor(executor: &ExecutorName, reason: &str, at: Timestamp) -> ();
        fn unblock(executors: &[ExecutorName]) -> usize;
        fn cancel(ids: &[TaskId], at: Timestamp) -> Vec<CancelReply>;
        fn cancel_all(at: Timestamp) -> Vec<CancelReply>;
        fn lose(worker: &WorkerId, repeatable: fn(&ExecutorName) -> bool, at: Timestamp) -> Vec<Lost>;
        fn subscribe(consumer: &str) -> ();
        fn acknowledge(consumer: &str, event: i64) -> bool;
        fn prune(retention: &Retention, at: Timestamp) -> Pruned;
        fn set_value(executor: &ExecutorName, key: &str, value: &[u8], quota: u64) -> ();
        fn delete_value(executor: &ExecutorName, key: &str) -> ();
        fn note_denials(executor: &ExecutorName, lines: &[String], at: Timestamp) -> ();
    }
    view {
        fn get(id: &TaskId) -> Option<Task>;
        fn resolve(text: &str) -> TaskId;
        fn states(ids: &[TaskId]) -> Vec<Option<StateName>>;
        fn list(filter: &Filter) -> Vec<Task>;
        fn counts() -> Counts;
        fn running() -> Vec<Task>;
        fn oldest_running() -> Option<Task>;
        fn queues() -> Vec<Queue>;
        fn workers() -> Vec<Worker>;
        fn held_by(worker: &WorkerId) -> Vec<Held>;
        fn events_since(consumer: &str, limit: u32) -> Vec<OutboxEvent>;
        fn value(executor: &ExecutorName, key: &str) -> Option<Vec<u8>>;
        fn keys(executor: &ExecutorName, prefix: &str) -> Vec<String>;
        fn denials(executor: &ExecutorName) -> Vec<String>;
        fn check() -> Vec<String>;
    }
}

/// The same store, with what a worker does going through the writer that shares commits.
pub struct Shared {
    pub writer: Writer,
    pub store: Store,
}

macro_rules! through_the_store {
    (change { $(fn $change:ident($($arg:ident: $type:ty),*) -> $value:ty;)* }
     view { $(fn $view:ident($($question:ident: $asked:ty),*) -> $answer:ty;)* }) => {
        $(fn $change(&mut self, $($arg: $type),*) -> Result<$value> { self.store.$change($($arg),*) })*
        $(fn $view(&self, $($question: $asked),*) -> Result<$answer> { self.store.$view($($question),*) })*
    };
}

impl Subject for Shared {
    fn submit(&mut self, tasks: &[NewTask], at: Timestamp) -> Result<Vec<Accepted>> {
        self.writer.submit(tasks.to_vec(), at).wait()
    }
    fn claim(&mut self, worker: &WorkerId, max_running: u32, most: u32, at: Timestamp) -> Result<Vec<Claim>> {
        self.writer.claim(worker, max_running, most, at).wait()
    }
    fn finish(&mut self, end: Finished, at: Timestamp) -> Result<()> {
        self.writer.finish(end, at).wait()
    }
    fn finish_and_claim(
        &mut self,
        ends: Vec<Finished>,
        worker: &WorkerId,
        max_running: u32,
        most: u32,
        at: Timestamp,
    ) -> Result<FinishedAndClaimed> {
        self.writer.finish_and_claim(ends, worker, max_running, most, at).wait()
    }
    fn report(&mut self, id: &TaskId, attempt: AttemptNumber, progress: Progress) -> Result<()> {
        self.writer.report(id.clone(), attempt, progress).wait()
    }
    fn release(&mut self, id: &TaskId, attempt: AttemptNumber, blocked: Option<String>, at: Timestamp) -> Result<()> {
        self.writer.release(id.clone(), attempt, blocked, at).wait()
    }
    through_the_store! {
        change {
            fn register_worker(worker: &WorkerId, kind: WorkerKind, at: Timestamp) -> ();
            fn remove_worker(worker: &WorkerId) -> ();
            fn block_executor(executor: &ExecutorName, reason: &str, at: Timestamp) -> ();
            fn unblock(executors: &[ExecutorName]) -> usize;
            fn cancel(ids: &[TaskId], at: Timestamp) -> Vec<CancelReply>;
            fn cancel_all(at: Timestamp) -> Vec<CancelReply>;
            fn lose(worker: &WorkerId, repeatable: fn(&ExecutorName) -> bool, at: Timestamp) -> Vec<Lost>;
            fn subscribe(consumer: &str) -> ();
            fn acknowledge(consumer: &str, event: i64) -> bool;
            fn prune(retention: &Retention, at: Timestamp) -> Pruned;
            fn set_value(executor: &ExecutorName, key: &str, value: &[u8], quota: u64) -> ();
            fn delete_value(executor: &ExecutorName, key: &str) -> ();
            fn note_denials(executor: &ExecutorName, lines: &[String], at: Timestamp) -> ();
        }
        view {
            fn get(id: &TaskId) -> Option<Task>;
            fn resolve(text: &str) -> TaskId;
            fn states(ids: &[TaskId]) -> Vec<Option<StateName>>;
            fn list(filter: &Filter) -> Vec<Task>;
            fn counts() -> Counts;
            fn running() -> Vec<Task>;
            fn oldest_running() -> Option<Task>;
            fn queues() -> Vec<Queue>;
            fn workers() -> Vec<Worker>;
            fn held_by(worker: &WorkerId) -> Vec<Held>;
            fn events_since(consumer: &str, limit: u32) -> Vec<OutboxEvent>;
            fn value(executor: &ExecutorName, key: &str) -> Option<Vec<u8>>;
            fn keys(executor: &ExecutorName, prefix: &str) -> Vec<String>;
            fn denials(executor: &ExecutorName) -> Vec<String>;
            fn check() -> Vec<String>;
        }
    }
}
