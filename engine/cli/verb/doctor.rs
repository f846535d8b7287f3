use crate::{
    agents::{self, Agent},
    context::Context,
    error::{CommandError, CommandResult},
    exit::Exit,
    prepare::Executors,
    render::{self, BOLD, DIM, PLAIN, of_state, styled},
    start::start_daemon,
    state_files,
};
use anstyle::Style;
use hob_core::{StateName, parse_duration, sanitize_line};
use hob_process::{OwnProgram, run_to_end};
use hob_runner::daemon::{Presence, presence};
use hob_settings::Settings;
use hob_store::Store;
use serde_json::{Value, json};
use std::{
    env, ffi::OsString, fs::Permissions, io::Write, os::unix::fs::PermissionsExt as _, path::Path, thread,
    time::Duration,
};

mod care;
mod damage;
mod family;
mod queue;

mod notifications;

/// Time that a program may take to say its version. 10 s: ten times what the slowest of them takes.
const VERSION_WALL: Duration = Duration::from_secs(10);

/// Look at everything that hob stands on: places, configuration, database, daemon, executors, agents,
/// notifications.
///
/// Nothing that it looks for is required: what merely is not there is no problem. Exits with 1 if there is a
/// problem, else with 0.
///
/// It changes nothing, unless --fix is given: then it mends what workers that died, and commands that were ended
/// half-way, have left behind. No result is ever removed, and no task that may still come to an end is ended.
#[derive(clap::Args)]
#[command(after_help = "Examples:
  hob doctor
  hob doctor --fix
  hob doctor --fix --hung-after 30m     ends tasks that have said nothing for so long
  hob doctor --salvage                  what can still be read of a damaged database, as a new one
  hob doctor --json")]
pub struct Arguments {
    /// Mend what can be mended.
    #[arg(long)]
    fix: bool,
    /// A task that has said nothing for so long hangs [default: 1h]; where it is given, --fix cancels such tasks.
    #[arg(long, value_name = "TIME", value_parser = parse_duration)]
    hung_after: Option<Duration>,
    /// Write what can be read of a damaged database into a new one beside it, for `hob restore`; nothing else is done,
    /// and the damaged files stay as they are.
    #[arg(long, conflicts_with_all = ["fix", "hung_after"])]
    salvage: bool,
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

/// How something is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Status {
    Ok,
    /// Not there, and not needed.
    Absent,
    Warning,
    Problem,
    /// It was wrong, and was put right just now.
    Mended,
}

impl Status {
    fn as_str(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Absent => "absent",
            Self::Warning => "warning",
            Self::Problem => "problem",
            Self::Mended => "mended",
        }
    }

    fn style(self) -> Style {
        match self {
            Self::Ok | Self::Mended => of_state(StateName::Completed),
            Self::Absent => DIM,
            Self::Warning => of_state(StateName::Pending),
            Self::Problem => of_state(StateName::Failed),
        }
    }
}

/// Puts something right; says what was done.
type Mend<'a> = Box<dyn FnOnce() -> CommandResult<String> + 'a>;

/// One line of the report.
struct Check<'a> {
    what: &'static str,
    status: Status,
    message: String,
    /// What to type next.
    hint: Option<String>,
    /// Facts for programs.
    facts: Value,
    /// What `--fix` does, in words, and does it.
    mend: Option<(&'static str, Mend<'a>)>,
}

impl<'a> Check<'a> {
    fn new(what: &'static str, status: Status, message: impl Into<String>) -> Self {
        Self { what, status, message: message.into(), hint: None, facts: Value::Null, mend: None }
    }

    fn facts(self, facts: Value) -> Self {
        Self { facts, ..self }
    }

    /// Brings what puts it right.
    fn mend(self, fix: &'static str, mend: Mend<'a>) -> Self {
        Self { mend: Some((fix, mend)), ..self }
    }

    /// Puts it right, if it can be.
    fn mended(mut self) -> Self {
        match self.mend.take().map(|(_, mend)| mend()) {
            None => self,
            Some(Ok(done)) => Self { status: Status::Mended, message: done, hint: None, ..self },
            Some(Err(error)) => {
                self.message = format!("{}; it could not be mended: {}", self.message, error.message());
                self
            }
        }
    }

    fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    fn object(&self) -> Value {
        json!({
            "check": self.what,
            "status": self.status.as_str(),
            "message": self.message,
            "hint": self.hint,
            "facts": self.facts,
            "fix": self.mend.as_ref().map(|(fix, _)| fix),
        })
    }
}

/// Looks.
pub fn run(arguments: &Arguments) -> CommandResult {
    let context = Context::discover()?;
    if arguments.salvage {
        return damage::salvage(&context, arguments.json);
    }
    let mut checks = vec![state(&context), configuration(&context), damage::database(&context)];
    if checks.iter().all(|check| check.what != "database" || check.status != Status::Problem) {
        for found in [care::checks(&context, arguments.hung_after), queue::checks(&context)] {
            let failed = |error: CommandError| vec![Check::new("leftovers", Status::Problem, error.message())];
            checks.extend(found.unwrap_or_else(failed));
        }
    }
    checks.push(daemon(&context));
    checks.push(family::check());
    if let Ok(settings) = context.settings() {
        checks.extend(executors(&context, settings));
        checks.extend(installed(settings));
        checks.extend(notifications::checks(&context, settings));
        checks.extend(settings.state_files.as_deref().map(|folder| kept_files(&context, folder)));
    }
    if arguments.fix {
        checks = checks.into_iter().map(Check::mended).collect();
    }
    let is_sound = checks.iter().all(|check| check.status != Status::Problem);
    let mut out = anstream::stdout().lock();
    if arguments.json {
        let checks: Vec<Value> = checks.iter().map(Check::object).collect();
        render::write_json(&mut out, &json!({ "ok": is_sound, "checks": checks }))?;
    } else {
        for check in &checks {
            write(&mut out, check)?;
        }
    }
    Ok(if is_sound { Exit::Ok } else { Exit::TaskFailed })
}

fn write(out: &mut dyn Write, check: &Check<'_>) -> CommandResult<()> {
    /// Longest text of a line.
    const LONGEST: usize = 1_000;
    let status = styled(check.status.style(), format!("{:<8}", check.status.as_str()));
    let style = if check.status == Status::Absent { DIM } else { PLAIN };
    let message = styled(style, sanitize_line(&check.message, LONGEST));
    writeln!(out, "{status} {}  {message}", styled(BOLD, format!("{:<13}", check.what)))?;
    if let Some(hint) = &check.hint {
        writeln!(out, "{:22}  {}", "", sanitize_line(hint, LONGEST))?;
    }
    if let Some((fix, _)) = &check.mend {
        writeln!(out, "{:22}  hob doctor --fix   {fix}", "")?;
    }
    Ok(())
}

fn state(context: &Context) -> Check<'_> {
    let folder = &context.places.state;
    let shown = folder.display();
    let check = |status, message: String| Check::new("state", status, message);
    match folder.metadata() {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            check(Status::Absent, format!("{shown} is not there yet; the first task makes it"))
        }
        Err(error) => check(Status::Problem, format!("{shown} cannot be looked at: {error}"))
            .hint("HOB_HOME can name another folder for everything"),
        Ok(found) if !found.is_dir() => check(Status::Problem, format!("{shown} is no folder"))
            .hint(format!("move it away: mv {shown} {shown}.old")),
        Ok(found) if found.permissions().mode() & 0o077 != 0 => {
            let close = move || {
                std::fs::set_permissions(folder, Permissions::from_mode(0o700))?;
                Ok(format!("{} is now for you alone", folder.display()))
            };
            check(Status::Warning, format!("{shown} is open to others"))
                .mend("makes it yours alone: chmod 700", Box::new(close))
        }
        Ok(_) => check(Status::Ok, shown.to_string()),
    }
}

fn configuration<'a>(context: &Context) -> Check<'a> {
    let check = |status, message: String| Check::new("configuration", status, message);
    let shown = context.places.config.display();
    let warning = context.settings().ok().and_then(|settings| settings.warnings().first());
    match (Settings::check(&context.places).as_slice(), warning) {
        ([], Some(warning)) => check(Status::Warning, warning.clone()).hint("hob config check"),
        ([], None) if context.places.config.exists() => check(Status::Ok, shown.to_string()),
        ([], None) => check(Status::Absent, format!("there is no {shown}; the defaults are in force")),
        ([first, others @ ..], _) => {
            let first = first.to_string();
            let line = first.lines().next().unwrap_or_default();
            let more = if others.is_empty() { String::new() } else { format!(" (and {} more)", others.len()) };
            check(Status::Problem, format!("{line}{more}")).hint("hob config check")
        }
    }
}

fn daemon(context: &Context) -> Check<'_> {
    /// Why a daemon would be no help.
    const OFF: &str = "background_execution is off";
    let check = |status, message: String| Check::new("daemon", status, message);
    let in_background = context.settings().map_or(true, |settings| settings.background_execution);
    let waiting = || {
        // To open a store is to make it.
        let is_there = Store::is_begun(&context.places.state).unwrap_or_default();
        let counts = is_there.then(|| context.store().ok()?.counts().ok()).flatten();
        counts.map_or(0, |counts| counts.pending)
    };
    match presence(&context.places.state) {
        Err(error) => check(Status::Problem, format!("nobody knows whether it runs: {error}")),
        Ok(Presence::Running(Some(info))) if info.version != env!("CARGO_PKG_VERSION") => {
            let message = format!("it runs as version {}, and this is {}", info.version, env!("CARGO_PKG_VERSION"));
            check(Status::Warning, message).hint("hob daemon stop && hob daemon start")
        }
        Ok(Presence::Running(Some(info))) => match waiting() {
            count if count > 0 && !in_background => {
                let message = format!("it runs, pid {}, and takes none of what waits ({count}): {OFF}", info.pid);
                check(Status::Warning, message).hint("hob work")
            }
            _ => check(Status::Ok, format!("it runs, pid {}", info.pid)),
        },
        Ok(Presence::Running(None)) => check(Status::Ok, "it is just starting or stopping".to_owned()),
        Ok(Presence::Stopped) => match waiting() {
            0 => check(Status::Absent, "it does not run, and nothing waits for it".to_owned()),
            count if !in_background => {
                check(Status::Warning, format!("nobody runs what waits ({count}): {OFF}")).hint("hob work")
            }
            count => {
                let check = check(Status::Warning, format!("it does not run, and {count} tasks wait"));
                // Whoever does not want it to start by itself runs tasks in another way.
                if context.settings().is_ok_and(|settings| !settings.autostart) {
                    return check.hint("hob daemon start, or hob work: daemon.autostart is off");
                }
                let start = move || {
                    start_daemon(context)?;
                    Ok(format!("it was started, for {count} tasks that waited"))
                };
                check.hint("hob daemon start").mend("starts it", Box::new(start))
            }
        },
    }
}

/// The state files, where a folder is named for them.
fn kept_files(context: &Context, folder: &Path) -> Check<'static> {
    let check = |status, message: String| Check::new("state files", status, message);
    let trouble = state_files::look(folder).err().or_else(|| state_files::trouble(&context.places.state));
    match trouble {
        None => check(Status::Ok, folder.display().to_string()),
        Some(why) => check(Status::Warning, format!("they are not written, and tasks do without them: {why}"))
            .hint("make that folder one that you can write to, or name another with state_files (hob config path)"),
    }
}

/// Those that cannot be used, or one line for all of them.
fn executors<'a>(context: &Context, settings: &Settings) -> Vec<Check<'a>> {
    let check = |status, message: String| Check::new("executors", status, message);
    let executors = match Executors::new(context) {
        Ok(executors) => executors,
        Err(error) => return vec![check(Status::Problem, error.message())],
    };
    let names: Vec<&str> = settings.executors().map(|config| config.name.as_str()).collect();
    let broken = settings.executors().filter_map(|config| {
        let error: CommandError = executors.describe(config).err()?;
        let hint = format!("hob executors {}", config.name);
        Some(check(Status::Problem, error.message()).hint(hint))
    });
    let broken: Vec<Check<'_>> = broken.collect();
    if broken.is_empty() { vec![check(Status::Ok, names.join(", "))] } else { broken }
}

/// A line for each agent that an executor has a profile of.
fn installed<'a>(settings: &Settings) -> Vec<Check<'a>> {
    let mut found: Vec<(Agent, Vec<&str>)> = Vec::new();
    for config in settings.executors() {
        for agent in agents::agents(config).unwrap_or_default() {
            match found.iter_mut().find(|(known, _)| *known == agent) {
                Some((_, executors)) => executors.push(config.name.as_str()),
                None => found.push((agent, vec![config.name.as_str()])),
            }
        }
    }
    let versions: Vec<_> = thread::scope(|scope| {
        let ask = |place| scope.spawn(move || version(place));
        let asked: Vec<_> = found.iter().map(|(agent, _)| agent.place.as_deref().ok().map(ask)).collect();
        asked.into_iter().map(|thread| thread.and_then(|thread| thread.join().ok())).collect()
    });
    let known = found.iter().zip(versions);
    let mut checks: Vec<Check<'_>> = known.map(|((known, names), version)| agent(known, names, version)).collect();
    let idle: Vec<(&str, String)> = settings
        .executors()
        .filter_map(|config| Some((config.name.as_str(), agents::missing_agent(config)?)))
        .collect();
    if let Some((_, why)) = idle.first() {
        let names: Vec<&str> = idle.iter().map(|(name, _)| *name).collect();
        let message = format!("{} cannot run without an agent: {why}", names.join(", "));
        checks.push(Check::new("executors", Status::Absent, message));
    }
    if let Some((name, agent)) = agents::for_texts(settings).filter(|_| settings.default_executor.is_none()) {
        let message =
            format!("no executor is set for them, as in hob dispatch \"fix the tests\"; {} is there", agent.name);
        let hint = format!("put default_executor = \"{name}\" into the file that `hob config path` names");
        checks.push(Check::new("texts", Status::Absent, message).hint(hint));
    }
    checks
}

/// `version` is what the program said of itself, or why not; none if nobody asked.
fn agent<'a>(agent: &Agent, executors: &[&str], version: Option<Result<String, String>>) -> Check<'a> {
    let Agent { name, program, install, place } = agent;
    let facts = |path: Option<&Path>, version: Option<&str>| json!({ "agent": name, "program": program, "path": path, "version": version, "executors": executors });
    let unasked = || Err("nobody could ask it".to_owned());
    match place {
        Err(why) => {
            let check = Check::new("agent", Status::Absent, format!("{name} is not there: {why}"));
            Check { facts: facts(None, None), hint: install.clone(), ..check }
        }
        Ok(path) => match version.unwrap_or_else(unasked) {
            Ok(version) => {
                let check = Check::new("agent", Status::Ok, format!("{name}: {version}, {}", path.display()));
                Check { facts: facts(Some(path), Some(&version)), ..check }
            }
            Err(why) => {
                let message = format!("{name}: {} does not say its version: {why}", path.display());
                Check { facts: facts(Some(path), None), ..Check::new("agent", Status::Warning, message) }
                    .hint(format!("{} --version", path.display()))
            }
        },
    }
}

/// The first line that `PROGRAM --version` prints.
fn version(program: &Path) -> Result<String, String> {
    let env: Vec<(OsString, OsString)> = env::vars_os().collect();
    let args = [OsString::from("--version")];
    let asked = OwnProgram { program, args: &args, env: &env, stdin: &[], wall: VERSION_WALL, max_output: 4 << 10 };
    let output = run_to_end(&asked).map_err(|error| error.to_string())?;
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let line = text.lines().map(str::trim).find(|line| !line.is_empty()).map(|line| sanitize_line(line, 100));
    match (output.status, line) {
        (None, _) => Err(format!("it took more than {} s", VERSION_WALL.as_secs())),
        (Some(hob_core::ExitStatus::Code(0)), Some(line)) => Ok(line),
        (Some(status), _) => Err(format!("it ended with {}", status.shell_code())),
    }
}
