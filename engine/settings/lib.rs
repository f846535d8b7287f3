//! TOML to resolved settings.
//!
//! The only reader of configuration, and the only writer of the person's file. Deliberately absent: printing, and any power that a file
//! could gain without being the person's own: of a repository's file only presets are read, which
//! hand in what the person's executors do anyway.

mod claude;
mod component;
mod edit;
mod error;
mod fingerprint;
mod flags;
mod grant;
mod layer;
mod nearest;
mod places;
mod presets;
mod reader;
mod settings;
mod show;
mod source;

pub use edit::{Edit, EditError};
pub use error::{Error, Problem};
pub use fingerprint::Fingerprint;
pub use flags::limit_flags;
pub use grant::{GrantFlags, grant_flags, grant_lines};
pub use nearest::nearest;
pub use places::{Places, PlacesError};
pub use presets::{DefinedPreset, Presets, UnknownPreset};
pub use settings::{Nesting, Retention, Settings, UnknownExecutor};
pub use show::{Origin, Shown};
