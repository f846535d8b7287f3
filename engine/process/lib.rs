//! Native processes: the only code that spawns, signals or waits for one.
//!
//! # The family
//!
//! ```text
//! worker ──fork──> zygote ──fork──> guard ──posix_spawn──> program ──> whatever it starts
//!    │                │               │
//!    └── socket ──────┘               │
//!    └── one socket for each child ───┘
//! ```
//!
//! A worker forks its **zygote** first of all, while it is small and has one thread. For each child
//! the zygote forks a **guard**, a process that runs no program of its own: it starts the program,
//! reports how that ended, and ends everything that descends from it. The guard is the *subreaper* of
//! its tree, so that a process which calls `setsid`, forks twice or closes every descriptor still
//! becomes the guard's child when its parent goes; the tree is gone exactly when the kernel says that
//! the guard has no child left. A guard acts when it is told to, when its program has ended, and when
//! its socket closes: a worker that is killed needs nobody to clean up after it.
//!
//! A guard that is killed leaves its tree to the zygote, a subreaper too, which ends it. Zygote and
//! guards share a lock on a file; it is free when the last of them is gone ([`wait_for_guards`]).
//!
//! Where a guard is killed together with the zygote, its tree is known by a **mark**: a limit that every
//! process of it inherited and none can raise. The worker ends what bears it; if that is dead too, another
//! guard of it does, or whoever rescues its tasks.
//!
//! Deliberately absent: any policy. What may be started, in which folder and with which variables is
//! decided above.

mod ask;
mod child;
mod family;
mod guard;
mod mark;
mod oneself;
mod os;
mod own;
mod program;
mod pump;
mod rescue;
mod spawn;
mod view;
mod wire;
mod zygote;

pub use ask::{ask_to_end, end_identified, is_ending};
pub use child::{Child, Signal, Tree, TreeEnd};
pub use family::{Family, family};
pub use oneself::{
    Shutdown, detach, free_descriptors, identity, ignore_sigxfsz, is_within_a_task, limit_self, raise_descriptor_limit,
    return_memory, shutdown_signal, variable_of_the_task,
};
pub use own::{Detached, OwnError, OwnOutput, OwnProgram, run_to_end, spawn_detached};
pub use program::{ProgramError, find_program};
pub use pump::{Pump, PumpEnd, output_pipe, pump};
pub use rescue::wait_for_guards;
pub use spawn::{SpawnError, SpawnRequest, StdioSpec};
pub use view::{Viewed, run_in_view};
pub use zygote::{StartError, Zygote};
