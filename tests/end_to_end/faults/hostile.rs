//! Components that mean harm (43 to 60).

mod floods;
mod folders;
mod guests;
mod native;
mod neighbours;
mod network;
mod panics;
mod powers;
mod proxy;
