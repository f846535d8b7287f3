//! One file a rule; each says what it saw.

pub(crate) mod answer;
pub(crate) mod cancellation;
pub(crate) mod denials;
pub(crate) mod describe;
pub(crate) mod limits;
pub(crate) mod parameters;
pub(crate) mod streaming;

/// What there is to say of a component that was admitted.
pub(crate) const CONTRACT: &str = "it was admitted: its exports fit, and it imports only the contract and WASI 0.2";
