//! TOML to resolved settings; the only reader of configuration
