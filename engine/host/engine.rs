//! The engine's configuration: the same for whoever compiles and whoever runs.

use std::hash::{Hash, Hasher};

use sha2::{Digest, Sha256};
use wasmtime::{Config, Engine, OptLevel, WasmBacktraceDetails};

/// Stack of a guest. 1 MiB, wasmtime's own proportion to the 2 MiB fiber below: recursion deeper
/// than this is a runaway.
const GUEST_STACK: usize = 1 << 20;

/// An engine that runs what was compiled, and cannot compile. Whoever runs tasks has this one: no bytes that somebody
/// else wrote reach the compiler in that process, and none of the compiler's memory is touched.
pub(crate) fn build() -> wasmtime::Result<Engine> {
    Engine::new(settings().enable_compiler(false))
}

/// An engine that compiles for the other one, in the child process of an admission.
pub(crate) fn build_compiler() -> wasmtime::Result<Engine> {
    Engine::new(settings().cranelift_opt_level(OptLevel::Speed))
}

/// What both have in common; with other settings the artefacts of one would not load in the other.
fn settings() -> Config {
    // No threads for guests: wasmtime is built without them.
    let mut config = Config::new();
    config
        .epoch_interruption(true)
        .memory_init_cow(true)
        .max_wasm_stack(GUEST_STACK)
        .wasm_backtrace_details(WasmBacktraceDetails::Enable)
        .generate_address_map(true);
    config
}

/// Sixteen hexadecimal digits that change with the version of wasmtime and its settings, of an engine that runs
/// artefacts. What the processor has to be able to do, an artefact says itself: it does not load on a lesser one.
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_runs_tasks_cannot_compile() {
        let (runs, compiles) = (build().expect("an engine"), build_compiler().expect("an engine"));
        let empty = b"\0asm\x0d\0\x01\0";
        assert!(runs.precompile_component(empty).is_err());
        assert!(compiles.precompile_component(empty).is_ok());
    }
}
