//! Engine, linker and clock: built once, when the first component is loaded.

use crate::{
    artefact::Artefacts,
    bindings::Plugin,
    capability::opening,
    engine,
    guest::Guest,
    meter::{HANDLES, TRANSFER},
    ticker::Ticker,
};
use std::path::Path;
use wasmtime::{
    Engine, Store, UpdateDeadline,
    component::{HasSelf, Linker},
};

pub(crate) struct Runtime {
    pub(crate) engine: Engine,
    pub(crate) linker: Linker<Guest>,
    pub(crate) artefacts: Artefacts,
    pub(crate) ticker: Ticker,
}

impl Runtime {
    /// For whoever runs components.
    pub(crate) fn build(cache: &Path) -> wasmtime::Result<Self> {
        let engine = engine::build()?;
        let artefacts = Artefacts::new(cache, &engine);
        Self::of(engine, artefacts)
    }

    /// For whoever compiles them, too.
    pub(crate) fn build_compiler(cache: &Path) -> wasmtime::Result<Self> {
        let artefacts = Artefacts::new(cache, &engine::build()?);
        Self::of(engine::build_compiler()?, artefacts)
    }

    fn of(engine: Engine, artefacts: Artefacts) -> wasmtime::Result<Self> {
        // Everything for everybody: guests import what they never use, so the answer to a power
        // that was not granted is given at the call.
        let mut linker = Linker::new(&engine);
        wasmtime_wasi::p2::add_to_linker_async(&mut linker)?;
        opening::add_to_linker(&mut linker)?;
        wasmtime_wasi_http::p2::add_only_http_to_linker_async(&mut linker)?;
        Plugin::add_to_linker::<_, HasSelf<_>>(&mut linker, |guest| guest)?;
        let ticker = Ticker::start(&engine)?;
        Ok(Self { engine, linker, artefacts, ticker })
    }

    /// A store with every limit set. Its computing clock starts now, on this thread.
    pub(crate) fn store(&self, guest: Guest) -> Store<Guest> {
        let mut store = Store::new(&self.engine, guest);
        store.limiter(|guest| &mut guest.meter);
        store.set_hostcall_fuel(TRANSFER);
        store.set_max_component_handles(HANDLES);
        store.set_epoch_deadline(1);
        store.epoch_deadline_callback(|mut context| {
            context.data_mut().meter.tick()?;
            // Back to the thread's own loop, where wall clock and cancellation are seen to.
            Ok(UpdateDeadline::Yield(1))
        });
        store.data_mut().meter.start();
        store
    }
}
