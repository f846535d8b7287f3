use crate::run;
use anyhow::{Context as _, Result, ensure};
use hob_guest_toolchain::{TARGET, Toolchain};
use std::{
    env, fs,
    path::{Path, PathBuf},
    process::Command,
};

/// Makes a toolchain folder of the compiler below `prefix`, all but its standard library for the
/// target.
pub fn lay_out(prefix: &Path, made: &Path, host: &str) -> Result<()> {
    let lib = made.join("lib");
    let for_host = lib.join("rustlib").join(host);
    fs::create_dir_all(made.join("bin"))?;
    fs::create_dir_all(&for_host)?;
    move_to(&prefix.join("usr/bin/rustc"), &made.join("bin/rustc"))?;
    for folder in library_folders(prefix)? {
        for entry in fs::read_dir(&folder)? {
            let path = entry?.path();
            let name = path.file_name().context("a file without a name")?;
            if name.to_string_lossy().contains(".so") {
                move_to(&path, &lib.join(name))?;
            }
        }
    }
    let from = prefix.join("usr/lib/rustlib").join(host).join("lib");
    move_to(&from, &for_host.join("lib"))?;
    link(&own_tools(host)?, &for_host.join("bin"))?;
    Ok(())
}

/// The folders of shared libraries: `usr/lib` and those of an architecture.
fn library_folders(prefix: &Path) -> Result<Vec<PathBuf>> {
    let mut folders = Vec::new();
    for base in ["usr/lib", "lib"] {
        let base = prefix.join(base);
        if !base.is_dir() {
            continue;
        }
        folders.push(base.clone());
        for entry in fs::read_dir(&base)? {
            let path = entry?.path();
            if path.is_dir() && path.to_string_lossy().contains("-linux-") {
                folders.push(path);
            }
        }
    }
    Ok(folders)
}

/// The linkers, `rust-lld` and `wasm-component-ld`, of the toolchain that builds hob. They are
/// linked, not copied, because they look for their own libraries beside them.
fn own_tools(host: &str) -> Result<PathBuf> {
    let sysroot = run::output(Command::new("rustc").args(["--print", "sysroot"]))?;
    let tools = Path::new(sysroot.trim()).join("lib/rustlib").join(host).join("bin");
    ensure!(
        tools.join("wasm-component-ld").is_file(),
        "find `wasm-component-ld` in {}: this way needs the toolchain of rustup",
        tools.display()
    );
    Ok(tools)
}

/// The start-up files and the C library, which the compiler looks for beside its standard library.
pub fn take_c_library(prefix: &Path, made: &Path) -> Result<()> {
    let to = standard_library(made).join("self-contained");
    fs::create_dir_all(&to)?;
    for name in ["crt1-command.o", "crt1-reactor.o", "libc.a"] {
        move_to(&prefix.join("usr/lib").join(TARGET).join(name), &to.join(name))?;
    }
    Ok(())
}

/// The standard library where it is among the packages.
pub fn take_standard_library(prefix: &Path, made: &Path) -> Result<()> {
    let from = prefix.join("usr/lib/rustlib").join(TARGET).join("lib");
    let to = standard_library(made);
    fs::create_dir_all(&to)?;
    for entry in fs::read_dir(&from).with_context(|| format!("read {}", from.display()))? {
        let path = entry?.path();
        if path.extension().is_some_and(|extension| extension == "rlib") {
            move_to(&path, &to.join(path.file_name().context("a file without a name")?))?;
        }
    }
    take_c_library(prefix, made)
}

/// Where a toolchain has its standard library for the target.
pub fn standard_library(made: &Path) -> PathBuf {
    made.join("lib/rustlib").join(TARGET).join("lib")
}

/// Compiles and links a small program, so that no toolchain is kept that does not work.
pub fn check(made: &Path, host: &str, folder: &Path) -> Result<()> {
    let toolchain = Toolchain::in_folder(made, host);
    let toolchain = toolchain.with_context(|| format!("{} is not whole", made.display()))?;
    let (source, program) = (folder.join("check.rs"), folder.join("check.wasm"));
    fs::write(&source, "fn main() { println!(\"{}\", std::env::args().count()); }\n")?;
    let mut rustc = Command::new(&toolchain.rustc);
    rustc.args(["--edition", "2024", "-O", "--target", TARGET]).arg(&source).arg("-o").arg(&program);
    run::output(with_libraries(&mut rustc, &made.join("lib")))
        .context("compile a small program with the new toolchain")?;
    let bytes = fs::read(&program)?;
    // The preamble of a component; a core module has 01 00 00 00 in its place.
    ensure!(bytes.starts_with(b"\0asm\x0d\x00\x01\x00"), "the new toolchain links no component");
    Ok(())
}

/// Lets a program find the shared libraries in a folder.
pub fn with_libraries<'a>(command: &'a mut Command, folder: &Path) -> &'a mut Command {
    let mut paths = vec![folder.to_owned()];
    paths.extend(env::var_os("LD_LIBRARY_PATH").iter().flat_map(env::split_paths));
    // A path with a colon in it cannot be said; then the system's own libraries have to do.
    match env::join_paths(paths) {
        Ok(joined) => command.env("LD_LIBRARY_PATH", joined),
        Err(_) => command,
    }
}

/// All of this happens in one folder, so that moving is renaming.
fn move_to(from: &Path, to: &Path) -> Result<()> {
    fs::rename(from, to).with_context(|| format!("move {} to {}", from.display(), to.display()))
}

#[cfg(unix)]
fn link(from: &Path, to: &Path) -> Result<()> {
    std::os::unix::fs::symlink(from, to).with_context(|| format!("link {} to {}", to.display(), from.display()))
}

#[cfg(not(unix))]
fn link(_: &Path, _: &Path) -> Result<()> {
    anyhow::bail!("Debian's packages are of no use on this system")
}
