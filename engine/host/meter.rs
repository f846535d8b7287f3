//! What a running guest has used of its limits.

use crate::{os, ticker::TICK};
use hob_core::{Bytes, ExecutorName, Limits, format_duration};
use std::time::Duration;
use wasmtime::{ResourceLimiter, Trap, component::ResourceTableError};

/// Elements of all tables together. 200,000: the JavaScript engine, the largest user met, has 15,000.
const TABLE_ELEMENTS: usize = 200_000;
/// Core instances. 64: a componentized Python has 20.
const INSTANCES: usize = 64;
/// Tables. A guest has one or two for each instance.
const TABLES: usize = 64;
/// Linear memories. A guest has one, adapters share it.
const MEMORIES: usize = 16;
/// Handles a guest may hold at once: open files, streams, children, waitables.
pub(crate) const HANDLES: usize = 10_000;
/// Bytes that one call may hand from a guest to the host. 64 MiB: the largest write met in practice
/// is a file as a whole.
pub(crate) const TRANSFER: usize = 64 << 20;
/// Random bytes in one call. 1 MiB: seeds and keys are a few dozen.
pub(crate) const RANDOM: u64 = 1 << 20;
/// What one tick may count, at most. A tick that comes late counts for what was computed meanwhile,
/// but a long call into the host is not the component's.
const LARGEST_TICK: Duration = Duration::from_millis(50);

/// A limit that was reached.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum LimitHit {
    #[error("memory, {0}")]
    Memory(Bytes),
    #[error("computing time, {}", format_duration(*.0))]
    Cpu(Duration),
    #[error("processes of one program, {most}")]
    Processes { most: u32, allowed: u32 },
    #[error("table elements, {TABLE_ELEMENTS}")]
    TableElements,
    #[error("core instances, tables or memories ({INSTANCES}, {TABLES} and {MEMORIES})")]
    Instances,
    #[error("open handles, {HANDLES}")]
    Handles,
    #[error("bytes in one call to the host, {}", Bytes(TRANSFER as u64))]
    Transfer,
    #[error("random bytes in one call, {}", Bytes(RANDOM))]
    Random,
}

impl LimitHit {
    /// The limit that `error` speaks of, for those that wasmtime itself counts.
    pub(crate) fn find(error: &wasmtime::Error) -> Option<Self> {
        if let Some(hit) = error.downcast_ref::<Self>() {
            return Some(hit.clone());
        }
        if matches!(error.downcast_ref::<ResourceTableError>(), Some(ResourceTableError::Full)) {
            return Some(Self::Handles);
        }
        if error.downcast_ref::<Trap>().is_some() {
            return None;
        }
        let text = error.root_cause().to_string();
        if text.contains("handle limit exceeded") || text.contains("no free keys") {
            Some(Self::Handles)
        } else if text.starts_with("resource limit exceeded") {
            Some(Self::Instances)
        } else if text.contains("too much data") || text.contains("fuel allocated for hostcalls") {
            Some(Self::Transfer)
        } else if text.starts_with("requested len") && text.ends_with(&RANDOM.to_string()) {
            Some(Self::Random)
        } else {
            None
        }
    }

    /// What happened and which line raises the limit, for a person.
    pub(crate) fn explain(&self, executor: &ExecutorName) -> String {
        let line = match self {
            Self::Memory(limit) => format!("memory = \"{}\"", Bytes(limit.0.saturating_mul(2))),
            Self::Cpu(limit) => format!("cpu = \"{}\"", format_duration(*limit * 2)),
            // What the user may have is less, and no line of ours raises it.
            Self::Processes { most, allowed } if most < allowed => {
                return format!(
                    "{executor} reached its limit of {self}: of the processes that this user may have (`ulimit -u`), \
                     tasks leave some to others"
                );
            }
            Self::Processes { most, .. } => format!("processes = {}", most.saturating_mul(2)),
            _ => return format!("{executor} reached a limit that every component has: {self}"),
        };
        format!(
            "{executor} reached its limit of {self}. To raise it, put this into hob.toml (`hob config path` shows \
             where):\n\n[executors.{executor}.limits]\n{line}"
        )
    }
}

/// Counts a guest's memory, tables and computing time.
#[derive(Debug)]
pub(crate) struct Meter {
    memory: usize,
    memory_limit: Bytes,
    table: usize,
    cpu: Duration,
    cpu_limit: Duration,
    counted_until: Option<Duration>,
    hit: Option<LimitHit>,
}

impl Meter {
    pub(crate) fn new(limits: &Limits) -> Self {
        Self {
            memory: 0,
            memory_limit: limits.memory,
            table: 0,
            cpu: Duration::ZERO,
            cpu_limit: limits.cpu,
            counted_until: None,
            hit: None,
        }
    }

    /// The first limit that was reached.
    pub(crate) fn hit(&self) -> Option<&LimitHit> {
        self.hit.as_ref()
    }

    /// Bytes of linear memory.
    pub(crate) fn memory(&self) -> usize {
        self.memory
    }

    /// Starts the computing clock, on the thread that will run the guest.
    pub(crate) fn start(&mut self) {
        self.counted_until = os::thread_time();
    }

    /// Counts a tick that found the guest computing. The guest is only charged what its thread
    /// really computed since the last one, so that waiting between two ticks costs it nothing.
    pub(crate) fn tick(&mut self) -> Result<(), LimitHit> {
        let now = os::thread_time();
        let used = match (self.counted_until, now) {
            (Some(before), Some(now)) => now.saturating_sub(before).min(LARGEST_TICK),
            _ => TICK,
        };
        self.counted_until = now;
        self.cpu += used;
        if self.cpu > self.cpu_limit { Err(self.fail(LimitHit::Cpu(self.cpu_limit))) } else { Ok(()) }
    }

    fn fail(&mut self, hit: LimitHit) -> LimitHit {
        self.hit.get_or_insert_with(|| hit.clone());
        hit
    }
}

impl ResourceLimiter for Meter {
    fn memory_growing(&mut self, current: usize, desired: usize, _: Option<usize>) -> wasmtime::Result<bool> {
        let total = self.memory.saturating_sub(current).saturating_add(desired);
        if u64::try_from(total).unwrap_or(u64::MAX) > self.memory_limit.0 {
            return Err(self.fail(LimitHit::Memory(self.memory_limit)).into());
        }
        self.memory = total;
        Ok(true)
    }

    fn table_growing(&mut self, current: usize, desired: usize, _: Option<usize>) -> wasmtime::Result<bool> {
        let total = self.table.saturating_sub(current).saturating_add(desired);
        if total > TABLE_ELEMENTS {
            return Err(self.fail(LimitHit::TableElements).into());
        }
        self.table = total;
        Ok(true)
    }

    fn instances(&self) -> usize {
        INSTANCES
    }

    fn tables(&self) -> usize {
        TABLES
    }

    fn memories(&self) -> usize {
        MEMORIES
    }
}
