//! The programs that this binary plays for the cases.

use hob_process::{SpawnError, SpawnRequest, TreeEnd, Zygote, limit_self};
use std::{
    ffi::OsString,
    io::{Read as _, Write as _},
    path::Path,
    process::ExitCode,
    time::Duration,
};

pub(crate) fn play(role: &str, args: &[OsString]) -> ExitCode {
    let mut out = std::io::stdout().lock();
    match role {
        // Its own arguments and variables, as the kernel has them.
        "show" => {
            for part in ["cmdline", "environ"] {
                out.write_all(&std::fs::read(format!("/proc/self/{part}")).expect("read")).expect("written");
                out.write_all(b"\n--\n").expect("written");
            }
        }
        // Whether it could get a terminal.
        "terminal" => {
            let mut byte = [0];
            let stdin = std::io::stdin().read(&mut byte);
            let terminal = std::fs::File::open("/dev/tty").map_err(|error| error.raw_os_error());
            write!(out, "{stdin:?} {terminal:?}").expect("written");
        }
        // A worker with children, for somebody to kill.
        "worker" => worker(args),
        // 1 GiB where half of it is allowed.
        "hungry" => {
            limit_self(Duration::from_mins(1), 512 << 20).expect("limited");
            let mut hoard: Vec<u8> = Vec::new();
            let got = hoard.try_reserve_exact(1 << 30).is_ok();
            return ExitCode::from(if got { 0 } else { 23 });
        }
        // Computes for ever where a second is allowed.
        "busy" => {
            limit_self(Duration::from_secs(1), 1 << 30).expect("limited");
            loop {
                std::hint::spin_loop();
            }
        }
        // A worker whose zygote is killed under it.
        "bereft" => bereft(args),
        "detached" => {
            hob_process::detach().expect("detached");
            let session = nix::unistd::getsid(None).expect("a session");
            let cwd = std::env::current_dir().expect("a folder");
            let leads = session == nix::unistd::getpid();
            writeln!(out, "{leads} {}", cwd.display()).expect("written");
            std::fs::write(&args[0], "").expect("written");
            let zygote = Zygote::start(Path::new(&args[1])).expect("a zygote");
            super::fixture::runtime().block_on(async {
                let mut request = SpawnRequest::new("/bin/sh", "/");
                request.args = vec!["-c".into(), "umask > \"$1\"".into(), "sh".into(), args[2].clone()];
                let child = zygote.spawn(request).await.expect("spawned");
                child.wait().await;
            });
        }
        role => panic!("no such role: {role}"),
    }
    ExitCode::SUCCESS
}

/// Arguments: the lock file, the mark, and a line of shell to run five times.
fn worker(args: &[OsString]) {
    let zygote = Zygote::start(Path::new(&args[0])).expect("a zygote");
    super::fixture::runtime().block_on(async {
        let mut children = Vec::new();
        for _ in 0..5 {
            let mut request = SpawnRequest::new("/bin/sh", "/");
            request.args = vec!["-c".into(), args[2].clone()];
            request.env = vec![
                ("PATH".into(), std::env::var_os("PATH").unwrap_or_default()),
                ("HOB_TEST_MARK".into(), args[1].clone()),
            ];
            children.push(zygote.spawn(request).await.expect("spawned"));
        }
        let mut out = std::io::stdout().lock();
        writeln!(out, "{}", zygote.pid()).expect("written");
        out.flush().expect("written");
        for child in &children {
            child.wait().await;
        }
    });
}

/// Arguments: the lock file and the mark. Panics where it is not told.
fn bereft(args: &[OsString]) {
    let zygote = Zygote::start(Path::new(&args[0])).expect("a zygote");
    super::fixture::runtime().block_on(async {
        let mut request = SpawnRequest::new("/bin/sleep", "/");
        request.args = vec!["600".into()];
        request.env = vec![("HOB_TEST_MARK".into(), args[1].clone())];
        let child = zygote.spawn(request).await.expect("spawned");
        super::fixture::kill(zygote.pid(), nix::sys::signal::Signal::SIGKILL);
        super::fixture::until("it is dead", || super::fixture::stat(zygote.pid(), 0).is_none_or(|state| state == "Z"));
        let error = zygote.spawn(SpawnRequest::new("/bin/true", "/")).await.expect_err("nobody forks");
        assert!(matches!(error, SpawnError::Lost { .. }), "{error}");
        // A guard does not need its zygote.
        assert_eq!(child.terminate(Duration::from_secs(5)).await, TreeEnd::Gone);
    });
}
