//! An executor's parameters: from the JSON Schema of its `describe` to arguments, and from
//! arguments to checked JSON.

mod arguments;
mod check;
mod fast;
mod field;

pub use arguments::{add_arguments, collect};
pub use check::check;
pub use field::{Parameters, Place};

#[cfg(test)]
mod tests;
