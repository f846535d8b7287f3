//! The task database, the doorbell beside it, and the files of captured output.
//!
//! The only room with SQL. Its public interface is a handful of operations in the words of the
//! domain: no SQL type, no connection and, but for the state folder itself, no path is part of a
//! signature. Deliberately absent: a clock (every operation is told the time), configuration,
//! native processes, printing.
//!
//! * [`Store`]: one connection; reads, and changes each in one durable transaction.
//! * [`Changes`] and [`View`]: what can be done within one transaction.
//! * [`Writer`]: a thread that puts the changes of many callers into one transaction.
//! * [`Waiter`]: wakes when any process has changed something.
//! * [`output`]: the captured output of attempts.

mod backup;
mod cancel;
mod check;
mod claim;
mod denials;
mod doorbell;
mod error;
mod events;
mod executors;
mod finish;
mod glance;
mod group;
mod group_query;
mod key_value;
mod nearest;
mod nesting;
mod open;
mod os;
pub mod output;
mod prune;
mod query;
mod rescue;
mod restore;
mod rows;
mod said;
mod salvage;
mod schema;
mod settle;
mod store;
mod submit;
mod transaction;
mod wal;
mod writer;

pub use backup::BackedUp;
pub use cancel::{CancelReply, Cancelled};
pub use claim::{Claim, Finished, FinishedAndClaimed, Held, WorkerKind};
pub use doorbell::{Waiter, ring};
pub use error::{Error, Result};
pub use events::{Happened, OutboxEvent};
pub use executors::Queue;
pub use glance::{EndStamp, Glance};
pub use group::AcceptedGroup;
pub use group_query::Member;
pub use nesting::Nesting;
pub use prune::{Pruned, PrunedTask, Retention};
pub use query::{Counts, Filter, Reference};
pub use rescue::{Lost, Worker};
pub use restore::{Restored, restore};
pub use salvage::{Salvaged, salvage};
pub use store::Store;
pub use submit::Accepted;
pub use transaction::{Changes, View};
pub use writer::{Reply, Writer};
