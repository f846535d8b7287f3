//! The documentation sites that the tests of the librarian read, made by the programs that people make theirs with:
//! rustdoc, mdBook, Sphinx and `MkDocs`. Each is made anew only when what it is made of has changed.

use crate::{packages, repository::Repository, run};
use anyhow::{Context as _, Result};
use std::{
    env, fs,
    hash::{DefaultHasher, Hash as _, Hasher as _},
    path::{Path, PathBuf},
    process::Command,
};

/// Of the versions whose pages were tried; a later one may change what its pages look like.
const MDBOOK: &str = "0.5.4";
const PYTHON: [&str; 2] = ["sphinx>=8,<10", "mkdocs>=1.6,<2"];

/// The pages that the tests ask about. A list, so that a page which is new changes nothing of what they measure.
const BOOK: [&str; 6] = [
    "ARCHITECTURE.md",
    "docs/commands.md",
    "docs/configuration.md",
    "docs/executors.md",
    "docs/json.md",
    "docs/presets.md",
];

/// As [`make`], alone.
pub fn documentation(repository: &Repository, _args: &[String]) -> Result<()> {
    make(repository)?;
    println!("Documentation for the tests: {}", folder(repository).display());
    Ok(())
}

/// Makes what is missing. What cannot be made leaves a file with the reason beside its place, which the tests say.
pub fn make(repository: &Repository) -> Result<()> {
    type Make = fn(&Repository, &Path) -> Result<()>;
    let sites: [(&str, Make, &str); 4] = [
        ("rustdoc", rustdoc, "it comes with Rust"),
        ("mdbook", mdbook, "`cargo install mdbook`, or let cargo reach its registry"),
        ("sphinx", sphinx, "install python3 with venv, and let pip reach its registry"),
        ("mkdocs", mkdocs, "install python3 with venv, and let pip reach its registry"),
    ];
    let to = folder(repository);
    fs::create_dir_all(&to).with_context(|| format!("make {}", to.display()))?;
    for (name, make, how) in sites {
        let reason = to.join(name).with_extension("missing");
        if let Err(error) = make(repository, &to) {
            let line = format!("{error:#} ({how})").replace('\n', " ");
            println!("The tests do without documentation by {name}: {line}");
            fs::write(&reason, line)?;
        } else if reason.exists() {
            fs::remove_file(&reason)?;
        }
    }
    Ok(())
}

fn folder(repository: &Repository) -> PathBuf {
    repository.target.join("documentation")
}

/// Makes the documentation of hob's own crates; the folder that a server has to serve.
pub fn own(repository: &Repository) -> Result<PathBuf> {
    let folder = folder(repository);
    rustdoc(repository, &folder)?;
    Ok(folder.join("rustdoc").join("doc"))
}

/// Cargo knows by itself what has changed.
fn rustdoc(repository: &Repository, to: &Path) -> Result<()> {
    let mut cargo = run::cargo(&repository.root);
    cargo.args(["doc", "--quiet", "--release", "--no-deps", "--package", "hob-core", "--package", "hob-settings"]);
    cargo.arg("--target-dir").arg(to.join("rustdoc"));
    run::run(&mut cargo)
}

/// hob's own documents as a book.
fn mdbook(repository: &Repository, to: &Path) -> Result<()> {
    let chapters: Vec<PathBuf> = BOOK.map(|page| repository.path(page)).into();
    unless_made(&to.join("mdbook"), &chapters, MDBOOK, |site| {
        let program = mdbook_program(repository, to)?;
        let book = to.join("mdbook.sources");
        let sources = book.join("src");
        fs::create_dir_all(&sources)?;
        let mut summary = String::from("# Summary\n\n");
        for chapter in &chapters {
            let name = chapter.file_name().unwrap_or_default();
            fs::copy(chapter, sources.join(name))?;
            let name = name.to_string_lossy();
            summary.extend(["- [", name.trim_end_matches(".md"), "](", &name, ")\n"]);
        }
        fs::write(sources.join("SUMMARY.md"), summary)?;
        fs::write(book.join("book.toml"), "[book]\ntitle = \"hob\"\n")?;
        run::output(Command::new(program).arg("build").arg(&book).arg("--dest-dir").arg(site)).map(drop)
    })
}

/// The program in the path, else one that is compiled once.
fn mdbook_program(repository: &Repository, to: &Path) -> Result<PathBuf> {
    if let Ok(version) = run::output(Command::new("mdbook").arg("--version"))
        && version.contains(" v0.5.")
    {
        return Ok("mdbook".into());
    }
    let root = to.join("tools");
    let program = root.join("bin").join(format!("mdbook{}", env::consts::EXE_SUFFIX));
    if !program.is_file() {
        println!("Compiling mdbook {MDBOOK} for the tests (about a minute, once)");
        let build = to.join("mdbook.build");
        let mut cargo = run::cargo(&repository.root);
        // For six chapters it need not be fast, and compiles in half the time.
        cargo.args(["install", "--quiet", "--locked", "--debug", "mdbook", "--version", MDBOOK]);
        cargo.env("CARGO_PROFILE_DEV_DEBUG", "0");
        cargo
            .args(["--no-default-features", "--features", "search", "--root"])
            .arg(&root)
            .arg("--target-dir")
            .arg(&build);
        run::output(&mut cargo)?;
        // Half a gigabyte that nobody needs again.
        fs::remove_dir_all(&build).with_context(|| format!("remove {}", build.display()))?;
    }
    Ok(program)
}

fn sphinx(repository: &Repository, to: &Path) -> Result<()> {
    let sources = repository.path("tests/documentation/sphinx");
    unless_made(&to.join("sphinx"), &files(&sources)?, PYTHON[0], |site| {
        let program = python_program(&to.join("python"), &PYTHON, "sphinx-build")?;
        run::output(Command::new(program).args(["-q", "-b", "html"]).arg(&sources).arg(site)).map(drop)
    })
}

fn mkdocs(repository: &Repository, to: &Path) -> Result<()> {
    let sources = repository.path("tests/documentation/mkdocs");
    unless_made(&to.join("mkdocs"), &files(&sources)?, PYTHON[1], |site| {
        let program = python_program(&to.join("python"), &PYTHON, "mkdocs")?;
        let mut mkdocs = Command::new(program);
        mkdocs.args(["build", "--quiet", "--config-file"]).arg(sources.join("mkdocs.yml")).arg("--site-dir").arg(site);
        run::output(&mut mkdocs).map(drop)
    })
}

/// A program of Python packages, which are installed once, into the folder `python`.
pub fn python_program(python: &Path, of: &[&str], name: &str) -> Result<PathBuf> {
    let program = python.join("bin").join(name);
    if !program.is_file() {
        println!("Installing {} for the tests (once)", of.join(" and "));
        let venv = || run::output(Command::new("python3").args(["-m", "venv", "--clear"]).arg(python));
        // Debian's python3 comes without what this needs.
        if venv().is_err() {
            packages::install(&["python3", "python3-venv"])?;
            venv()?;
        }
        let mut pip = Command::new(python.join("bin/pip"));
        run::output(pip.args(["install", "--quiet", "--disable-pip-version-check"]).args(of))?;
    }
    Ok(program)
}

/// Makes a site beside its place and moves it there, unless one of the same sources is there.
fn unless_made(site: &Path, sources: &[PathBuf], version: &str, make: impl FnOnce(&Path) -> Result<()>) -> Result<()> {
    let mut hasher = DefaultHasher::new();
    version.hash(&mut hasher);
    for source in sources {
        source.file_name().hash(&mut hasher);
        fs::read(source).with_context(|| format!("read {}", source.display()))?.hash(&mut hasher);
    }
    let stamp = format!("{:016x}", hasher.finish());
    let beside = |ending: &str| site.with_extension(ending);
    if site.is_dir() && fs::read_to_string(beside("stamp")).is_ok_and(|there| there == stamp) {
        return Ok(());
    }
    for old in [site.to_owned(), beside("new")] {
        if old.exists() {
            fs::remove_dir_all(&old).with_context(|| format!("remove {}", old.display()))?;
        }
    }
    make(&beside("new"))?;
    fs::rename(beside("new"), site).with_context(|| format!("make {}", site.display()))?;
    fs::write(beside("stamp"), stamp)?;
    Ok(())
}

/// The files below a folder, ordered.
fn files(folder: &Path) -> Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).with_context(|| format!("read {}", folder.display()))? {
        let path = entry?.path();
        if path.is_dir() {
            found.extend(files(&path)?);
        } else {
            found.push(path);
        }
    }
    found.sort();
    Ok(found)
}
