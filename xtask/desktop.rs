//! The D-Bus session and the notification service that the tests of notifications are held to.

use crate::{packages, run};
use std::process::Command;

/// Debian's own Python: the package is made for it, whichever comes first in the PATH.
const PYTHON: &str = "/usr/bin/python3";

/// Installs what is missing. What cannot be had is said here, and again by the tests, which fail without it.
pub fn install() {
    // Other systems have their own desktops, which these tests cannot look into.
    if !cfg!(target_os = "linux") {
        return;
    }
    let mocks = run::output(Command::new(PYTHON).args(["-c", "import dbusmock"])).is_ok();
    let needed = [("dbus", packages::starts("dbus-run-session")), ("python3-dbusmock", mocks)];
    let missing: Vec<_> = needed.into_iter().filter(|(_, is_there)| !is_there).map(|(package, _)| package).collect();
    if missing.is_empty() {
        return;
    }
    if let Err(error) = packages::install(&missing) {
        println!("The tests of notifications will fail: {error:#}");
        println!("What they need: apt-get install -y --no-install-recommends dbus python3-dbusmock");
    }
}
