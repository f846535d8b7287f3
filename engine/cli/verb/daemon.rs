use crate::{
    context::{Context, now},
    error::{CommandError, CommandResult},
    exit::Exit,
    logging,
    render::{self, of_state, styled},
    start::start_daemon,
    waiting::Watch,
    wire,
};
use hob_core::StateName;
use hob_runner::{
    Mode,
    daemon::{DaemonInfo, Election, Presence, Seat, presence, until_stopped},
};
use serde_json::json;
use std::{
    io::Write as _,
    sync::mpsc,
    thread,
    time::{Duration, Instant},
};

mod log;

/// How long a daemon may take to come up. 10 s: it takes some milliseconds, on a machine under
/// load perhaps a second.
const COMES_UP: Duration = Duration::from_secs(10);
/// How often that is looked for.
const LOOK: Duration = Duration::from_millis(20);
/// How long a daemon may take to end beyond twice the grace: its tasks have that to finish, and again to stop.
const BEYOND_GRACE: Duration = Duration::from_secs(15);

/// Start, stop or look after the daemon, which runs the tasks.
///
/// The first dispatch starts it by itself unless `daemon.autostart` is false. There is never more
/// than one.
#[derive(clap::Args)]
#[command(after_help = "Examples:
  hob daemon status
  hob daemon stop
  hob daemon log --tail 20 --follow
  hob daemon run          in the foreground, for a service manager")]
pub struct Arguments {
    #[command(subcommand)]
    what: What,
}

#[derive(clap::Subcommand)]
enum What {
    /// Start it unless it runs.
    Start(Json),
    /// Stop it: its tasks have the time of `cancel.grace` to finish, and then they are asked to stop.
    Stop(Json),
    /// Say whether it runs.
    Status(Json),
    /// Print what it has logged.
    Log(log::Arguments),
    /// Be it, in the foreground.
    Run {
        /// Detach; standard input is the lock file of the election.
        #[arg(long, hide = true)]
        detached: bool,
    },
}

#[derive(clap::Args)]
struct Json {
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

/// Does it.
pub fn run(arguments: &Arguments) -> CommandResult {
    let context = Context::discover()?;
    match &arguments.what {
        What::Start(Json { json }) => start(&context, *json),
        What::Stop(Json { json }) => stop(&context, *json),
        What::Status(Json { json }) => say(&context, None, *json),
        What::Log(arguments) => log::run(&context, arguments),
        What::Run { detached } => serve(&context, *detached),
    }
}

fn start(context: &Context, as_json: bool) -> CommandResult {
    context.settings()?;
    drop(context.store()?);
    let mut watch = Watch::new(context, Some(COMES_UP))?;
    let mut is_new = start_daemon(context)?;
    while !matches!(presence(&context.places.state)?, Presence::Running(Some(_))) {
        if !watch.pause(LOOK)? {
            let log = logging::log_path(&context.places);
            return Err(CommandError::internal(anyhow::anyhow!("the daemon did not come up"))
                .hint(format!("its log says why: hob daemon log --tail 20   ({})", log.display())));
        }
        // One that was just ending when it was looked at leaves the place free.
        is_new |= start_daemon(context)?;
    }
    say(context, Some(if is_new { "started" } else { "ran already" }), as_json)
}

fn stop(context: &Context, as_json: bool) -> CommandResult {
    let state = context.places.state.clone();
    let patience = Instant::now() + COMES_UP;
    let mut done = "did not run";
    let pid = loop {
        match presence(&state)? {
            Presence::Stopped => return say(context, Some(done), as_json),
            Presence::Running(Some(info)) => break info.pid,
            Presence::Running(None) if Instant::now() > patience => {
                let message = anyhow::anyhow!("the daemon is only just starting or about to end; try again");
                return Err(CommandError::new(Exit::Busy, message));
            }
            // It says who it is some milliseconds after it has won its seat, and takes that back when it ends.
            Presence::Running(None) => thread::sleep(LOOK),
        }
        done = "stopped";
    };
    hob_process::ask_to_end(pid)
        .map_err(|error| CommandError::internal(error).context(format!("cannot ask the daemon (pid {pid}) to stop")))?;
    let grace = context.settings().map_or(Duration::ZERO, |settings| settings.cancel_grace);
    let (tell, gone) = mpsc::channel();
    thread::spawn(move || tell.send(until_stopped(&state)));
    let Ok(stopped) = gone.recv_timeout(grace * 2 + BEYOND_GRACE) else {
        let message = anyhow::anyhow!("the daemon (pid {pid}) was asked to stop and still runs");
        return Err(
            CommandError::new(Exit::TimedOut, message).hint("asked a second time it ends at once: hob daemon stop")
        );
    };
    stopped?;
    say(context, Some("stopped"), as_json)
}

/// Says whether it runs, and what was done.
fn say(context: &Context, done: Option<&str>, as_json: bool) -> CommandResult {
    let presence = presence(&context.places.state)?;
    let mut out = anstream::stdout().lock();
    let (is_running, info) = match presence {
        Presence::Running(info) => (true, info),
        Presence::Stopped => (false, None),
    };
    if as_json {
        let object = json!({
            "state": if is_running { "running" } else { "stopped" },
            "pid": info.as_ref().map(|info| info.pid),
            "version": info.as_ref().map(|info| &info.version),
            "started_at": info.as_ref().map(|info| render::rfc3339(info.started)),
        });
        render::write_json(&mut out, &object)?;
        return Ok(Exit::Ok);
    }
    let (state, word) = if is_running { (StateName::Completed, "RUNNING") } else { (StateName::Pending, "STOPPED") };
    write!(out, "daemon  {}", styled(of_state(state), word))?;
    if let Some(done) = done {
        write!(out, "  {done}")?;
    }
    if let Some(DaemonInfo { pid, version, started }) = info {
        write!(out, "  for {}, pid {pid}, version {version}", render::duration(now().since(started)))?;
    }
    writeln!(out)?;
    Ok(Exit::Ok)
}

fn serve(context: &Context, detached: bool) -> CommandResult {
    if detached {
        hob_process::detach()?;
    }
    wire::work(context, Mode::Daemon, || take_seat(context, detached))?;
    Ok(Exit::Ok)
}

/// The one seat of the daemon. A detached one holds the election as its standard input.
fn take_seat(context: &Context, detached: bool) -> CommandResult<Option<Seat>> {
    let state = &context.places.state;
    let election = if detached { Election::inherited()? } else { win(context)? };
    let info = DaemonInfo { pid: std::process::id(), version: env!("CARGO_PKG_VERSION").to_owned(), started: now() };
    Ok(Some(Seat::take(state, election, &info)?))
}

fn win(context: &Context) -> CommandResult<Election> {
    Election::win(&context.places.state)?.ok_or_else(|| {
        CommandError::new(Exit::Busy, anyhow::anyhow!("another daemon runs in {}", context.places.state.display()))
            .hint("stop it: hob daemon stop")
    })
}
