//! A compiler for the components made of Debian's packages, without root and without a change to
//! the system: the packages are unpacked into a folder of ours and what they lack is built there.

mod apt;
mod layout;
mod release;
mod sources;
mod standard_library;

use anyhow::{Context as _, Result, bail};
use apt::Apt;
use hob_guest_toolchain::{Toolchain, folder_name, host_triple};
use release::Recipe;
use std::{
    fs,
    path::{Path, PathBuf},
    process,
    time::Instant,
};

/// Makes a toolchain below `folder`; whoever calls this holds the lock of that folder.
pub fn make(folder: &Path) -> Result<Toolchain> {
    let start = Instant::now();
    let system = fs::read_to_string("/etc/os-release").context("read /etc/os-release to see whether this is Debian")?;
    let recipe = Recipe::for_system(&system)?;
    println!(
        "Making a compiler for the components from the packages of Debian {} (once on this machine)",
        recipe.codename
    );

    remove_left_overs(folder)?;
    let building = Building::new(folder)?;
    let apt = Apt::new(&building.0.join("apt"), &recipe)?;
    println!("  reading the lists of packages");
    apt.update()?;
    let version = apt.version_of(recipe.compiler)?;
    let names = recipe.packages(&apt)?;

    let prefix = building.0.join("prefix");
    apt.unpack(&names, &prefix)?;
    let made = building.0.join("toolchain").join(folder_name(&version));
    let host = host_triple()?;
    layout::lay_out(&prefix, &made, &host)?;
    if recipe.ready_made {
        println!("  the standard library comes ready-made");
        layout::take_standard_library(&prefix, &made)?;
    } else {
        println!("  compiling the standard library of Rust {version} (about a minute)");
        standard_library::build(&building.0.join("std"), &prefix, &made)?;
    }
    layout::check(&made, &host, &building.0)?;

    let place = folder.join(folder_name(&version));
    if place.exists() {
        // One that is not whole: its linker was rustup's, and went with that toolchain.
        fs::remove_dir_all(&place).with_context(|| format!("remove {}", place.display()))?;
    }
    fs::rename(&made, &place).with_context(|| format!("move the toolchain to {}", place.display()))?;
    let Some(toolchain) = Toolchain::in_folder(&place, &host) else {
        bail!("the toolchain in {} is not whole", place.display());
    };
    println!("  done in {} s: {}", start.elapsed().as_secs(), place.display());
    Ok(toolchain)
}

const BUILDING: &str = ".building-";

/// A folder that is gone when this is.
struct Building(PathBuf);

impl Building {
    fn new(folder: &Path) -> Result<Self> {
        let path = folder.join(format!("{BUILDING}{}", process::id()));
        fs::create_dir_all(&path).with_context(|| format!("make {}", path.display()))?;
        Ok(Self(path))
    }
}

impl Drop for Building {
    fn drop(&mut self) {
        // What stays behind is removed by the next set-up.
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// What a set-up left that was killed; nobody else builds here, by the lock.
fn remove_left_overs(folder: &Path) -> Result<()> {
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        if entry.file_name().to_string_lossy().starts_with(BUILDING) {
            fs::remove_dir_all(entry.path()).with_context(|| format!("remove {}", entry.path().display()))?;
        }
    }
    Ok(())
}
