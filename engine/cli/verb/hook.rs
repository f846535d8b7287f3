use crate::{
    context::Context,
    error::{CommandError, CommandResult},
    exit::Exit,
    logging,
    start::{nobody_works, start_daemon, start_lazy_worker},
    verb::dispatch::options,
};
use agent::{Agent, Moment};
use hob_core::{SessionId, sanitize_line};
use news::News;
use serde::Deserialize;
use std::{
    env,
    ffi::OsString,
    io::{self, IsTerminal as _, Write as _},
    panic::{AssertUnwindSafe, catch_unwind},
    sync::mpsc,
    thread,
    time::Duration,
};

mod agent;
mod news;

/// Answer a hook of a coding agent: what its background tasks came to arrives by itself.
///
/// For the settings of the agent, not to be typed. It reads the event on standard input. When a session starts, the
/// daemon is started. With a prompt and after a tool call the session hears of its tasks and groups that have ended,
/// each once; after a tool call, if no daemon lives, one waiting task is run by a worker of its own. It answers at
/// once and never fails: what goes wrong is a line in hob's log.
#[derive(clap::Args)]
#[command(after_help = "Example, for Claude Code in ~/.claude/settings.json:
  {\"hooks\": {\"UserPromptSubmit\": [{\"hooks\": [{\"type\": \"command\", \"command\": \"hob hook claude-code\"}]}]}}

docs/agents.md has the whole of it for each agent.")]
pub struct Arguments {
    /// Who asks.
    #[arg(value_enum, value_name = "AGENT")]
    agent: Agent,
}

/// How long the event may take to arrive. 2 s: it is written as soon as hob is started, and every agent waits longer.
const PATIENCE: Duration = Duration::from_secs(2);
/// Bytes of a line in the log.
const LINE: usize = 2_000;

/// What the agents have in common of their events.
#[derive(Deserialize)]
struct Event {
    #[serde(rename = "hook_event_name")]
    name: String,
    session_id: String,
    /// Set where it comes from an agent that the session's own agent has started.
    #[serde(default)]
    agent_id: Option<String>,
}

/// Answers.
pub fn run(arguments: &Arguments) -> CommandResult {
    if io::stdin().is_terminal() {
        let misuse = anyhow::anyhow!("an agent calls `hob hook`, with an event on standard input");
        return Err(CommandError::new(Exit::Configuration, misuse).hint("docs/agents.md says how to set it up"));
    }
    let mut has_answered = false;
    // Without places there is no log to complain in.
    if let Ok(context) = Context::discover() {
        if context.places.state.is_dir() {
            begin_log(&context);
        }
        let heard = catch_unwind(AssertUnwindSafe(|| hear(&context, arguments.agent, &mut has_answered)));
        note(&context, heard.unwrap_or_else(|_| Err(CommandError::internal(anyhow::anyhow!("it panicked")))));
    }
    if !has_answered {
        // Nobody is left to tell.
        let _ = say("{}");
    }
    Ok(Exit::Ok)
}

/// An error of usage, whose exit code 2 would stop the agent, gets another one if these words are about a hook.
pub fn soften(words: &[OsString], explained: CommandResult) -> CommandResult {
    if words.get(1).is_some_and(|word| word == "hook") {
        return explained.map_err(|error| error.with_exit(Exit::Configuration));
    }
    explained
}

fn hear(context: &Context, agent: Agent, has_answered: &mut bool) -> CommandResult<()> {
    let event = read_event()?;
    let moment = agent.moment(&event.name);
    if moment == Moment::Other || (moment != Moment::SessionStart && !context.places.state.is_dir()) {
        return Ok(());
    }
    let is_within_a_task = hob_process::is_within_a_task();
    // What such an agent is told, the session would never hear.
    let is_told = moment != Moment::SessionStart && event.agent_id.is_none();
    let news = is_told.then(|| News::gather(context, &sessions(&event, is_within_a_task)));
    let news = news.and_then(|news| {
        news.unwrap_or_else(|error| {
            note(context, Err(error.context("what has ended cannot be told")));
            None
        })
    });
    let words = match (&news, moment) {
        (Some(news), _) => Some(news.text().to_owned()),
        (None, Moment::SessionStart) => agent.introduction(&event.session_id),
        (None, _) => None,
    };
    let answer = words.map_or_else(|| "{}".to_owned(), |words| Agent::answer(&event.name, &words));
    // The agent gets one answer, or none if this one does not arrive.
    *has_answered = true;
    say(&answer)
        .map_err(|error| CommandError::from(error).context("the answer cannot be written; it is told again"))?;
    if let Some(news) = news {
        note(context, news.acknowledge());
    }
    match moment {
        Moment::SessionStart => attend(context),
        Moment::AfterTool if !is_within_a_task => help_out(context),
        Moment::AfterTool | Moment::Prompt | Moment::Other => Ok(()),
    }
}

/// The sessions whose tasks are the agent's: the one that it names, and the one that a person named for it. Within a
/// task the latter is that of whoever dispatched the task.
fn sessions(event: &Event, is_within_a_task: bool) -> Vec<SessionId> {
    let own = event.session_id.parse().ok();
    let named = if is_within_a_task { None } else { env::var(options::SESSION).ok() };
    let named = named.and_then(|named| named.parse().ok()).filter(|named| own.as_ref() != Some(named));
    own.into_iter().chain(named).collect()
}

/// Starts the daemon, where it is to start by itself.
fn attend(context: &Context) -> CommandResult<()> {
    if context.settings()?.starts_daemon() {
        drop(context.store()?);
        start_daemon(context)?;
    }
    Ok(())
}

/// Has one waiting task run, if nobody else does that and it may run in the background.
fn help_out(context: &Context) -> CommandResult<()> {
    if context.settings()?.background_execution && nobody_works(context, &context.store()?)? {
        start_lazy_worker(context)?;
    }
    Ok(())
}

/// Reads the event, however long what a tool has printed may be.
fn read_event() -> CommandResult<Event> {
    let (tell, told) = mpsc::channel();
    thread::spawn(move || {
        let mut stdin = io::stdin().lock();
        let event = Event::deserialize(&mut serde_json::Deserializer::from_reader(&mut stdin));
        if event.is_err() {
            // Whoever writes is to come to an end.
            let _ = io::copy(&mut stdin, &mut io::sink());
        }
        tell.send(event)
    });
    let failed = |cause: anyhow::Error| CommandError::internal(cause).context("the event cannot be read");
    match told.recv_timeout(PATIENCE) {
        Ok(event) => event.map_err(|error| failed(error.into())),
        Err(_) => Err(failed(anyhow::anyhow!("nothing came within {PATIENCE:?}"))),
    }
}

/// One line on stdout, written when this returns without an error.
fn say(answer: &str) -> io::Result<()> {
    let mut out = io::stdout().lock();
    out.write_all(answer.as_bytes())?;
    out.write_all(b"\n")?;
    out.flush()
}

/// An error becomes a line in the log.
fn note(context: &Context, result: CommandResult<()>) {
    if let Err(error) = result {
        begin_log(context);
        tracing::warn!("a hook: {}", sanitize_line(&error.message(), LINE));
    }
}

fn begin_log(context: &Context) {
    // Without a log there is nobody to tell that there is none.
    let _ = logging::to_file(&context.places);
}
