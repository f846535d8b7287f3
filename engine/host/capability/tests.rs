//! Every function of the contract is either decided by the policy, and then refused without a grant,
//! or says here why it needs none.

use super::{Cancel, Hooks, process::Children};
use crate::{
    bindings::hob::plugin::{files, http, process, search, state},
    capability::http::{HttpClient, HttpOptions, Network},
    console::Tail,
    folders::{self, Places},
    guest::{Guest, Surroundings},
    nothing::Nothing,
};
use hob_core::{
    Asks, DirAsk, EnvAsk, Environment, Grant, HttpAsk, Limits, Mode, Policy, ProgramAsk, SecretAsk, StateAsk,
};
use http_body_util::{BodyExt as _, Empty};
use std::{collections::BTreeSet, path::PathBuf, pin::Pin, sync::Arc};
use tokio::sync::watch;
use wasmtime_wasi_http::{Error, WasiHttpHooks as _};

/// What decides over a function of the contract.
enum Gate {
    /// The policy, for this access.
    Decides(&'static str),
    /// Nothing has to, for this reason.
    Free(&'static str),
}

use Gate::{Decides, Free};

const OWN: &str = "the task's own surroundings";
const HANDLE: &str = "works on a handle that only a decided call returns";
const STREAM: &str = "works on streams that were handed out before";

/// Every function of wit/plugin.wit that a component can import.
const GATES: &[(&str, Gate)] = &[
    ("io.waitable.ready", Free(STREAM)),
    ("io.wait", Free(STREAM)),
    ("io.reader.read", Free(STREAM)),
    ("io.reader.ready", Free(STREAM)),
    ("io.writer.write", Free(STREAM)),
    ("io.writer.finish", Free(STREAM)),
    ("io.writer.ready", Free(STREAM)),
    ("context.log", Free(OWN)),
    ("context.progress", Free(OWN)),
    ("context.output", Free(OWN)),
    ("context.artifact", Free(OWN)),
    ("context.is-cancelled", Free(OWN)),
    ("context.cancelled", Free(OWN)),
    ("state.get", Decides("State")),
    ("state.set", Decides("State")),
    ("state.delete", Decides("State")),
    ("state.keys", Decides("State")),
    ("process.child.pid", Free(HANDLE)),
    ("process.child.take-stdin", Free(HANDLE)),
    ("process.child.take-stdout", Free(HANDLE)),
    ("process.child.take-stderr", Free(HANDLE)),
    ("process.child.exited", Free(HANDLE)),
    ("process.child.status", Free(HANDLE)),
    ("process.child.wait", Free(HANDLE)),
    ("process.child.signal", Free(HANDLE)),
    ("process.spawn", Decides("Program, Env, Dir")),
    ("process.run", Decides("Program, Env, Dir")),
    ("http.exchange.ready", Free(HANDLE)),
    ("http.exchange.response", Free(HANDLE)),
    ("http.fetch", Decides("Http, LocalAddress, Secret")),
    ("http.send", Decides("Http, LocalAddress, Secret")),
    ("files.walker.next", Free(HANDLE)),
    ("files.walk", Decides("Dir")),
    ("search.hits.next", Free(HANDLE)),
    ("search.hits.stats", Free(HANDLE)),
    ("search.grep", Decides("Dir")),
];

/// The functions of the contract's importable interfaces, in the order of the file.
fn functions(wit: &str) -> Vec<String> {
    let (mut found, mut interface, mut resource, mut depth) = (Vec::new(), None, None, 0);
    for line in wit.lines().map(str::trim).filter(|line| !line.starts_with("//")) {
        let named =
            |keyword: &str| line.strip_prefix(keyword).and_then(|rest| rest.strip_suffix(" {")).map(str::to_owned);
        if depth == 0 {
            interface = named("interface ");
        } else if depth == 1 {
            resource = named("resource ");
        }
        if let (Some(interface), Some((name, _))) = (&interface, line.split_once(": func(")) {
            let parts = [Some(interface.as_str()), resource.as_deref(), Some(name)];
            found.push(parts.into_iter().flatten().collect::<Vec<_>>().join("."));
        }
        depth += line.matches('{').count();
        depth -= line.matches('}').count();
    }
    found.retain(|name| !name.starts_with("executor."));
    found
}

#[test]
fn every_function_of_the_contract_is_listed() {
    let wit = include_str!("../../../wit/plugin.wit");
    let there: BTreeSet<String> = functions(wit).into_iter().collect();
    let listed: BTreeSet<String> = GATES.iter().map(|(name, _)| (*name).to_owned()).collect();
    assert!(there.len() > 30, "the contract was read: {there:?}");
    assert_eq!(there, listed);
    for (name, gate) in GATES {
        let (Decides(text) | Free(text)) = gate;
        assert!(!text.is_empty(), "{name}");
    }
}

fn everything_asked() -> Asks {
    let reason = || "test".to_owned();
    Asks {
        dirs: vec![DirAsk { guest: "/".into(), mode: Mode::Rw, reason: reason() }],
        http: vec![HttpAsk { host: "*".into(), methods: vec!["*".into()], reason: reason() }],
        programs: vec![ProgramAsk { name: "*".into(), reason: reason() }],
        env: vec![EnvAsk { name: "*".into(), reason: reason() }],
        secrets: vec![SecretAsk { name: "*".into(), reason: reason() }],
        state: Some(StateAsk { reason: reason() }),
    }
}

/// A guest that asked for everything and was granted `grant`.
fn guest(grant: Grant) -> Guest {
    guest_in(grant, "/")
}

/// The same in a folder of its own.
fn guest_in(grant: Grant, cwd: impl Into<PathBuf>) -> Guest {
    let cwd = cwd.into();
    let nothing = Arc::new(Nothing);
    let executor: hob_core::ExecutorName = "tested".parse().expect("a name");
    let policy = Policy::new(executor.clone(), everything_asked(), grant);
    let surroundings = Surroundings {
        folders: folders::resolve(
            &policy,
            &Places { home: None, cwd: &cwd, protected: &hob_core::Protected::new(&[], []) },
        )
        .expect("folders"),
        policy: Arc::new(policy),
        executor,
        task: "a-task".parse().expect("an id"),
        limits: Limits::default(),
        environment: Environment(vec![(b"PATH".to_vec(), b"/usr/bin:/bin".to_vec())]),
        cwd,
        http: Arc::new(HttpClient::new(
            Arc::new(Network::new()),
            HttpOptions { body_bytes: 0, per_host: 1, secrets: Arc::new(|_| None) },
        )),
        output: nothing.clone(),
        reporter: nothing.clone(),
        state: nothing,
        artifacts: None,
        zygote: None,
    };
    let (_, receiver) = watch::channel(false);
    let children = Arc::new(Children::default());
    Guest::new(Arc::new(surroundings), Cancel(receiver), children, Tail::default()).expect("a guest")
}

fn command() -> process::Command {
    process::Command {
        program: "true".into(),
        args: Vec::new(),
        env: Vec::new(),
        cwd: None,
        stdin: process::StdinMode::Null,
        stdout: process::OutputMode::Null,
        stderr: process::OutputMode::Null,
    }
}

fn query() -> search::Query {
    search::Query {
        patterns: vec!["x".into()],
        literal: true,
        case_sensitivity: search::CaseMode::Smart,
        whole_words: false,
        globs: Vec::new(),
        hidden: false,
        no_ignore: false,
        context_before: 0,
        context_after: 0,
        max_hits: 1,
        max_hits_per_file: 1,
        mode: search::SearchMode::Lines,
    }
}

fn request() -> http::Request {
    http::Request {
        method: "GET".into(),
        url: "https://example.org/".into(),
        headers: Vec::new(),
        body: None,
        timeout_ms: None,
        max_redirects: 0,
    }
}

/// What a gated function says to a component without any grant.
async fn refusal(guest: &mut Guest, function: &str) -> String {
    use {files::Host as _, http::Host as _, process::Host as _, search::Host as _, state::Host as _};
    let denied = |error: process::SpawnError| match error {
        process::SpawnError::Denied(text) => text,
        other => panic!("{function}: {other:?}"),
    };
    let trap = "no trap";
    match function {
        "state.get" => guest.get("k".into()).await.expect(trap).expect_err(function),
        "state.set" => guest.set("k".into(), vec![1]).await.expect(trap).expect_err(function),
        "state.delete" => guest.delete("k".into()).await.expect(trap).expect_err(function),
        "state.keys" => guest.keys(String::new()).await.expect(trap).expect_err(function),
        "process.spawn" => denied(guest.spawn(command()).await.expect(trap).expect_err(function)),
        "process.run" => denied(guest.run(command(), Vec::new(), 1).await.expect(trap).expect_err(function)),
        "http.fetch" => match guest.fetch(request()).await.expect(trap) {
            Err(http::HttpError::Denied(text)) => text,
            Err(other) => panic!("{function}: {other:?}"),
            Ok(_) => panic!("{function} was allowed"),
        },
        "http.send" => match guest.send(request()).await.expect(trap) {
            Err(http::HttpError::Denied(text)) => text,
            Err(other) => panic!("{function}: {other:?}"),
            Ok(_) => panic!("{function} was allowed"),
        },
        "files.walk" => guest.walk("/a".into(), Vec::new(), false).await.expect(trap).expect_err(function),
        "search.grep" => guest.grep("/a".into(), query()).await.expect(trap).expect_err(function),
        other => panic!("{other} is decided by the policy, and this test does not call it"),
    }
}

fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime")
}

#[test]
fn what_is_gated_is_refused_without_a_grant_and_says_how_to_grant_it() {
    runtime().block_on(async {
        let mut guest = guest(Grant::default());
        for (name, gate) in GATES {
            if let Decides(_) = gate {
                let text = refusal(&mut guest, name).await;
                assert!(text.contains("[executors.tested.grant]\n"), "{name}: {text}");
            }
        }
    });
}

#[test]
fn wasi_http_is_refused_without_a_grant_and_says_how_to_grant_it() {
    runtime().block_on(async {
        let guest = guest(Grant::default());
        let mut hooks = Hooks::new(Arc::clone(&guest.surroundings), &guest.cancel);
        let body = Empty::new().map_err(|never| match never {}).boxed_unsync();
        let request = ::http::Request::get("https://example.org/").body(body).expect("a request");
        let sent = Pin::from(hooks.send_request(request, None, Box::new(async { Ok(()) }))).await;
        match sent.err().expect("refused") {
            Error::InternalError(Some(text)) => assert!(text.contains("[executors.tested.grant]\nhttp = "), "{text}"),
            other => panic!("{other}"),
        }
    });
}

#[test]
fn a_variable_and_a_folder_of_a_command_need_grants_of_their_own() {
    use process::Host as _;
    let grant: Grant = serde_json::from_value(serde_json::json!({ "programs": "any" })).expect("a grant");
    runtime().block_on(async {
        let mut guest = guest(grant);
        let env = process::Command { env: vec![("LD_PRELOAD".into(), "/x".into())], ..command() };
        let cwd = process::Command { cwd: Some("/etc".into()), ..command() };
        for (command, line) in [(env, "env = [\"LD_PRELOAD\"]"), (cwd, "dirs = [")] {
            match guest.spawn(command).await.expect("no trap").err() {
                Some(process::SpawnError::Denied(text)) => assert!(text.contains(line), "{text}"),
                other => panic!("{line}: {other:?}"),
            }
        }
    });
}

#[test]
fn a_search_goes_through_to_its_hits() {
    use search::{Host as _, HostHits as _};
    let folder = tempfile::tempdir().expect("a folder");
    std::fs::create_dir(folder.path().join("sub")).expect("made");
    for name in ["a", "sub/b"] {
        std::fs::write(folder.path().join(name), "one\ntwo x\n").expect("written");
    }
    let dirs = serde_json::json!({ "dirs": [{ "host": "{cwd}", "guest": "/p" }] });
    let grant: Grant = serde_json::from_value(dirs).expect("a grant");
    runtime().block_on(async {
        let mut guest = guest_in(grant, folder.path());
        let all = search::Query { max_hits: 10, ..query() };
        let hits = guest.grep("/p".into(), all).await.expect("no trap").expect("granted");
        let same = || wasmtime::component::Resource::new_borrow(hits.rep());
        let lines = guest.next(same(), 100).await.expect("no trap").expect("lines");
        let seen: Vec<_> = lines.iter().map(|line| (line.path.as_str(), line.number, line.text.as_str())).collect();
        assert_eq!(seen, [("a", 2, "two x"), ("sub/b", 2, "two x")]);
        let stats: serde_json::Value =
            serde_json::from_str(&guest.stats(same()).await.expect("no trap")).expect("JSON");
        assert_eq!((&stats["hits"], &stats["files_searched"]), (&2.into(), &2.into()));
        assert!(guest.grep("/p/../etc".into(), query()).await.expect("no trap").is_err());
        let absent = guest.grep("/p/absent".into(), query()).await.expect("no trap");
        assert_eq!(absent.err().as_deref(), Some("`/p/absent` does not exist"));
    });
}

#[test]
fn hits_come_in_order_whatever_is_asked_for_at_once() {
    use search::{Host as _, HostHits as _};
    let folder = tempfile::tempdir().expect("a folder");
    for name in ["a", "b", "c"] {
        std::fs::write(folder.path().join(name), "x\n".repeat(2000)).expect("written");
    }
    let dirs = serde_json::json!({ "dirs": [{ "host": "{cwd}", "guest": "/p" }] });
    let grant: Grant = serde_json::from_value(dirs).expect("a grant");
    runtime().block_on(async {
        let mut guest = guest_in(grant, folder.path());
        let all = search::Query { max_hits: 5500, max_hits_per_file: 2000, ..query() };
        let hits = guest.grep("/p".into(), all).await.expect("no trap").expect("granted");
        let same = || wasmtime::component::Resource::new_borrow(hits.rep());
        let mut seen = Vec::new();
        for max in [1, 0, 2000, 10, 1500, 3, 1100].into_iter().cycle().take(14) {
            let lines = guest.next(same(), max).await.expect("no trap").expect("lines");
            assert_eq!(lines.len(), usize::min(max as usize, 5500 - seen.len()));
            seen.extend(lines.into_iter().map(|line| (line.path, line.number)));
        }
        let expect = ["a", "b", "c"].iter().flat_map(|path| (1..=2000).map(|number| ((*path).to_owned(), number)));
        assert_eq!(seen, expect.take(5500).collect::<Vec<_>>());
    });
}
