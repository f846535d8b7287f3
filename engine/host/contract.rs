//! Whether a component fits the contract, told before anything of it runs.

use crate::{bindings::PluginPre, guest::Guest};
use hob_core::CONTRACT_VERSION;
use serde::{Deserialize, Serialize};
use wasmtime::{
    Engine, Precompiled,
    component::{Component, Linker},
};

/// The interfaces of `hob:plugin` that a component may import.
pub(crate) const INTERFACES: [&str; 8] = ["io", "types", "context", "state", "process", "http", "files", "search"];
const PACKAGE: &str = "hob:plugin/";
const EXPORT: &str = "executor";

/// Why a file is no component that hob can run. Fits after "FILE".
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[serde(rename_all = "kebab-case")]
pub enum Refusal {
    /// No bytes.
    #[error("is empty")]
    Empty,
    /// Larger than any component.
    #[error("has {size} bytes; a component may have {limit}")]
    TooLarge {
        /// Bytes of the file.
        size: u64,
        /// Bytes allowed.
        limit: u64,
    },
    /// Text, a picture, a native program.
    #[error("is no WebAssembly component: it does not begin like one")]
    NotWasm,
    /// WebAssembly, but not a component.
    #[error(
        "is a core WebAssembly module, not a component: build it for wasm32-wasip2, or turn it into one with `wasm-tools component new`"
    )]
    CoreModule,
    /// Native code that some wasmtime made.
    #[error(
        "is precompiled native code, which hob never loads from outside: give the .wasm component it was made from"
    )]
    Precompiled,
    /// Truncated or malformed.
    #[error("is damaged or incomplete: {message}")]
    Malformed {
        /// What the parser says.
        message: String,
    },
    /// Made for another version of the contract.
    #[error(
        "was built against hob:plugin@{theirs}, and this hob serves hob:plugin@{ours}: rebuild it with the wit/ of this hob, or use a hob that serves {theirs}"
    )]
    Version {
        /// The version of the component.
        theirs: String,
        /// The version of this engine.
        ours: String,
    },
    /// Exports or imports that do not fit.
    #[error("does not fit the world hob:plugin/plugin@{}: {}", CONTRACT_VERSION, .differences.join("; "))]
    World {
        /// What is missing and what is unknown, each in words.
        differences: Vec<String>,
    },
    /// Other than the configuration pins.
    #[error(
        "has the sha256 {actual}, and the configuration pins {expected}, so nothing of it runs: `hob plugin verify` says what was accepted; if the new file is wanted, put its sha256 into hob.toml"
    )]
    Digest {
        /// What the configuration says.
        expected: String,
        /// What the file has.
        actual: String,
    },
    /// `describe` failed.
    #[error("cannot say what it does: {message}")]
    Describe {
        /// Why.
        message: String,
    },
    /// Took too much to compile.
    #[error("cannot be compiled within {limit}")]
    CompileLimit {
        /// What was exceeded.
        limit: String,
    },
}

/// What can be told from the first bytes alone.
pub(crate) fn sniff(bytes: &[u8]) -> Result<(), Refusal> {
    if bytes.is_empty() {
        return Err(Refusal::Empty);
    }
    match Engine::detect_precompiled(bytes) {
        Some(Precompiled::Component | Precompiled::Module) => return Err(Refusal::Precompiled),
        None => {}
    }
    let Some(rest) = bytes.strip_prefix(b"\0asm") else { return Err(Refusal::NotWasm) };
    match rest.get(..4) {
        None => Err(Refusal::Malformed { message: format!("it ends after {} bytes", bytes.len()) }),
        // The second half of the header is the layer: 0 is a core module, 1 a component.
        Some([_, _, 0, _]) => Err(Refusal::CoreModule),
        Some(_) => Ok(()),
    }
}

/// Holds the component's imports and exports against the world, then links it.
pub(crate) fn check(
    engine: &Engine,
    linker: &Linker<Guest>,
    component: &Component,
) -> Result<PluginPre<Guest>, Refusal> {
    let kind = component.component_type();
    let imports: Vec<String> = kind.imports(engine).map(|(name, _)| name.to_owned()).collect();
    let exports: Vec<String> = kind.exports(engine).map(|(name, _)| name.to_owned()).collect();
    let versions =
        imports.iter().chain(&exports).filter_map(|name| Some(name.strip_prefix(PACKAGE)?.split_once('@')?.1));
    if let Some(theirs) = versions.into_iter().find(|version| *version != CONTRACT_VERSION) {
        return Err(Refusal::Version { theirs: theirs.to_owned(), ours: CONTRACT_VERSION.to_owned() });
    }
    let mut differences: Vec<String> = imports.iter().filter_map(|name| unknown_import(name)).collect();
    let wanted = format!("{PACKAGE}{EXPORT}@{CONTRACT_VERSION}");
    if !exports.contains(&wanted) {
        let has = if exports.is_empty() { "nothing".to_owned() } else { exports.join(", ") };
        differences.push(format!("it does not export {wanted} (it exports {has})"));
    }
    if !differences.is_empty() {
        return Err(Refusal::World { differences });
    }
    let mismatch = |error: wasmtime::Error| Refusal::World { differences: vec![format!("{error:#}")] };
    let pre = linker.instantiate_pre(component).map_err(mismatch)?;
    PluginPre::new(pre).map_err(mismatch)
}

/// What is wrong with importing `name`, as far as its name tells.
fn unknown_import(name: &str) -> Option<String> {
    let (path, version) = name.split_once('@').unwrap_or((name, ""));
    if let Some(interface) = path.strip_prefix(PACKAGE) {
        return (!INTERFACES.contains(&interface))
            .then(|| format!("it imports {name}, which hob:plugin does not have"));
    }
    if path.starts_with("wasi:") {
        let served = version.starts_with("0.2.");
        return (!served).then(|| format!("it imports {name}, and this hob serves WASI 0.2"));
    }
    Some(format!("it imports {name}, which nobody here provides"))
}
