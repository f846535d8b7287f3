//! What programs print.

use crate::{
    Case,
    fixture::{Fixture, in_time, runtime},
};
use hob_core::ExitStatus;
use hob_process::{StdioSpec, TreeEnd, output_pipe, pump};
use std::{
    io,
    sync::{
        Arc, Mutex,
        atomic::{AtomicU64, Ordering},
    },
    time::Instant,
};

pub(crate) const CASES: &[Case] = &[
    ("f37_200_mb_pass_in_flat_memory", f37_flat),
    ("f38_bytes_are_exact", f38_exact),
    ("two_streams_in_one_pipe_stay_in_order", one_pipe),
    ("a_sink_that_fails_does_not_stop_the_program", failing_sink),
    ("a_stranger_with_the_pipe_does_not_hold_it_up", stranger),
    ("a_pump_without_output_ends", silent),
];

fn resident() -> u64 {
    let statm = std::fs::read_to_string("/proc/self/statm").expect("read");
    statm.split(' ').nth(1).and_then(|pages| pages.parse::<u64>().ok()).expect("a number") * 4096
}

fn f37_flat(fixture: &Fixture) {
    runtime().block_on(async {
        let (mut request, _) = fixture.shell("exec head -c 200000000 /dev/zero");
        request.stdout = StdioSpec::Pipe;
        let (start, before) = (Instant::now(), resident());
        let mut child = fixture.zygote.spawn(request).await.expect("spawned");
        let seen = Arc::new(AtomicU64::new(0));
        let sum = Arc::clone(&seen);
        let mut most = 0;
        let mut copy = pump(child.take_stdout_fd().expect("a pipe"), child.tree(), move |bytes| {
            most = most.max(resident());
            assert!(most < before + (16 << 20), "{most} bytes resident, {before} before");
            sum.fetch_add(bytes.len() as u64, Ordering::Relaxed);
            Ok(())
        })
        .expect("a pump");
        assert_eq!(in_time(child.wait()).await, ExitStatus::Code(0));
        let end = in_time(copy.finished()).await;
        assert!(end.error.is_none(), "{:?}", end.error);
        assert_eq!((end.bytes, seen.load(Ordering::Relaxed)), (200_000_000, 200_000_000));
        assert!(start.elapsed().as_secs() < 10, "{:?}", start.elapsed());
    });
}

/// Runs a script with both streams in one pipe and returns what came.
async fn both(fixture: &Fixture, script: &str) -> Vec<u8> {
    let (mut request, _) = fixture.shell(script);
    let (reader, stdout, stderr) = output_pipe().expect("a pipe");
    (request.stdout, request.stderr) = (StdioSpec::Fd(stdout), StdioSpec::Fd(stderr));
    let child = fixture.zygote.spawn(request).await.expect("spawned");
    let kept = Arc::new(Mutex::new(Vec::new()));
    let into = Arc::clone(&kept);
    let mut copy = pump(reader, child.tree(), move |bytes| {
        into.lock().expect("not poisoned").extend_from_slice(bytes);
        Ok(())
    })
    .expect("a pump");
    let end = in_time(copy.finished()).await;
    let bytes = std::mem::take(&mut *kept.lock().expect("not poisoned"));
    assert_eq!(end.bytes, bytes.len() as u64);
    bytes
}

fn f38_exact(fixture: &Fixture) {
    let all: Vec<u8> = (0..=255).collect::<Vec<u8>>().repeat(4_000);
    let file = fixture.folder.path().join("bytes");
    std::fs::write(&file, &all).expect("written");
    let got = runtime().block_on(both(fixture, &format!("exec cat {}", file.display())));
    assert!(got == all, "{} bytes of {}", got.len(), all.len());
}

fn one_pipe(fixture: &Fixture) {
    let script = "n=0; while [ $n -lt 500 ]; do echo out $n; echo err $n >&2; n=$((n + 1)); done";
    let got = runtime().block_on(both(fixture, script));
    let expect: String = (0..500).flat_map(|n| [format!("out {n}\n"), format!("err {n}\n")]).collect();
    assert_eq!(String::from_utf8_lossy(&got), expect);
}

fn failing_sink(fixture: &Fixture) {
    runtime().block_on(async {
        let (mut request, _) = fixture.shell("head -c 5000000 /dev/zero && exit 6");
        request.stdout = StdioSpec::Pipe;
        let mut child = fixture.zygote.spawn(request).await.expect("spawned");
        let full = |_: &[u8]| Err(io::ErrorKind::StorageFull.into());
        let mut copy = pump(child.take_stdout_fd().expect("a pipe"), child.tree(), full).expect("a pump");
        assert_eq!(in_time(child.wait()).await, ExitStatus::Code(6));
        let end = in_time(copy.finished()).await;
        assert_eq!(end.bytes, 5_000_000);
        assert_eq!(end.error.map(|error| error.kind()), Some(io::ErrorKind::StorageFull));
    });
}

/// The writing end stays open here, as it does with a process outside the tree.
fn stranger(fixture: &Fixture) {
    runtime().block_on(async {
        let (mut request, _) = fixture.shell("head -c 60000 /dev/zero");
        let (reader, stdout, held) = output_pipe().expect("a pipe");
        request.stdout = StdioSpec::Fd(stdout);
        let child = fixture.zygote.spawn(request).await.expect("spawned");
        let mut copy = pump(reader, child.tree(), |_| Ok(())).expect("a pump");
        let end = in_time(copy.finished()).await;
        assert_eq!(end.bytes, 60_000, "and nothing that was in the pipe is lost");
        drop(held);
    });
}

fn silent(fixture: &Fixture) {
    runtime().block_on(async {
        let (mut request, _) = fixture.shell("exit 2");
        request.stderr = StdioSpec::Pipe;
        let mut child = fixture.zygote.spawn(request).await.expect("spawned");
        let mut copy = pump(child.take_stderr_fd().expect("a pipe"), child.tree(), |_| Ok(())).expect("a pump");
        assert_eq!(in_time(copy.finished()).await.bytes, 0);
        assert_eq!(in_time(child.tree().ended()).await, TreeEnd::Gone);
    });
}
