//! What components can do when it was granted, and what they hear when it was not: each denial's
//! lines are put into the grant, and then the task passes.

use crate::{
    Test,
    world::{Run, World},
};
use hob_core::{Failure, FailureKind};
use serde_json::{Value, json};
use std::{fs, os::unix::fs::PermissionsExt as _};

pub const TESTS: &[Test] = &[
    ("f52_a_component_sees_no_variable_and_no_argument_but_granted_ones", variables),
    ("a_granted_folder_can_be_read_and_another_cannot", folders),
    ("f51_a_folder_granted_for_reading_stays_as_it_is", read_only),
    ("a_granted_folder_that_is_not_there_is_named", missing_folder),
    ("f53_a_program_needs_a_grant_and_keeps_to_its_arguments", programs),
    ("f53_a_program_with_another_digest_is_refused", program_digest),
    ("a_program_that_is_granted_by_name_is_that_of_the_dispatchers_path", program_by_name),
    ("a_program_runs_in_the_folder_and_with_the_variables_it_was_given", program_surroundings),
    ("a_program_that_is_missing_is_told_apart", missing_program),
    ("a_component_talks_to_a_program", pipes),
    ("what_a_program_prints_is_in_the_output_in_order", output),
    ("f33_what_a_program_leaves_behind_is_ended", leftovers),
    ("f35_programs_at_once_are_limited", too_many_programs),
    ("a_store_needs_a_grant_and_has_a_quota", state),
    ("files_are_walked_below_granted_folders_only", walk),
    ("artifacts_stay_with_the_attempt", artifacts),
    ("f54_a_request_to_this_machine_needs_a_grant_that_says_so", http),
];

#[track_caller]
fn data(run: &Run<'_>) -> Value {
    run.completes().data.expect("data")
}

/// The grant that a denial asks for, read back from its text.
#[track_caller]
fn granted_by(failure: &Failure) -> Value {
    let (_, lines) = failure.message.split_once("[executors.tested.grant]\n").expect("configuration lines");
    let table: toml::Table = toml::from_str(lines).expect("TOML");
    serde_json::to_value(table).expect("JSON")
}

fn variables(world: &World) {
    let mut run = world.task("env_print", json!({}));
    run.environment = vec![("LANG", "C".to_owned()), ("SECRET", "s".to_owned()), ("SHELL", "/bin/zsh".to_owned())];
    let seen = data(&run);
    assert_eq!((&seen["env"], &seen["args"]), (&json!({}), &json!([])));
    let cwd = run.cwd.to_str().expect("text");
    assert_eq!(
        seen["meta"].as_array().map(|meta| &meta[..2]),
        json!([["shell", "/bin/zsh"], ["cwd", cwd]]).as_array().map(Vec::as_slice)
    );
    assert!(seen["meta"][2][1].as_str().is_some_and(|offset| offset.parse::<i32>().is_ok()), "{seen}");
    let run = run.grant(json!({ "env": ["LANG", "ABSENT"] }));
    assert_eq!(data(&run)["env"], json!({ "LANG": "C" }));
    assert!(run.seen.text().contains("LANG"), "stdout is the task's output");
}

fn folders(world: &World) {
    let folder = world.scratch("folders");
    fs::create_dir_all(folder.join("project/sub")).expect("made");
    fs::write(folder.join("project/sub/file"), "inside").expect("written");
    fs::write(folder.join("outside"), "outside").expect("written");
    std::os::unix::fs::symlink(folder.join("outside"), folder.join("project/link")).expect("linked");
    let read = |path: &str| {
        let mut run = world
            .task("dir_read", json!({ "path": path }))
            .grant(json!({ "dirs": [{ "host": "{cwd}", "guest": "/project" }] }));
        run.cwd = folder.join("project");
        run
    };
    assert_eq!(data(&read("/project/sub/file")), json!({ "text": "inside" }));
    for path in ["/outside", "/project/../outside", "/project/link", "/etc/passwd", "/project/sub/../../outside"] {
        read(path).fails(FailureKind::Executor);
    }
    let none = world.task("dir_read", json!({ "path": "/project" }));
    none.fails(FailureKind::Executor);
}

fn read_only(world: &World) {
    let folder = world.scratch("read-only");
    fs::write(folder.join("file"), "as it was").expect("written");
    let act = |action: &str, mode: &str, path: &str| {
        let mut run = world
            .task("dir_write", json!({ "action": action, "path": path, "to": "/p/other" }))
            .grant(json!({ "dirs": [{ "host": "{cwd}", "guest": "/p", "mode": mode }] }));
        run.cwd.clone_from(&folder);
        run
    };
    for action in ["write", "remove", "rename", "link", "mkdir", "truncate"] {
        let path = if action == "mkdir" { "/p/new" } else { "/p/file" };
        act(action, "ro", path).fails(FailureKind::Executor);
        assert_eq!(fs::read_to_string(folder.join("file")).expect("there"), "as it was", "{action}");
        assert_eq!(fs::read_dir(&folder).expect("there").count(), 1, "{action}");
    }
    act("rename", "rw", "/p/file").completes();
    assert_eq!(fs::read_to_string(folder.join("other")).expect("there"), "as it was");
}

fn missing_folder(world: &World) {
    let run = world
        .task("dir_read", json!({ "path": "/p" }))
        .grant(json!({ "dirs": [{ "host": "{cwd}/absent", "guest": "/p" }] }));
    let message = run.fails(FailureKind::Executor).message;
    assert!(message.contains(world.folder.join("absent").to_str().expect("text")), "{message}");
}

fn run_program(world: &World, params: Value) -> Run<'_> {
    let mut run = world.task("program_run", params);
    run.environment = vec![("PATH", std::env::var("PATH").expect("a PATH")), ("LANG", "C".to_owned())];
    run
}

fn programs(world: &World) {
    let echo = |args: Value| run_program(world, json!({ "program": "echo", "args": args }));
    let failure = echo(json!(["one"])).fails(FailureKind::Denied);
    // The path is for the person to fill in.
    let mut grant = granted_by(&failure);
    grant["programs"]["echo"]["path"] = json!("/bin/echo");
    let seen = data(&echo(json!(["one"])).grant(grant.clone()));
    assert_eq!((&seen["stdout"], &seen["status"]), (&json!("one\n"), &json!("ExitStatus::Code(0)")));
    echo(json!(["two"])).grant(grant).fails(FailureKind::Denied);
    // A granted program is no PATH search, and no path of the component's.
    let grant = json!({ "programs": { "echo": { "path": "/bin/echo" } } });
    run_program(world, json!({ "program": "/bin/echo" })).grant(grant).fails(FailureKind::Denied);
}

fn program_digest(world: &World) {
    use std::io::Write as _;
    let script = world.scratch("digest").join("script");
    let mut file = fs::File::create(&script).expect("made");
    file.write_all(b"#!/bin/sh\necho pinned\n").expect("written");
    drop(file);
    fs::set_permissions(&script, fs::Permissions::from_mode(0o755)).expect("set");
    let pinned = |sha256: &str| {
        run_program(world, json!({ "program": "it" }))
            .grant(json!({ "programs": { "it": { "path": script, "sha256": sha256 } } }))
    };
    let message = pinned(&"0".repeat(64)).fails(FailureKind::Denied).message;
    let mut words = message.split([' ', ',', ':']);
    let actual = words.find(|word| word.len() == 64 && *word != "0".repeat(64)).expect("a digest");
    assert_eq!(data(&pinned(actual))["stdout"], json!("pinned\n"));
    fs::write(&script, "#!/bin/sh\necho changed\n").expect("written");
    pinned(actual).fails(FailureKind::Denied);
}

fn program_by_name(world: &World) {
    let folder = world.scratch("by-name");
    for (place, word) in [("first", "one"), ("second", "two")] {
        let script = folder.join(place).join("tool");
        fs::create_dir_all(folder.join(place)).expect("made");
        fs::write(&script, format!("#!/bin/sh\necho {word} ${{PATH-no PATH}}\n")).expect("written");
        fs::set_permissions(&script, fs::Permissions::from_mode(0o755)).expect("set");
    }
    let run = |path: &str, grant: Value| {
        let mut run = world.task("program_run", json!({ "program": "it" })).grant(json!({ "programs": grant }));
        run.environment = vec![("PATH", format!("{}/{path}", folder.display()))];
        run
    };
    let by_name = json!({ "it": { "path": "tool" } });
    // The PATH finds it; the program gets no more of it than is granted.
    for (path, word) in [("first", "one"), ("second", "two")] {
        let stdout = data(&run(path, by_name.clone()))["stdout"].clone();
        assert!(stdout.as_str().is_some_and(|text| text.starts_with(word) && !text.contains("by-name")), "{stdout}");
    }
    let message = run("none", by_name).fails(FailureKind::Executor).message;
    assert!(message.contains("`tool`") && message.contains("PATH"), "{message}");
    let pinned = json!({ "it": { "path": "tool", "sha256": "0".repeat(64) } });
    run("first", pinned).fails(FailureKind::Denied);
    run("first", json!({ "it": { "path": "bin/tool" } })).fails(FailureKind::Executor);
}

fn program_surroundings(world: &World) {
    let folder = world.scratch("surroundings");
    fs::create_dir_all(folder.join("sub")).expect("made");
    let dirs = json!([{ "host": "{cwd}", "guest": "/p" }]);
    let print = |params: Value, env: Value| {
        let mut run = run_program(world, params).grant(json!({ "programs": "any", "dirs": dirs, "env": env }));
        run.cwd.clone_from(&folder);
        run
    };
    let sh = |script: &str| json!({ "program": "sh", "args": ["-c", script] });
    let stdout = |run: &Run<'_>| data(run)["stdout"].as_str().expect("text").to_owned();
    assert_eq!(stdout(&print(sh("pwd"), json!("inherit"))), format!("{}\n", folder.display()));
    let mut below = sh("pwd");
    below["cwd"] = json!("/p/sub");
    assert_eq!(stdout(&print(below.clone(), json!("inherit"))), format!("{}\n", folder.join("sub").display()));
    below["cwd"] = json!("/etc");
    print(below.clone(), json!("inherit")).fails(FailureKind::Denied);
    below["cwd"] = json!("/p/absent");
    print(below, json!("inherit")).fails(FailureKind::Executor);
    // Only what was granted, and what the command adds.
    let mut env = sh("echo ${LANG-none} ${ADDED-none}");
    env["program"] = json!("/bin/sh");
    assert_eq!(stdout(&print(env.clone(), json!([]))), "none none\n");
    assert_eq!(stdout(&print(env.clone(), json!(["LANG"]))), "C none\n");
    env["env"] = json!([["ADDED", "yes"]]);
    let failure = print(env.clone(), json!(["LANG"])).fails(FailureKind::Denied);
    assert_eq!(stdout(&print(env, granted_by(&failure)["env"].clone())), "C yes\n");
}

fn missing_program(world: &World) {
    let run = run_program(world, json!({ "program": "no-such-program" }))
        .grant(json!({ "programs": "any", "env": "inherit" }));
    let message = run.fails(FailureKind::Executor).message;
    assert!(message.contains("NotFound") && message.contains("no-such-program"), "{message}");
}

fn pipes(world: &World) {
    let run = world
        .task("program_pipe", json!({ "lines": 3 }))
        .grant(json!({ "programs": { "cat": { "path": "/bin/cat" } } }));
    let seen = data(&run);
    assert_eq!(seen["echoed"], json!(["line 0", "line 1", "line 2"]));
    assert_eq!((&seen["ended"], &seen["status"]), (&json!(true), &json!("ExitStatus::Code(0)")));
}

fn hold(world: &World, params: Value) -> Run<'_> {
    let mut run = world.task("program_hold", params).grant(json!({ "programs": "any", "env": "inherit" }));
    run.environment = vec![("PATH", std::env::var("PATH").expect("a PATH"))];
    run
}

fn output(world: &World) {
    let run = hold(world, json!({ "command": "for i in 1 2 3; do echo out $i; echo err $i >&2; done", "count": 1 }));
    run.completes();
    assert_eq!(run.seen.text(), "out 1\nerr 1\nout 2\nerr 2\nout 3\nerr 3\n");
}

fn leftovers(world: &World) {
    let folder = world.scratch("leftovers");
    for forget in [false, true] {
        let command = "setsid sh -c 'echo $$ > pid; exec sleep 600' & while ! test -s pid; do :; done; echo done";
        let mut run = hold(world, json!({ "command": command, "count": 1, "forget": forget }));
        run.cwd.clone_from(&folder);
        let _ = fs::remove_file(folder.join("pid"));
        run.completes();
        if let Ok(pid) = fs::read_to_string(folder.join("pid")) {
            assert!(!std::path::Path::new("/proc").join(pid.trim()).exists(), "{pid} lives");
        } else {
            assert!(forget, "the program ran");
        }
    }
}

fn too_many_programs(world: &World) {
    let mut run = hold(world, json!({ "command": "sleep 600", "count": 4 }));
    run.config.limits.children = 3;
    let message = run.fails(FailureKind::Executor).message;
    assert!(message.contains("Limit") && message.contains("already runs 3 programs"), "{message}");
    assert!(message.contains("children = 6"), "{message}");
    // One after another is no matter of the limit.
    let mut run = hold(world, json!({ "command": "true", "count": 1 }));
    run.config.limits.children = 1;
    run.completes();
}

fn state(world: &World) {
    let failure = world.task("state_counter", json!({})).fails(FailureKind::Denied);
    let run = world.task("state_counter", json!({})).grant(granted_by(&failure));
    assert_eq!(data(&run), json!({ "runs": 1, "keys": ["runs"] }));
    assert_eq!(data(&run), json!({ "runs": 2, "keys": ["runs"] }));
    let full = world.task("state_fill", json!({})).grant(json!({ "state": "1MiB" }));
    let message = full.fails(FailureKind::Executor).message;
    assert!(message.contains("1MiB"), "{message}");
}

fn walk(world: &World) {
    let folder = world.scratch("walk");
    fs::create_dir_all(folder.join("sub")).expect("made");
    for (name, text) in [("a.rs", "aa"), ("sub/b.rs", "bbb"), ("sub/c.txt", "c")] {
        fs::write(folder.join(name), text).expect("written");
    }
    let walk = |root: &str| {
        let mut run = world
            .task("files_walk", json!({ "root": root, "globs": ["*.rs"] }))
            .grant(json!({ "dirs": [{ "host": "{cwd}", "guest": "/p" }] }));
        run.cwd.clone_from(&folder);
        run
    };
    let seen = data(&walk("/p"));
    assert_eq!((&seen["paths"], &seen["bytes"]), (&json!(["/p/a.rs", "/p/sub/b.rs"]), &json!(5)));
    assert_eq!(data(&walk("/p/sub"))["paths"], json!(["/p/sub/b.rs"]));
    let failure = walk("/elsewhere").fails(FailureKind::Denied);
    assert!(granted_by(&failure)["dirs"].is_array());
    let message = walk("/p/absent").fails(FailureKind::Denied).message;
    assert!(message.contains("`/p/absent` does not exist"), "{message}");
}

fn http(world: &World) {
    use std::io::{Read as _, Write as _};
    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    let url = format!("http://{}/page", listener.local_addr().expect("an address"));
    let get = || world.task("http_get", json!({ "url": url }));
    let failure = get().fails(FailureKind::Denied);
    // Without `local` the name is granted, and the address behind it is not.
    let mut grant = granted_by(&failure);
    let failure = get().grant(grant.clone()).fails(FailureKind::Denied);
    grant["http"] = granted_by(&failure)["http"].clone();
    let server = std::thread::spawn(move || {
        // Had a denied request left this machine, it would be the one that is answered here.
        let (mut stream, _) = listener.accept().expect("a connection");
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            let mut byte = [0];
            stream.read_exact(&mut byte).expect("a request");
            head.push(byte[0]);
        }
        stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nhello").expect("written");
        String::from_utf8(head).expect("text")
    });
    let seen = data(&get().grant(grant));
    assert_eq!((&seen["status"], &seen["body"], &seen["url"]), (&json!(200), &json!("hello"), &json!(url)));
    assert!(server.join().expect("a request").starts_with("GET /page HTTP/1.1\r\n"));
}

fn artifacts(world: &World) {
    let write = |name: &str, finish: bool| {
        world.task("artifact_write", json!({ "name": name, "text": "kept", "finish": finish }))
    };
    write("kept.txt", true).completes();
    assert_eq!(fs::read_to_string(world.folder.join("artifacts/kept.txt")).expect("there"), "kept");
    write("dropped.txt", false).completes();
    assert!(!world.folder.join("artifacts/dropped.txt").exists());
    write("../escaped.txt", true).fails(FailureKind::Executor);
    assert!(!world.folder.join("escaped.txt").exists());
}
