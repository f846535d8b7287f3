use crate::{repository::Repository, run, setup};
use anyhow::{Context as _, Result};
use serde_json::Value;
use std::{
    ffi::OsStr,
    fs,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

/// The built `hob` with a home folder of its own; its daemon ends with this.
pub struct Hob {
    program: PathBuf,
    home: PathBuf,
}

impl Hob {
    /// Builds `hob`, and gives it the empty folder `home` with a configuration.
    pub fn build(repository: &Repository, home: &Path, configuration: &str) -> Result<Self> {
        setup::toolchain()?;
        run::run(run::cargo(&repository.root).args(["build", "--release", "--package", "hob"]))?;
        let hob = Self { program: repository.hob(), home: home.to_owned() };
        if home.exists() {
            // A daemon that an earlier run left, should it have been killed.
            let _ = run::output(hob.command().args(["daemon", "stop"]));
            fs::remove_dir_all(home).with_context(|| format!("empty {}", home.display()))?;
        }
        fs::create_dir_all(home).with_context(|| format!("make {}", home.display()))?;
        fs::write(home.join("hob.toml"), configuration)?;
        Ok(hob)
    }

    /// A call of `hob`, with nothing on its standard input.
    pub fn command(&self) -> Command {
        let mut command = Command::new(&self.program);
        command.env("HOB_HOME", &self.home).stdin(Stdio::null());
        for name in ["HOB_CACHE_DIR", "HOB_SESSION"] {
            command.env_remove(name);
        }
        command
    }

    /// Runs `hob` and gives what it printed.
    pub fn output<S: AsRef<OsStr>>(&self, args: impl IntoIterator<Item = S>) -> Result<String> {
        run::output(self.command().args(args))
    }

    /// Runs `hob` and reads the JSON that it printed.
    pub fn json<S: AsRef<OsStr>>(&self, args: impl IntoIterator<Item = S>) -> Result<Value> {
        let text = self.output(args)?;
        serde_json::from_str(&text).with_context(|| format!("read the JSON that hob printed:\n{text}"))
    }

    /// Where its configuration and everything else is.
    pub fn home(&self) -> &Path {
        &self.home
    }

    /// The program.
    pub fn program(&self) -> &Path {
        &self.program
    }
}

impl Drop for Hob {
    fn drop(&mut self) {
        // If none runs, there is nothing to stop.
        let _ = self.output(["daemon", "stop"]);
    }
}
