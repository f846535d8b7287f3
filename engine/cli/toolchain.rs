//! How a project becomes a component: the language's own tool, and what to type where one is missing.

use crate::{
    error::{CommandError, CommandResult},
    exit::Exit,
    render::{DIM, styled},
};
use hob_core::{ExitStatus, sanitize};
use hob_plugins::{Language, Manifest};
use hob_process::{OwnProgram, Viewed, find_program, run_in_view, run_to_end};
use std::{
    env,
    ffi::{OsStr, OsString},
    fs,
    io::Write as _,
    os::unix::ffi::OsStrExt as _,
    path::{Path, PathBuf},
    time::Duration,
};

/// What Rust's components are built for.
const TARGET: &str = "wasm32-wasip2";
/// Time that a compiler may take to say where its libraries are. 1 min: rustup may have to unpack it first.
const ANSWER_WALL: Duration = Duration::from_mins(1);

/// Builds it, saying what is run; gives the component's size.
pub fn build(manifest: &Manifest) -> CommandResult<u64> {
    let component = manifest.component();
    let tools = Tools { folder: fs::canonicalize(&manifest.folder)?, manifest };
    // Tools do not make the folder in which they write.
    if let Some(folder) = component.parent() {
        fs::create_dir_all(folder).map_err(|error| cannot_write(folder, error))?;
    }
    match (&manifest.build, manifest.language) {
        (Some(command), _) => tools.own(command)?,
        (None, Language::Rust) => tools.rust()?,
        (None, Language::Js) => tools.js()?,
        (None, Language::Python) => tools.python()?,
    }
    match fs::metadata(&component) {
        Ok(data) if data.is_file() => Ok(data.len()),
        _ => Err(CommandError::new(Exit::TaskFailed, anyhow::anyhow!("the build made no {}", component.display()))
            .hint("`component` in hob-plugin.toml says where it should be")),
    }
}

/// A project, and its folder as an absolute path.
struct Tools<'a> {
    folder: PathBuf,
    manifest: &'a Manifest,
}

impl Tools<'_> {
    fn own(&self, command: &[String]) -> CommandResult<()> {
        let Some((program, args)) = command.split_first() else { return Ok(()) };
        let file = self.find(program, "[plugin.build] in hob-plugin.toml names it")?;
        self.run(&file, &args.iter().map(String::as_str).collect::<Vec<_>>(), &[])
    }

    fn rust(&self) -> CommandResult<()> {
        let hint = "Rust comes from https://rustup.rs";
        let cargo = self.find("cargo", hint)?;
        let rustc = env::var("RUSTC").unwrap_or_else(|_| "rustc".to_owned());
        let rustc = self.find(&rustc, hint)?;
        let args = ["--print", "target-libdir", "--target", TARGET].map(OsString::from);
        let vars: Vec<(OsString, OsString)> = env::vars_os().collect();
        let asked =
            OwnProgram { program: &rustc, args: &args, env: &vars, stdin: &[], wall: ANSWER_WALL, max_output: 4096 };
        let answer = run_to_end(&asked).map_err(CommandError::internal)?;
        let libraries = String::from_utf8_lossy(&answer.stdout).trim().to_owned();
        if !Path::new(&libraries).is_dir() {
            let error =
                anyhow::anyhow!("{} cannot build for {TARGET}: its standard library is not there", rustc.display());
            return Err(CommandError::new(Exit::TaskFailed, error).hint(format!("rustup target add {TARGET}")));
        }
        // A folder that the person has for all projects is not where the manifest looks.
        self.run(&cargo, &["build", "--release", "--target", TARGET, "--target-dir", "target"], &[])
    }

    fn js(&self) -> CommandResult<()> {
        let npm = self.find("npm", "Node.js 20 or later has npm: https://nodejs.org, or apt install nodejs npm")?;
        if !self.is_newer("node_modules/.package-lock.json", "package.json") {
            self.run(&npm, &["install", "--no-audit", "--no-fund"], &[])?;
        }
        self.run(&npm, &["run", "--silent", "build"], &[])
    }

    fn python(&self) -> CommandResult<()> {
        let python = self.folder.join(".venv/bin/python");
        if !python.exists() {
            let hint = "Python 3.11 or later has it: https://www.python.org, or apt install python3 python3-venv";
            let outside = self.find("python3", hint)?;
            let made = self.run(&outside, &["-m", "venv", ".venv"], &[]);
            // Half of one would be taken for one the next time.
            made.inspect_err(|_| drop(fs::remove_dir_all(self.folder.join(".venv"))))
                .map_err(|error| error.hint(hint))?;
        }
        // What was installed into it.
        let stamp = self.folder.join(".venv/hob-requirements.txt");
        let wanted = fs::read(self.folder.join("requirements.txt")).unwrap_or_default();
        if fs::read(&stamp).ok().as_ref() != Some(&wanted) {
            self.run(&python, &["-m", "pip", "install", "--quiet", "-r", "requirements.txt"], &[])?;
            fs::write(&stamp, &wanted).map_err(|error| cannot_write(&stamp, error))?;
        }
        let hint = "requirements.txt has to name componentize-py";
        let tool = self.find(".venv/bin/componentize-py", hint)?;
        let component = self.manifest.component.to_string_lossy();
        let contract = ["-d", "vendor/hob_plugin/wit", "-w", "plugin"];
        let sources = ["componentize", "-p", "src", "-p", "vendor", "component", "-o", &component];
        // So that what else is installed there goes into the component, and nothing of the machine's.
        let vars = [("VIRTUAL_ENV".into(), self.folder.join(".venv").into())];
        self.run(&tool, &[["--quiet"].as_slice(), &contract, &sources].concat(), &vars)
    }

    /// Whether `made` is there and not older than `source`.
    fn is_newer(&self, made: &str, source: &str) -> bool {
        let modified = |path: &str| fs::metadata(self.folder.join(path)).and_then(|data| data.modified()).ok();
        modified(made).is_some_and(|made| modified(source).is_some_and(|source| source <= made))
    }

    fn find(&self, name: &str, hint: &str) -> CommandResult<PathBuf> {
        let folders = env::var_os("PATH");
        find_program(name.as_ref(), folders.as_deref().map(OsStr::as_bytes), &self.folder)
            .map_err(|error| CommandError::new(Exit::TaskFailed, error).context("cannot build").hint(hint))
    }

    /// Runs a tool in the project's folder; all that it prints goes to stderr, behind a line that says what is run.
    fn run(&self, program: &Path, args: &[&str], vars: &[(OsString, OsString)]) -> CommandResult<()> {
        let shown = program.strip_prefix(&self.folder).unwrap_or_else(|_| {
            // One of the `PATH` needs no more than its name.
            program.file_name().map_or(program, Path::new)
        });
        let line = sanitize(&format!("{} {}", shown.display(), args.join(" "))).into_owned();
        writeln!(anstream::stderr().lock(), "{}", styled(DIM, format!("$ {line}")))?;
        let args: Vec<OsString> = args.iter().map(OsString::from).collect();
        let viewed = Viewed { program, args: &args, folder: &self.folder, env: vars, to_stderr: true };
        let how = match run_in_view(&viewed).map_err(CommandError::internal)? {
            ExitStatus::Code(0) => return Ok(()),
            ExitStatus::Code(code) => format!("exited with {code}"),
            ExitStatus::Signal(signal) => format!("was ended by signal {signal}"),
        };
        Err(CommandError::new(Exit::TaskFailed, anyhow::anyhow!("`{line}` {how}")))
    }
}

fn cannot_write(path: &Path, error: std::io::Error) -> CommandError {
    CommandError::internal(error).context(format!("write {}", path.display()))
}
