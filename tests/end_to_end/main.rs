//! The built binary, real components, real processes, a real git repository.

mod advice;
mod agents;
mod cancel;
mod command_line;
mod denials;
mod dispatch;
mod documents;
mod file_server;
mod foreground;
mod groups;
mod librarian;
mod log;
mod names;
mod origins;
mod output;
mod presets;
mod refusals;
mod sandbox;
mod scheduling;
mod settings;
mod skill;
mod state_files;
mod survival;
mod troubleshooting;
mod web;
mod web_manners;
