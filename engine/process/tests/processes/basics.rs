//! Starting, ending, and what a program finds when it starts.

use crate::{
    Case,
    fixture::{DEADLINE, Fixture, Mark, descriptors, in_time, read_all, ready, runtime, this_binary, until},
};
use hob_core::ExitStatus;
use hob_process::{Signal, SpawnError, SpawnRequest, StdioSpec, TreeEnd};
use std::{ffi::OsString, fs, os::unix::ffi::OsStringExt as _, os::unix::fs::PermissionsExt as _, time::Duration};
use tokio::io::AsyncWriteExt as _;

pub(crate) const CASES: &[Case] = &[
    ("the_exit_code_arrives_and_can_be_asked_for_again", exit_code),
    ("the_signal_arrives", signal),
    ("f39_stdin_is_null_and_there_is_no_terminal", f39_no_terminal),
    ("f42_what_cannot_start_says_why_and_names_the_path", f42_typed_errors),
    ("arguments_and_variables_are_exact", exact_bytes),
    ("a_long_list_of_arguments_arrives", long_arguments),
    ("stdin_is_fed_and_its_end_is_seen", stdin_pipe),
    ("nothing_is_inherited_but_three_descriptors", clean_start),
    ("f69_nobody_leaves_a_core_dump", f69_no_core),
    ("the_mask_is_as_asked", mask),
    ("signals_reach_the_whole_group", group_signals),
    ("a_hundred_at_once", hundred),
    ("f40_a_thousand_children_leak_no_descriptor", f40_no_leak),
    ("several_threads_share_one_zygote", threads),
];

fn exit_code(fixture: &Fixture) {
    runtime().block_on(async {
        let child = fixture.zygote.spawn(fixture.shell("exit 7").0).await.expect("spawned");
        let others = [child.tree(), child.tree()];
        // A wait that is given up loses nothing.
        let _ = tokio::time::timeout(Duration::ZERO, child.wait()).await;
        assert_eq!(in_time(child.wait()).await, ExitStatus::Code(7));
        assert_eq!(in_time(child.wait()).await, ExitStatus::Code(7));
        for tree in others {
            assert_eq!(in_time(tree.exited()).await, ExitStatus::Code(7));
            assert_eq!(in_time(tree.ended()).await, TreeEnd::Gone);
        }
        assert_eq!(child.try_status(), Some(ExitStatus::Code(7)));
        assert!(child.signal(Signal::Kill).is_ok(), "too late is no error");
    });
}

fn signal(fixture: &Fixture) {
    runtime().block_on(async {
        // 40 is a real-time signal, for which many an interface has no name.
        for number in [9, 11, 40] {
            let request = fixture.shell(&format!("kill -{number} $$")).0;
            let child = fixture.zygote.spawn(request).await.expect("spawned");
            assert_eq!(in_time(child.wait()).await, ExitStatus::Signal(number));
            assert_eq!(in_time(child.tree().ended()).await, TreeEnd::Gone);
        }
    });
}

fn f39_no_terminal(fixture: &Fixture) {
    runtime().block_on(async {
        let out = fixture.stdout(fixture.role("terminal", &[])).await;
        // ENXIO: no terminal belongs to the session.
        assert_eq!(String::from_utf8_lossy(&out), "Ok(0) Err(Some(6))");
    });
}

fn f42_typed_errors(fixture: &Fixture) {
    let folder = fixture.folder.path();
    let file = |name: &str, text: &str, mode| {
        let path = folder.join(name);
        fs::write(&path, text).expect("written");
        fs::set_permissions(&path, fs::Permissions::from_mode(mode)).expect("set");
        path
    };
    let plain = file("plain", "#!/bin/sh\n", 0o644);
    let noise = file("noise", "\u{1}\u{2}", 0o755);
    let orphan = file("orphan", "#!/no/such/interpreter\n", 0o755);
    runtime().block_on(async {
        let spawn = |request| async { fixture.zygote.spawn(request).await.expect_err("it cannot start") };
        let named = |error: &SpawnError, path: &std::path::Path| {
            assert!(error.to_string().contains(&path.display().to_string()), "{error}");
        };

        let none = folder.join("none");
        let error = spawn(SpawnRequest::new(&none, folder)).await;
        assert!(matches!(error, SpawnError::NotFound { .. }), "{error}");
        named(&error, &none);
        let error = spawn(SpawnRequest::new(plain.join("below"), folder)).await;
        assert!(matches!(error, SpawnError::NotFound { .. }), "{error}");
        let error = spawn(SpawnRequest::new(&plain, folder)).await;
        assert!(matches!(error, SpawnError::NotExecutable { .. }), "{error}");
        named(&error, &plain);
        let error = spawn(SpawnRequest::new(folder, folder)).await;
        assert!(matches!(error, SpawnError::NotExecutable { .. }), "{error}");
        let error = spawn(SpawnRequest::new(&noise, folder)).await;
        assert!(matches!(error, SpawnError::NotExecutable { .. }), "{error}");
        let error = spawn(SpawnRequest::new(&orphan, folder)).await;
        assert!(matches!(error, SpawnError::NoInterpreter { .. }), "{error}");
        named(&error, &orphan);
        let error = spawn(SpawnRequest::new("/bin/true", &none)).await;
        assert!(matches!(error, SpawnError::BadFolder { .. }), "{error}");
        named(&error, &none);
        let error = spawn(SpawnRequest::new("/bin/true", &plain)).await;
        assert!(matches!(error, SpawnError::BadFolder { .. }), "{error}");

        let mut long = SpawnRequest::new("/bin/true", folder);
        long.args = vec!["x".repeat(8 << 20).into()];
        let error = spawn(long).await;
        assert!(matches!(error, SpawnError::TooLong { .. }), "{error}");
        named(&error, "/bin/true".as_ref());
        let mut nul = SpawnRequest::new("/bin/true", folder);
        nul.args = vec!["a\0b".into()];
        assert!(matches!(spawn(nul).await, SpawnError::Invalid { .. }));
        let mut name = SpawnRequest::new("/bin/true", folder);
        name.env = vec![("A=B".into(), "".into())];
        assert!(matches!(spawn(name).await, SpawnError::Invalid { .. }));

        // And the zygote goes on.
        let child = fixture.zygote.spawn(SpawnRequest::new("/bin/true", folder)).await.expect("spawned");
        assert_eq!(in_time(child.wait()).await, ExitStatus::Code(0));
    });
}

fn exact_bytes(fixture: &Fixture) {
    let odd = |bytes: &[u8]| OsString::from_vec(bytes.to_vec());
    let args = [odd(b""), odd(b"a b\t\n'\"\\$*"), odd(b"\xff\xfe\x80"), odd("\u{fc}\u{1f525}".as_bytes())];
    let mut request = fixture.role("show", &args);
    request.arg0 = Some(odd(b"named \xff"));
    request.env = vec![(odd(b"A\xff"), odd(b"\xfe=\n")), (odd(b"EMPTY"), odd(b""))];
    let out = runtime().block_on(fixture.stdout(request));
    let expect = b"named \xff\0role:show\0\0a b\t\n'\"\\$*\0\xff\xfe\x80\0\xc3\xbc\xf0\x9f\x94\xa5\0\n--\nA\xff=\xfe=\n\0EMPTY=\0\n--\n";
    assert_eq!(out, expect, "{}", String::from_utf8_lossy(&out));
}

fn long_arguments(fixture: &Fixture) {
    runtime().block_on(async {
        let (mut request, _) = fixture.shell("echo $# ${#20000}");
        request.args.push("sh".into());
        request.args.extend((0..20_000).map(|_| OsString::from("x".repeat(50))));
        assert_eq!(fixture.stdout(request).await, b"20000 50\n");
    });
}

fn stdin_pipe(fixture: &Fixture) {
    runtime().block_on(async {
        let mut request = SpawnRequest::new("/bin/cat", "/");
        (request.stdin, request.stdout) = (StdioSpec::Pipe, StdioSpec::Pipe);
        let mut child = fixture.zygote.spawn(request).await.expect("spawned");
        let mut stdin = child.take_stdin().expect("a pipe").expect("not taken yet");
        stdin.write_all(b"all of it").await.expect("written");
        drop(stdin);
        assert_eq!(read_all(&mut child).await, b"all of it");
        assert_eq!(in_time(child.wait()).await, ExitStatus::Code(0));
        assert!(child.take_stdin().expect("no error").is_none(), "once");
    });
}

fn clean_start(fixture: &Fixture) {
    runtime().block_on(async {
        // `ls` itself has one more, for looking.
        let out = fixture.stdout(fixture.shell("exec ls /proc/self/fd").0).await;
        assert_eq!(String::from_utf8_lossy(&out), "0\n1\n2\n3\n");
        let out = fixture.stdout(fixture.shell("exec cat /proc/self/status").0).await;
        let out = String::from_utf8_lossy(&out).into_owned();
        let masks = out.lines().filter_map(|line| {
            let value = ["SigBlk:", "SigIgn:", "SigCgt:"].iter().find_map(|name| line.strip_prefix(name))?;
            u64::from_str_radix(value.trim(), 16).ok()
        });
        // The C library ignores two signals of its own, 32 and 33, in what it spawns.
        let masks: Vec<_> = masks.map(|mask| mask & !(0b11 << 31)).collect();
        assert_eq!(masks, [0; 3], "nothing is blocked, ignored or caught");
    });
}

/// One byte is less than any dump has, and keeps the kernel from handing it to a program.
fn f69_no_core(fixture: &Fixture) {
    let core = |limits: &str| {
        let line = limits.lines().find_map(|line| line.strip_prefix("Max core file size")).expect("a limit");
        line.split_ascii_whitespace().next().map(str::to_owned)
    };
    for process in [std::process::id(), fixture.zygote.pid()] {
        let limits = fs::read_to_string(format!("/proc/{process}/limits")).expect("limits");
        assert!(matches!(core(&limits).as_deref(), Some("0" | "1")), "{limits}");
    }
    let out = runtime().block_on(fixture.stdout(fixture.shell("exec cat /proc/self/limits").0));
    let limits = String::from_utf8_lossy(&out);
    assert!(matches!(core(&limits).as_deref(), Some("0" | "1")), "{limits}");
}

fn mask(fixture: &Fixture) {
    runtime().block_on(async {
        let (mut request, _) = fixture.shell("umask");
        request.umask = Some(0o27);
        assert_eq!(fixture.stdout(request).await, b"0027\n");
    });
}

fn group_signals(fixture: &Fixture) {
    runtime().block_on(async {
        let (mut request, mark) = fixture.shell("trap 'wait; exit 5' INT; sh -c 'echo ready; exec sleep 600' & wait");
        request.stdout = StdioSpec::Pipe;
        let mut child = fixture.zygote.spawn(request).await.expect("spawned");
        let _pipe = ready(&mut child, 1).await;
        // A shell without job control starts background children with the interrupt ignored, so that
        // only the request to end reaches both.
        child.signal(Signal::Terminate).expect("sent");
        assert_eq!(in_time(child.wait()).await, ExitStatus::Signal(15));
        assert_eq!(in_time(child.tree().ended()).await, TreeEnd::Gone);
        assert_eq!(mark.living(), [0_u32; 0]);
    });
}

fn hundred(fixture: &Fixture) {
    runtime().block_on(async {
        let spawns = (0..100).map(|n| {
            let (mut request, _) = fixture.shell(&format!("echo {n}; exit {n}"));
            let zygote = fixture.zygote.clone();
            request.stdout = StdioSpec::Pipe;
            tokio::spawn(async move {
                let mut child = zygote.spawn(request).await.expect("spawned");
                let out = read_all(&mut child).await;
                assert_eq!(String::from_utf8_lossy(&out), format!("{n}\n"));
                assert_eq!(child.wait().await, ExitStatus::Code(n));
            })
        });
        for one in spawns.collect::<Vec<_>>() {
            in_time(one).await.expect("as it should");
        }
    });
}

fn f40_no_leak(fixture: &Fixture) {
    let count = || (descriptors(std::process::id()), descriptors(fixture.zygote.pid()));
    // The first one makes what stays, and what others have left goes in its own time.
    runtime().block_on(async {
        let child = fixture.zygote.spawn(SpawnRequest::new("/bin/true", "/")).await.expect("starts");
        in_time(child.tree().ended()).await
    });
    until("guards are buried", || children_of(fixture.zygote.pid()) == 0);
    let before = count();
    runtime().block_on(async {
        for round in 0..1_000 {
            let mut request = SpawnRequest::new(if round % 10 == 0 { "/no/such/program" } else { "/bin/true" }, "/");
            (request.stdin, request.stdout, request.stderr) = (StdioSpec::Pipe, StdioSpec::Pipe, StdioSpec::Pipe);
            match fixture.zygote.spawn(request).await {
                Ok(child) => assert_eq!(in_time(child.tree().ended()).await, TreeEnd::Gone),
                Err(error) => assert!(matches!(error, SpawnError::NotFound { .. }), "{error}"),
            }
        }
    });
    until("guards are buried", || children_of(fixture.zygote.pid()) == 0);
    until("no descriptor is left", || count() == before);
}

fn children_of(pid: u32) -> usize {
    let numbers = fs::read_dir("/proc").expect("/proc").flatten();
    let numbers = numbers.filter_map(|entry| entry.file_name().to_str()?.parse().ok());
    numbers.filter(|child| crate::fixture::stat(*child, 1) == Some(pid.to_string())).count()
}

fn threads(fixture: &Fixture) {
    let mark = Mark::new();
    std::thread::scope(|scope| {
        for n in 0..4 {
            let (zygote, mark) = (fixture.zygote.clone(), &mark);
            scope.spawn(move || {
                runtime().block_on(async {
                    for _ in 0..25 {
                        let mut request = SpawnRequest::new(this_binary(), "/");
                        request.args = vec!["role:none-such".into()];
                        request.env = vec![mark.variable()];
                        let child = zygote.spawn(request).await.expect("spawned");
                        let status = tokio::time::timeout(DEADLINE, child.wait()).await.expect("in time");
                        assert!(matches!(status, ExitStatus::Code(101)), "{n}: a panic of the role, not {status:?}");
                    }
                });
            });
        }
    });
    assert_eq!(mark.living(), [0_u32; 0]);
}
