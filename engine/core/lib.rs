//! hob's vocabulary and rules.
//!
//! Deliberately absent: I/O, a clock, async, SQL, TOML. Everything here is a value or a pure
//! function, so every room above can be held to it by a table of cases.

mod advice;
mod asked;
mod describe;
mod executor;
mod grant;
mod group;
mod id;
mod limits;
mod notifications;
mod outcome;
mod policy;
mod preset;
mod priority;
mod protected;
mod state;
mod task;
mod template;
mod text;
mod time;
mod units;

pub use advice::{Advice, Advised, Whereabouts, WorkSort};
pub use describe::{Answer, CONTRACT_VERSION, Description, DescriptionError, Lifecycle};
pub use executor::{ComponentSource, ExecutorConfig};
pub use grant::{
    AnyProgram, Asks, DirAsk, DirGrant, EnvAsk, EnvGrant, Grant, HttpAsk, HttpGrant, InheritEnv, Mode, ProgramAsk,
    ProgramGrant, ProgramsGrant, SecretAsk, SecretGrant, SecretPlace, StateAsk,
};
pub use group::{Group, Join, MemberTask, Membership, NewGroup, NewMember, Tally};
pub use id::{AttemptNumber, ExecutorName, IdError, MemberName, PresetName, SessionId, TaskId, WorkerId};
pub use limits::Limits;
pub use notifications::{Notifications, TerminalNotice, UnknownTerminalNotice};
pub use outcome::{ExitStatus, Failure, FailureKind, Outcome, TaskResult};
pub use policy::{Access, Denial, Permit, Policy};
pub use preset::{ChildIdError, Placeholder, Preset, PresetChild};
pub use priority::{Priority, UnknownPriority};
pub use protected::Protected;
pub use state::{Event, IllegalTransition, State, StateName, UnknownState, transition};
pub use task::{Environment, NewTask, Progress, Task};
pub use template::{TemplateError, fill, fill_known, fill_params, placeholders, placeholders_of};
pub use text::{Sanitizer, sanitize, sanitize_line};
pub use time::{Clock, Timestamp};
pub use units::{Bytes, UnitError, format_duration, parse_duration};
