//! The D-Bus session and the notification service that the tests of notifications are held to.

use crate::{packages, run};
use std::process::Command;

/// Debian's own Python: the package is made for it, whichever comes first in the PATH.
const PYTHON: &str = "/usr/bin/python3";

/// Installs what is missing. What cannot be had is returned, and why was said.
pub fn install() -> Vec<&'static str> {
    let mocks = run::output(Command::new(PYTHON).args(["-c", "import dbusmock"])).is_ok();
    let needed = [("dbus", packages::starts("dbus-run-session")), ("python3-dbusmock", mocks)];
    let missing: Vec<_> = needed.into_iter().filter(|(_, is_there)| !is_there).map(|(package, _)| package).collect();
    if missing.is_empty() {
        return missing;
    }
    match packages::install(&missing) {
        Ok(()) => Vec::new(),
        Err(error) => {
            println!("The tests do without desktop notifications: {error:#}");
            vec!["desktop notifications"]
        }
    }
}
