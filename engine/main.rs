//! hob
fn main() {}
