//! What hob must not run is refused before anything of it is added, each with its message.

use super::nothing_is_added;
use crate::{denials::guest, sandbox::Sandbox};
use std::fs;

#[track_caller]
fn refused(bytes: &[u8], words: &[&str]) {
    let sandbox = Sandbox::new();
    sandbox.file("it.wasm", bytes);
    sandbox.run(["plugin", "add", "it.wasm", "--grant", "all"]).refused(3, &[&["it.wasm"], words].concat());
    nothing_is_added(&sandbox);
}

fn bytes(name: &str) -> Vec<u8> {
    fs::read(guest(name)).expect("a component")
}

#[test]
fn a_component_for_another_world() {
    refused(&bytes("extra_import"), &["does not fit the world hob:plugin/plugin@0.1.0", "acme:extra/powers@1.0.0"]);
    refused(&bytes("empty_component"), &["it does not export hob:plugin/executor@0.1.0"]);
}

#[test]
fn a_component_for_another_version_of_the_contract() {
    refused(&bytes("other_version"), &["built against hob:plugin@9.9.0", "serves hob:plugin@0.1.0"]);
}

#[test]
fn what_is_no_component() {
    refused(b"", &["is empty"]);
    refused(b"#!/bin/sh\n", &["is no WebAssembly component"]);
    refused(&bytes("core_module"), &["core WebAssembly module", "wasm-tools component new"]);
    let whole = bytes("noop");
    refused(&whole[..whole.len() / 2], &["damaged or incomplete"]);
}

#[test]
fn a_file_of_200_mb() {
    let sandbox = Sandbox::new();
    let path = sandbox.file("large.wasm", b"\0asm\x0d\0\x01\0");
    fs::File::options().write(true).open(&path).expect("a file").set_len(200_000_000).expect("made long");
    sandbox.run(["plugin", "add", "large.wasm"]).refused(3, &["large.wasm", "200000000", "134217728"]);
    nothing_is_added(&sandbox);
}

#[test]
fn a_native_precompiled_file() {
    // What the engine itself has compiled, taken from the cache of one that was admitted.
    let sandbox = Sandbox::new();
    let path = guest("noop");
    let cache = sandbox.home().join("cache");
    let hob = |args: &[&std::ffi::OsStr]| {
        let mut command = sandbox.hob(args);
        let output = command.env("HOB_CACHE_DIR", &cache).output().expect("hob starts");
        crate::sandbox::Ran::of(&output)
    };
    hob(&["plugin".as_ref(), "add".as_ref(), path.as_os_str()]).succeeded();
    let compiled =
        fs::read_dir(cache.join("components")).expect("a cache").map(|entry| entry.expect("an entry").path());
    let compiled = compiled.into_iter().find(|path| path.extension().is_some_and(|extension| extension == "cwasm"));
    refused(&fs::read(compiled.expect("native code")).expect("read"), &["precompiled native code", "never loads"]);
}

#[test]
fn a_describe_that_asks_for_too_much() {
    refused(&bytes("describe_bomb"), &["cannot say what it does", "memory"]);
    refused(&bytes("describe_looping"), &["cannot say what it does"]);
}
