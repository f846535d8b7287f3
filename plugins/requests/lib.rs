//! Requests of a component: several under way at once on one thread, and never many to one host.
//!
//! Components name the interfaces that are bound here in `with` of their own bindings, so that all have one type.

mod exchange;
pub mod together;
mod turns;

pub use bindings::hob::plugin::{context, http, io};
pub use exchange::{ask, header, read};
pub use turns::{Turn, Turns};

mod bindings {
    #![expect(missing_docs, reason = "`wit/plugin.wit` has them")]
    wit_bindgen::generate!({
        path: "../../wit",
        inline: "package hob:requests; world requests { import hob:plugin/context@0.1.0; import hob:plugin/http@0.1.0; }",
        world: "hob:requests/requests",
        generate_all,
    });
}
