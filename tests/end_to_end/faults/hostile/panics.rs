//! A panic within a capability (58): the task has failed, and the daemon goes on.

use crate::{
    denials::executor,
    sandbox::{Sandbox, eventually},
};
use serde_json::json;
use std::{
    fs,
    process::{Child, Stdio},
};

/// Ends the tracer, which lets go of what it traced.
struct Tracer(Child);

impl Drop for Tracer {
    fn drop(&mut self) {
        crate::sandbox::kill(i32::try_from(self.0.id()).expect("a pid"), nix::sys::signal::Signal::SIGINT);
        let _ = self.0.wait();
    }
}

#[test]
fn f58_a_capability_that_panics_fails_its_task_and_nothing_else() {
    let grant = "[executors.walks.grant]\ndirs = [{ host = \"{cwd}\", guest = \"/p\" }]\n";
    let toml = executor("walks", "files_walk", grant) + &executor("noop", "noop", "");
    let sandbox = Sandbox::with_config(&toml);
    sandbox.file("inside.txt", "inside");
    let params = json!({ "root": "/p", "globs": ["*.txt"] }).to_string();
    sandbox.ok(["dispatch", "noop", "--wait"]);
    sandbox.ok(["executors", "walks"]);
    let daemon = sandbox.daemon_pid();
    // The operating system gives the daemon no more threads: what works beside the guest's own thread cannot start,
    // and the library that starts it panics.
    let mut strace = sandbox.command("strace");
    strace.args([
        "-f",
        "-e",
        "trace=clone3,clone",
        "-e",
        "inject=clone3,clone:error=EAGAIN",
        "-p",
        &daemon.to_string(),
    ]);
    strace.arg("-o").arg(sandbox.home().join("trace")).stderr(Stdio::null());
    let tracer = Tracer(strace.spawn().expect("strace, which `cargo xtask test` brings"));
    let status = format!("/proc/{daemon}/status");
    eventually("the daemon is traced", || {
        let line = format!("TracerPid:\t{}", tracer.0.id());
        fs::read_to_string(&status).expect("it lives").contains(&line)
    });
    sandbox.run(["dispatch", "walks", "--id", "panics", "--params", &params, "--wait"]);
    drop(tracer);
    let failure = &sandbox.show("panics")["failure"];
    assert_eq!(failure["kind"], "internal", "{failure}");
    let message = failure["message"].as_str().expect("a message");
    assert!(message.contains("hob failed while it served walks: ") && message.contains("thread"), "{message}");
    // The same task again, in the same daemon.
    sandbox.ok(["dispatch", "walks", "--params", &params, "--wait"]);
    assert_eq!(sandbox.daemon_pid(), daemon);
}
