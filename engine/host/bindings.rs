//! What `wasmtime` makes of `wit/plugin.wit`: the traits that [`crate::capability`] implements and
//! the types of the calls into a component.

wasmtime::component::bindgen!({
    path: "../../wit",
    world: "hob:plugin/plugin",
    imports: { default: async | trappable },
    exports: { default: async },
    with: {
        "hob:plugin/io.reader": crate::capability::io::Reader,
        "hob:plugin/io.writer": crate::capability::io::Writer,
        "hob:plugin/io.waitable": crate::capability::io::Waitable,
        "hob:plugin/http.exchange": crate::capability::serve_http::UnderWay,
        "hob:plugin/process.child": crate::capability::process::Child,
        "hob:plugin/files.walker": crate::capability::serve_files::Walker,
        "hob:plugin/search.hits": crate::capability::serve_search::Hits,
    },
});
