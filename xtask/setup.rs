use crate::{debian, guests, repository::Repository, run};
use anyhow::{Context as _, Result, bail};
use hob_guest_toolchain::{TARGET, Toolchain, Way, find, toolchains, wanted_way};
use std::{
    fs::{self, File},
    process::{Command, Stdio},
    thread,
    time::{Duration, Instant},
};

/// The compiler for the components, then everything that is built with it.
pub fn setup(repository: &Repository, _args: &[String]) -> Result<()> {
    let toolchain = toolchain()?;
    println!("Components are built with {toolchain}");
    guests::build_all(repository, &toolchain)?;
    run::run(run::cargo(&repository.root).args(["build", "--release", "--workspace"]))?;
    println!("Ready: {}", repository.hob().display());
    Ok(())
}

/// The compiler for the components: one that is there, else one that is brought here now.
pub fn toolchain() -> Result<Toolchain> {
    if let Ok(toolchain) = find() {
        return Ok(toolchain);
    }
    let wanted = wanted_way();
    let mut reasons = Vec::new();
    if wanted != Some(Way::Debian) {
        match with_rustup() {
            Ok(toolchain) => return Ok(toolchain),
            Err(error) => reasons.push(format!("with rustup: {error:#}")),
        }
    }
    if wanted != Some(Way::Rustup) {
        match with_packages() {
            Ok(toolchain) => return Ok(toolchain),
            Err(error) => reasons.push(format!("with Debian's packages: {error:#}")),
        }
    }
    bail!(
        "there is no compiler for {TARGET}, which hob's components are built with, and none could be brought here:\n  \
         {}\nEither let rustup reach its server (`rustup target add {TARGET}`), or use Debian 12 or later, or let \
         `rustc` in the PATH be one that has the target; then run `cargo xtask setup` again",
        reasons.join("\n  ")
    )
}

/// Longer than 20 MB take on a slow line; a server that cannot be reached shall not hold up longer.
const RUSTUP_PATIENCE: Duration = Duration::from_mins(3);

fn with_rustup() -> Result<Toolchain> {
    println!("Adding {TARGET} with rustup");
    let mut rustup =
        Command::new("rustup").args(["target", "add", TARGET]).stdin(Stdio::null()).spawn().context("start rustup")?;
    let start = Instant::now();
    let status = loop {
        if let Some(status) = rustup.try_wait()? {
            break status;
        }
        if start.elapsed() > RUSTUP_PATIENCE {
            rustup.kill()?;
            rustup.wait()?;
            bail!("its server did not answer within {} s", RUSTUP_PATIENCE.as_secs());
        }
        thread::sleep(Duration::from_millis(50));
    };
    if !status.success() {
        bail!("`rustup target add {TARGET}` ended with {status}");
    }
    find().context("rustup added the target, but the compiler in the PATH does not have it")
}

fn with_packages() -> Result<Toolchain> {
    let folder = toolchains().context("neither HOB_TOOLCHAIN_DIR, XDG_CACHE_HOME nor HOME names a folder for it")?;
    fs::create_dir_all(&folder).with_context(|| format!("make {}", folder.display()))?;
    // Two set-ups at once share one download: the second waits here and then finds what the first made.
    let lock = folder.join("setup.lock");
    let lock = File::create(&lock).with_context(|| format!("open {}", lock.display()))?;
    if lock.try_lock().is_err() {
        println!("Waiting for another set-up on this machine");
        lock.lock().context("wait for another set-up")?;
    }
    match find() {
        Ok(toolchain) => Ok(toolchain),
        Err(_) => debian::make(&folder),
    }
}
