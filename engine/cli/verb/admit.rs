use crate::context::bundled;
use std::{ffi::OsString, process::ExitCode};

/// The word by which hob starts itself to look at a component; for nobody to type.
pub const WORD: &str = "admit";

/// Looks at a component and compiles it, within limits that this process sets on itself.
pub fn run(words: &[OsString]) -> ExitCode {
    hob_host::admission_child(words, bundled)
}
