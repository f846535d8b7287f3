//! Debian's packages that tests need, where they may be installed.

use crate::run;
use anyhow::{Result, bail};
use std::process::{Command, Stdio};

/// Installs packages, if this is Debian and the person is root.
pub fn install(packages: &[&str]) -> Result<()> {
    let is_root = run::output(Command::new("id").arg("-u")).is_ok_and(|id| id.trim() == "0");
    if !is_root || !starts("apt-get") {
        bail!("{} can be installed only by root, with apt-get", packages.join(" and "));
    }
    println!("Installing Debian's {} for the tests", packages.join(" and "));
    let apt =
        |words: &[&str]| run::output(Command::new("apt-get").args(words).env("DEBIAN_FRONTEND", "noninteractive"));
    apt(&["-qq", "update"])?;
    apt(&[&["-qq", "-y", "--no-install-recommends", "install"], packages].concat()).map(drop)
}

/// The programs that tests start, each of the Debian package of its name.
const PROGRAMS: [&str; 2] = ["docker-registry", "faketime"];

/// Brings the programs that tests start here. What cannot be brought fails its tests, which say so.
pub fn programs() {
    for program in PROGRAMS.iter().filter(|program| !starts(program)) {
        if let Err(error) = install(&[program]) {
            println!("Tests that start {program} will fail: {error:#}");
        }
    }
    // It knows no `--version`.
    if Command::new("ip").arg("-V").stdout(Stdio::null()).status().is_err()
        && let Err(error) = install(&["iproute2"])
    {
        println!("Tests that start ip will fail: {error:#}");
    }
}

/// Whether a program is in the PATH and tells its version.
pub fn starts(program: &str) -> bool {
    let mut command = Command::new(program);
    command.arg("--version").stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    command.status().is_ok_and(|status| status.success())
}
