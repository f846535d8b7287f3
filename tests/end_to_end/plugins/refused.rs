//! What hob must not run is refused before anything of it is added, each with its message.

use super::{bytes, nothing_is_added};
use crate::{denials::guest, sandbox::Sandbox};
use std::fs;

#[track_caller]
fn refused(bytes: &[u8], words: &[&str]) {
    let sandbox = Sandbox::new();
    sandbox.file("it.wasm", bytes);
    sandbox.run(["plugin", "add", "it.wasm", "--grant", "all"]).refused(3, &[&["it.wasm"], words].concat());
    nothing_is_added(&sandbox);
}

#[test]
fn f49_a_component_for_another_world() {
    refused(&bytes("extra_import"), &["does not fit the world hob:plugin/plugin@0.1.0", "acme:extra/powers@1.0.0"]);
    refused(&bytes("empty_component"), &["it does not export hob:plugin/executor@0.1.0"]);
}

#[test]
fn f49_a_component_for_another_version_of_the_contract() {
    refused(&bytes("other_version"), &["built against hob:plugin@9.9.0", "serves hob:plugin@0.1.0"]);
}

#[test]
fn f50_what_is_no_component() {
    refused(b"", &["is empty"]);
    refused(b"#!/bin/sh\n", &["is no WebAssembly component"]);
    refused(&bytes("core_module"), &["core WebAssembly module", "wasm-tools component new"]);
    let whole = bytes("noop");
    refused(&whole[..whole.len() / 2], &["damaged or incomplete"]);
}

#[test]
fn f50_a_file_of_200_mb() {
    let sandbox = Sandbox::new();
    let path = sandbox.file("large.wasm", b"\0asm\x0d\0\x01\0");
    fs::File::options().write(true).open(&path).expect("a file").set_len(200_000_000).expect("made long");
    sandbox.run(["plugin", "add", "large.wasm"]).refused(3, &["large.wasm", "200000000", "134217728"]);
    nothing_is_added(&sandbox);
    // One that was written into the configuration is not read either.
    sandbox.configure(&format!("[executors.large]\ncomponent = {:?}\n", path.display().to_string()));
    sandbox.run(["dispatch", "large"]).refused(3, &["large.wasm", "200000000", "134217728"]);
}

#[test]
fn f50_a_native_precompiled_file() {
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

#[test]
fn f50_a_compile_time_bomb() {
    refused(&bomb(50_000, 5_000), &["cannot be compiled within 3GiB of memory\n"]);
}

/// A component of half a megabyte: as many loops in each other as `loops`, each of which has to keep
/// `locals` variables apart.
pub fn bomb(locals: u32, loops: usize) -> Vec<u8> {
    const I32: u8 = 0x7f;
    const LOOP: [u8; 2] = [0x03, 0x40];
    /// `local.get 0`, `br_if 0`, `end`
    const AGAIN: [u8; 5] = [0x20, 0x00, 0x0d, 0x00, 0x0b];
    let mut body = [leb(1), leb(locals), vec![I32]].concat();
    body.extend(LOOP.repeat(loops));
    for local in 0..locals {
        // It grows by one.
        body.extend([&[0x20], leb(local).as_slice(), &[0x41, 0x01, 0x6a, 0x21], &leb(local)].concat());
    }
    body.extend(AGAIN.repeat(loops));
    body.push(0x0b);
    let one = |content: Vec<u8>| [leb(1), content].concat();
    let module = [
        b"\0asm\x01\0\0\0".to_vec(),
        section(1, &one(vec![0x60, 0, 0])),
        section(3, &one(vec![0])),
        section(10, &one(sized(&body))),
    ]
    .concat();
    [b"\0asm\x0d\0\x01\0".to_vec(), section(1, &module)].concat()
}

fn section(id: u8, content: &[u8]) -> Vec<u8> {
    [vec![id], sized(content)].concat()
}

fn sized(content: &[u8]) -> Vec<u8> {
    [leb(u32::try_from(content.len()).expect("a length")), content.to_vec()].concat()
}

/// A number as WebAssembly writes it.
fn leb(mut number: u32) -> Vec<u8> {
    let mut bytes = Vec::new();
    loop {
        let low = number.to_le_bytes()[0] & 0x7f;
        number >>= 7;
        if number == 0 {
            bytes.push(low);
            return bytes;
        }
        bytes.push(low | 0x80);
    }
}
