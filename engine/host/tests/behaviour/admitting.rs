//! What is admitted, what is refused and in which words, and what becomes of it in the cache.

use crate::{
    Test,
    world::{World, guest_file, no_bundled},
};
use hob_core::{ComponentSource, ExecutorConfig};
use hob_host::{AdmissionError, Admitted, Catalog, Host};
use hob_runner::Executors as _;
use serde_json::json;
use std::{
    fs,
    path::{Path, PathBuf},
};

pub const TESTS: &[Test] = &[
    ("a_component_is_admitted_once_and_remembered", remembered),
    ("f57_a_changed_file_is_looked_at_again_and_a_pin_refuses_it", changed),
    ("f57_a_damaged_artefact_is_made_anew", damaged),
    ("f50_what_is_no_component_is_refused_in_its_own_words", no_component),
    ("f49_another_version_and_other_imports_are_named", other_contract),
    ("describe_runs_without_any_power_and_within_limits", describing),
    ("a_component_that_is_not_there_is_named", missing),
    ("an_executor_that_cannot_load_says_why", not_loaded),
];

fn catalog(cache: &Path) -> Catalog {
    Catalog::new(cache.to_owned(), std::env::current_exe().expect("this program"), no_bundled)
}

fn config(world: &World, path: &Path, sha256: Option<&str>) -> ExecutorConfig {
    let mut config = world.task("noop", json!({})).config;
    config.component = ComponentSource::File { path: path.to_owned(), sha256: sha256.map(str::to_owned) };
    config
}

fn admit(world: &World, cache: &Path, path: &Path) -> Result<Admitted, AdmissionError> {
    catalog(cache).admit(&config(world, path, None))
}

#[track_caller]
fn refused(world: &World, path: &Path) -> String {
    admit(world, &world.scratch("refusals"), path).expect_err("refused").to_string()
}

/// A copy of a guest that a test may change.
fn copy(world: &World, guest: &str, name: &str) -> PathBuf {
    let path = world.scratch("copies").join(name);
    let _ = fs::remove_file(&path);
    fs::copy(guest_file(guest), &path).expect("copied");
    path
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let mut files: Vec<_> =
        fs::read_dir(folder).expect("a folder").map(|entry| entry.expect("an entry").path()).collect();
    files.sort();
    files
}

fn remembered(world: &World) {
    let (cache, path) = (world.scratch("remembered"), copy(world, "describe_changing", "remembered.wasm"));
    let first = admit(world, &cache, &path).expect("admitted");
    assert!(first.description.name.starts_with("changing-"), "{}", first.description.name);
    // Its description is random: that it stays shows that it was not asked again.
    assert_eq!(admit(world, &cache, &path).expect("admitted"), first);
    assert_eq!(files(&cache.join("admitted")).len(), 1);
    // What cannot be read is no record, and no error.
    fs::write(&files(&cache.join("admitted"))[0], "{").expect("written");
    assert_ne!(admit(world, &cache, &path).expect("admitted").description.name, first.description.name);
    assert_eq!(files(&cache).len(), 2, "nothing else is left in the cache");
}

fn changed(world: &World) {
    let (cache, path) = (world.scratch("changed"), copy(world, "noop", "changed.wasm"));
    let catalog = catalog(&cache);
    let first = catalog.admit(&config(world, &path, None)).expect("admitted");
    let pinned = config(world, &path, Some(&first.digest));
    assert_eq!(catalog.admit(&pinned).expect("admitted"), first);
    fs::remove_file(&path).expect("removed");
    fs::copy(guest_file("waiting"), &path).expect("copied");
    let error = catalog.admit(&pinned).expect_err("refused").to_string();
    let second = catalog.admit(&config(world, &path, None)).expect("admitted");
    assert_ne!(second.digest, first.digest);
    assert_eq!(second.description.name, "waiting");
    for part in [path.to_str().expect("text"), &first.digest, &second.digest] {
        assert!(error.contains(part), "{part} in {error}");
    }
}

fn damaged(world: &World) {
    let cache = world.scratch("damaged");
    let config = config(world, &copy(world, "noop", "damaged.wasm"), None);
    let load = || Host::new(World::options(&cache, &world.zygote)).load(&config);
    load().expect("loads");
    let artefacts = || files(&cache.join("components"));
    let artefact = artefacts().into_iter().find(|file| file.extension().is_some_and(|it| it == "cwasm")).expect("one");
    let good = fs::read(&artefact).expect("read");
    for damage in [&good[..good.len() / 2], b"", b"no code"] {
        fs::remove_file(&artefact).expect("removed");
        fs::write(&artefact, damage).expect("written");
        load().expect("loads again");
        assert_eq!(fs::read(&artefact).expect("read").len(), good.len());
    }
    fs::remove_file(&artefact).expect("removed");
    load().expect("loads again");
    assert_eq!(artefacts().len(), 2);
}

fn no_component(world: &World) {
    let folder = world.scratch("no-components");
    let whole = fs::read(guest_file("noop")).expect("read");
    let mut large = whole.clone();
    large.resize((128 << 20) + 1, 0);
    let core = wat::parse_str("(module (func (export \"run\")))").expect("a module");
    let native = {
        let cache = world.scratch("native");
        admit(world, &cache, &guest_file("noop")).expect("admitted");
        let artefact =
            files(&cache.join("components")).into_iter().find(|file| file.extension().is_some_and(|it| it == "cwasm"));
        fs::read(artefact.expect("an artefact")).expect("read")
    };
    let cases: [(&str, &[u8], &str); 8] = [
        ("empty", b"", "is empty"),
        ("text", b"#!/bin/sh\n", "is no WebAssembly component"),
        ("header", b"\0asm\x0d", "is damaged or incomplete"),
        ("truncated", &whole[..whole.len() / 2], "is damaged or incomplete"),
        ("core", &core, "is a core WebAssembly module, not a component"),
        ("native", &native, "is precompiled native code"),
        ("large", &large, "has 134217729 bytes; a component may have 134217728"),
        ("empty-component", b"\0asm\x0d\0\x01\0", "does not export hob:plugin/executor@0.1.0"),
    ];
    for (name, bytes, expect) in cases {
        let path = folder.join(name);
        fs::write(&path, bytes).expect("written");
        let error = refused(world, &path);
        assert!(error.contains(expect) && error.contains(path.to_str().expect("text")), "{name}: {error}");
    }
}

fn other_contract(world: &World) {
    let error = refused(world, &guest_file("other_version"));
    assert!(error.contains("built against hob:plugin@") && error.contains("serves hob:plugin@0.1.0"), "{error}");
    let error = refused(world, &guest_file("extra_import"));
    assert!(error.contains("acme:extra/powers") && error.contains("which nobody here provides"), "{error}");
    let wasi = "(component (import \"wasi:clocks/monotonic-clock@0.3.0\" (instance)))";
    let path = world.scratch("contract").join("wasi.wasm");
    fs::write(&path, wat::parse_str(wasi).expect("a component")).expect("written");
    let error = refused(world, &path);
    assert!(
        error.contains("this hob serves WASI 0.2") && error.contains("does not export"),
        "both are listed: {error}"
    );
}

fn describing(world: &World) {
    let cache = world.scratch("describing");
    let reached = admit(world, &cache, &guest_file("describe_reaching")).expect("admitted");
    assert_eq!(reached.description.name, "reached-0", "nothing is within reach");
    for (guest, expect) in [
        ("describe_looping", "limit of computing time, 1s"),
        ("describe_bomb", "limit of memory, 64MiB"),
        ("describe_not_json", "read what the component says of itself"),
        ("describe_without_schema", "the component's parameters"),
    ] {
        let error = refused(world, &guest_file(guest));
        assert!(error.contains(expect), "{guest}: {error}");
    }
}

fn missing(world: &World) {
    let absent = world.folder.join("absent.wasm");
    let error = refused(world, &absent);
    assert!(error.contains("does not exist") && error.contains("absent.wasm"), "{error}");
    assert!(refused(world, &world.folder).contains("is not a file"));
    let mut bundled = config(world, &absent, None);
    bundled.component = ComponentSource::Bundled("absent".to_owned());
    let error = catalog(&world.scratch("refusals")).admit(&bundled).expect_err("refused");
    assert!(matches!(error, AdmissionError::UnknownBundled(name) if name == "absent"));
}

fn not_loaded(world: &World) {
    let path = world.scratch("not-loaded").join("text.wasm");
    fs::write(&path, "text").expect("written");
    let error = world.host.load(&config(world, &path, None)).expect_err("does not load");
    assert!(error.0.contains("is no WebAssembly component"), "{error}");
}
