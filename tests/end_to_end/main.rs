//! The built binary, real components, real processes, a real git repository.

mod agents;
mod cancel;
mod command_line;
mod denials;
mod dispatch;
mod documents;
mod file_server;
mod groups;
mod hooks;
mod librarian;
mod names;
mod output;
mod presets;
mod refusals;
mod sandbox;
mod scheduling;
mod survival;
mod web;
mod web_manners;
