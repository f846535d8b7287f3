//! What this machine offers for ending trees.

use crate::os;
use std::path::PathBuf;

/// How far the promise holds here that nothing outlives its task.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Family {
    /// What leaves its parent comes back to its guard, so that a tree can be ended as a whole.
    pub reapers: bool,
    /// What lost its guard and everybody above is still known, and ended by whoever comes next.
    pub marks: bool,
    /// The control group that was delegated to this user. Nothing needs it.
    pub cgroup: Option<PathBuf>,
}

/// Looks.
pub fn family() -> Family {
    Family { reapers: os::has_reapers(), marks: os::can_bear_a_mark(), cgroup: os::delegated_cgroup() }
}
