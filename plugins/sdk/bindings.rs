//! What `wit/plugin.wit` becomes in Rust. Components use the rest of this crate; this is public for the code that
//! [`crate::export!`] writes, and for what the rest has no words for.
#![allow(missing_docs, clippy::pedantic, reason = "generated; `wit/plugin.wit` has the words")]

wit_bindgen::generate!({
    path: "wit",
    world: "plugin",
    pub_export_macro: true,
    default_bindings_module: "hob_plugin::bindings",
    additional_derives: [PartialEq, Eq],
    additional_derives_ignore: ["response"],
});
