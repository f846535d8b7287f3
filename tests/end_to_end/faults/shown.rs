//! Cases 65 to 69: what people and models are shown, and what nobody is.

mod everywhere;
mod hooks;
mod kept;
mod terminal;
mod toml;
