use anyhow::{Context as _, Result, ensure};
use std::{
    env,
    path::{Path, PathBuf},
};

/// The repository and cargo's target folder.
pub struct Repository {
    pub root: PathBuf,
    pub target: PathBuf,
}

impl Repository {
    /// The repository that this program was built from.
    pub fn find() -> Result<Self> {
        let manifest = env::var_os("CARGO_MANIFEST_DIR").map(PathBuf::from);
        let xtask = manifest.unwrap_or_else(|| PathBuf::from(env!("CARGO_MANIFEST_DIR")));
        let root = xtask.parent().map(Path::to_owned).unwrap_or_default();
        ensure!(root.join("wit").is_dir(), "find hob's sources: start this as `cargo xtask` inside the repository");
        let program = env::current_exe().context("find this program's own file")?;
        Ok(Self { target: hob_guest_toolchain::target_dir(&program), root })
    }

    /// A file or folder of the repository.
    pub fn path(&self, relative: &str) -> PathBuf {
        self.root.join(relative)
    }

    /// The built `hob`.
    pub fn hob(&self) -> PathBuf {
        self.target.join("release").join(format!("hob{}", env::consts::EXE_SUFFIX))
    }

    /// The components that the end-to-end tests use.
    pub fn test_guests(&self) -> PathBuf {
        self.target.join("test-guests")
    }
}
