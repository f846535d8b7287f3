//! The engine's configuration: the same for whoever compiles and whoever runs.

use std::hash::{Hash, Hasher};

use sha2::{Digest, Sha256};
use wasmtime::{Config, Engine, OptLevel, WasmBacktraceDetails};

/// Stack of a guest. 1 MiB, wasmtime's own proportion to the 2 MiB fiber below: recursion deeper
/// than this is a runaway.
const GUEST_STACK: usize = 1 << 20;

/// An engine as every part of hob builds it; with another configuration its artefacts would not load.
pub(crate) fn build() -> wasmtime::Result<Engine> {
    // No threads for guests: wasmtime is built without them.
    let mut config = Config::new();
    config
        .epoch_interruption(true)
        .cranelift_opt_level(OptLevel::Speed)
        .memory_init_cow(true)
        .max_wasm_stack(GUEST_STACK)
        .wasm_backtrace_details(WasmBacktraceDetails::Enable)
        .generate_address_map(true);
    Engine::new(&config)
}

/// Sixteen hexadecimal digits that change with everything an artefact's validity depends on: the
/// version of wasmtime, its settings and the processor's features.
pub(crate) fn compatibility(engine: &Engine) -> String {
    struct Digesting(Sha256);
    impl Hasher for Digesting {
        fn finish(&self) -> u64 {
            0
        }
        fn write(&mut self, bytes: &[u8]) {
            self.0.update(bytes);
        }
    }
    let mut hasher = Digesting(Sha256::new());
    engine.precompile_compatibility_hash().hash(&mut hasher);
    hex(&hasher.0.finalize()[..8])
}

/// The hexadecimal SHA-256 of `bytes`.
pub(crate) fn digest(bytes: &[u8]) -> String {
    hex(&Sha256::digest(bytes))
}

pub(crate) fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}
