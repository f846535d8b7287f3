use crate::{
    agents, authoring, deny, desktop, documentation, guests, packages, repository::Repository, run, setup, skill,
};
use anyhow::Result;

/// Brings here and builds whatever the tests need, then runs them all; `args` go to `cargo test`.
pub fn test(repository: &Repository, args: &[String]) -> Result<()> {
    let missing = prepare(repository)?;
    // One profile for the tests, the demo and the bench: wasmtime is compiled once.
    let mut cargo = run::cargo(&repository.root);
    cargo.args(["test", "--release", "--workspace"]).args(args).env("HOB_TEST_GUESTS", repository.test_guests());
    run::run(&mut cargo)?;
    if !missing.is_empty() {
        println!("Not tested, because it cannot be installed here (why stands above): {}", missing.join(", "));
    }
    if !args.is_empty() {
        return Ok(());
    }
    // The guests' own logic, compiled for this machine.
    for folder in ["plugins", "plugins/examples/lint"] {
        let mut cargo = run::cargo(&repository.path(folder));
        cargo.arg("test").arg("--target-dir").arg(repository.target.join("guests/native"));
        run::run(&mut cargo)?;
    }
    println!("All tests passed");
    Ok(())
}

/// Brings here and builds whatever the tests need; what could not be had.
pub fn prepare(repository: &Repository) -> Result<Vec<String>> {
    let toolchain = setup::toolchain()?;
    guests::build_all(repository, &toolchain)?;
    let mut missing = agents::install(repository)?;
    missing.extend(authoring::install(repository)?);
    desktop::install();
    documentation::make(repository)?;
    packages::programs();
    deny::install(repository)?;
    missing.extend(skill::check(repository)?);
    Ok(missing)
}
