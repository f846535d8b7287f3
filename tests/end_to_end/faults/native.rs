//! Cases 32 to 42: native programs, whoever ends and whatever they do.

mod bounds;
mod crowd;
mod family;
mod starts;

use crate::sandbox::Sandbox;
use std::{fs, path::Path};

/// Processes whose working folder is this one.
fn within(folder: &Path) -> Vec<i32> {
    let all = fs::read_dir("/proc").expect("the table of processes").flatten();
    let pids = all.filter_map(|entry| entry.file_name().to_str()?.parse().ok());
    pids.filter(|pid| fs::read_link(format!("/proc/{pid}/cwd")).is_ok_and(|cwd| cwd == folder)).collect()
}

/// What tasks of this sandbox started and where they put it: they begin with [`ENTER`].
fn trees(sandbox: &Sandbox) -> Vec<i32> {
    within(&sandbox.work().join("trees"))
}

/// Goes to where [`trees`] looks.
const ENTER: &str = "mkdir -p trees; cd trees || exit 9; ";

/// A field of /proc/PID/stat after the name, the state first.
fn stat(pid: i32, field: usize) -> Option<String> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    stat.rsplit(')').next()?.split_ascii_whitespace().nth(field).map(str::to_owned)
}

/// Processes with this parent.
fn children(parent: i32) -> Vec<i32> {
    let all = fs::read_dir("/proc").expect("the table of processes").flatten();
    let pids = all.filter_map(|entry| entry.file_name().to_str()?.parse().ok());
    pids.filter(|pid| stat(*pid, 1) == Some(parent.to_string())).collect()
}

/// A line of /proc/PID/status, in kB.
fn kilobytes(pid: i32, name: &str) -> u64 {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).expect("it lives");
    let line = status.lines().find_map(|line| line.strip_prefix(name)).expect("a line");
    line.trim_matches(|c: char| !c.is_ascii_digit()).parse().expect("a number")
}
