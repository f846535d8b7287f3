use super::apt::Apt;
use anyhow::{Context as _, Result, bail};

/// What is taken from where, on one release of Debian.
#[derive(Debug, PartialEq, Eq)]
pub struct Recipe {
    pub codename: String,
    /// Suites of the main archive.
    pub suites: Vec<String>,
    /// The suite of the security archive.
    pub security: Option<String>,
    /// The package of the compiler; its version names the toolchain.
    pub compiler: &'static str,
    /// Packages from which the names of others follow.
    roots: &'static [&'static str],
    /// Those among them that the release has only in too old a form.
    from_backports: &'static [&'static str],
    /// Whether the standard library for the target is among the packages.
    pub ready_made: bool,
}

impl Recipe {
    /// Reads `/etc/os-release`.
    pub fn for_system(os_release: &str) -> Result<Self> {
        let value = |name: &str| {
            let line = os_release.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix('='));
            line.map(|value| value.trim_matches('"').to_owned())
        };
        if value("ID").as_deref() != Some("debian") {
            bail!("this is {}, not Debian", value("PRETTY_NAME").unwrap_or_else(|| "an unknown system".to_owned()));
        }
        let codename = value("VERSION_CODENAME").context("find VERSION_CODENAME in /etc/os-release")?;
        // Testing and unstable have no number.
        let number = value("VERSION_ID").and_then(|version| version.parse::<u32>().ok()).unwrap_or(u32::MAX);
        match number {
            0..12 => bail!("Debian {number} is too old: its packages know no {}", hob_guest_toolchain::TARGET),
            // The compiler that builds the browsers, with its sources; its C library is too old and
            // comes from the backports.
            12 => Ok(Self {
                suites: vec![codename.clone(), format!("{codename}-backports")],
                security: Some(format!("{codename}-security")),
                codename,
                compiler: "rustc-web",
                roots: &["rustc-web", "rust-web-src", "libstd-rust-web-dev", "wasi-libc"],
                from_backports: &["wasi-libc"],
                ready_made: false,
            }),
            _ => Ok(Self {
                suites: vec![codename.clone()],
                security: None,
                codename,
                compiler: "rustc",
                roots: &["rustc", "libstd-rust-dev", "libstd-rust-dev-wasm32", "wasi-libc"],
                from_backports: &[],
                ready_made: true,
            }),
        }
    }

    /// The packages to unpack, as apt wants them named: those named above, the libraries of the
    /// compiler itself, and theirs where the system lacks them.
    pub fn packages(&self, apt: &Apt) -> Result<Vec<String>> {
        let mut names: Vec<String> = self.roots.iter().map(|&name| name.to_owned()).collect();
        let mut next = 0;
        while let Some(name) = names.get(next).cloned() {
            next += 1;
            for needed in apt.depends(&name)? {
                if is_library_of_the_compiler(&needed) && !names.contains(&needed) && !Apt::is_installed(&needed) {
                    names.push(needed);
                }
            }
        }
        Ok(names.into_iter().map(|name| self.with_suite(name)).collect())
    }

    fn with_suite(&self, name: String) -> String {
        if self.from_backports.contains(&name.as_str()) { format!("{name}/{}-backports", self.codename) } else { name }
    }
}

/// Shared libraries; what compiles C or is the system's base is the system's own business.
fn is_library_of_the_compiler(name: &str) -> bool {
    name.starts_with("lib") && !matches!(name, "libc6" | "libgcc-s1" | "libstdc++6") && !name.starts_with("libc6-dev")
}

#[cfg(test)]
mod tests {
    use super::*;

    const BOOKWORM: &str =
        "PRETTY_NAME=\"Debian GNU/Linux 12 (bookworm)\"\nVERSION_ID=\"12\"\nVERSION_CODENAME=bookworm\nID=debian\n";

    #[test]
    fn bookworm_builds_its_own_standard_library() {
        let recipe = Recipe::for_system(BOOKWORM).expect("a recipe");
        assert!(!recipe.ready_made);
        assert_eq!(recipe.security.as_deref(), Some("bookworm-security"));
        assert_eq!(recipe.suites, ["bookworm", "bookworm-backports"]);
        assert_eq!(recipe.with_suite("wasi-libc".to_owned()), "wasi-libc/bookworm-backports");
        assert_eq!(recipe.with_suite("rustc-web".to_owned()), "rustc-web");
    }

    #[test]
    fn later_releases_have_it_ready_made() {
        let trixie = BOOKWORM.replace("12", "13").replace("bookworm", "trixie");
        let recipe = Recipe::for_system(&trixie).expect("a recipe");
        assert!(recipe.ready_made);
        let testing = "ID=debian\nVERSION_CODENAME=forky\n";
        assert!(Recipe::for_system(testing).expect("a recipe").ready_made);
    }

    #[test]
    fn other_systems_are_named() {
        let old = BOOKWORM.replace("12", "11");
        assert!(Recipe::for_system(&old).expect_err("too old").to_string().contains("Debian 11"));
        let other = "ID=fedora\nPRETTY_NAME=\"Fedora Linux 44\"\n";
        assert_eq!(
            Recipe::for_system(other).expect_err("not Debian").to_string(),
            "this is Fedora Linux 44, not Debian"
        );
    }

    #[test]
    fn libraries() {
        for name in ["libllvm22", "libstd-rust-web-1.96", "libz3-4"] {
            assert!(is_library_of_the_compiler(name), "{name}");
        }
        for name in ["gcc", "binutils", "libc6", "libc6-dev", "libgcc-s1"] {
            assert!(!is_library_of_the_compiler(name), "{name}");
        }
    }
}
