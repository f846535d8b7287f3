use crate::{
    context::{Context, now},
    error::CommandResult,
    exit::Exit,
    render::{self, BOLD, DIM, of_state, styled},
};
use hob_core::{State, StateName, Task, Timestamp};
use hob_runner::daemon::{DaemonInfo, Presence, presence};
use hob_settings::Settings;
use hob_store::{Counts, Queue};
use serde_json::{Value, json};
use std::io::{self, Write};

/// Show whether the daemon runs, what runs, and what waits.
#[derive(clap::Args)]
#[command(after_help = "Examples:
  hob status
  hob status --json")]
pub struct Arguments {
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

struct Overview {
    daemon: Presence,
    /// None where the configuration cannot be read.
    slots: Option<u32>,
    starts_daemon: bool,
    in_background: bool,
    counts: Counts,
    queues: Vec<Queue>,
    running: Vec<Task>,
    now: Timestamp,
}

/// Shows it.
pub fn run(arguments: &Arguments) -> CommandResult {
    let context = Context::discover()?;
    let store = context.store()?;
    let (counts, queues, running) = store.view(|view| Ok((view.counts()?, view.queues()?, view.running()?)))?;
    let daemon = presence(&context.places.state)?;
    // A broken configuration is for other commands to report; what runs can be shown without it.
    let settings = context.settings().ok();
    let slots = settings.map(|settings| settings.max_background_tasks);
    let starts_daemon = settings.is_some_and(Settings::starts_daemon);
    let in_background = settings.is_none_or(|settings| settings.background_execution);
    let overview = Overview { daemon, slots, starts_daemon, in_background, counts, queues, running, now: now() };
    let mut out = anstream::stdout().lock();
    if arguments.json {
        render::write_json(&mut out, &overview.object())?;
    } else {
        overview.write(&mut out)?;
    }
    Ok(Exit::Ok)
}

impl Overview {
    fn object(&self) -> Value {
        let Counts { running, output, .. } = self.counts;
        let daemon = match &self.daemon {
            Presence::Running(Some(DaemonInfo { pid, version, started })) => {
                json!({ "pid": pid, "version": version, "started_at": render::rfc3339(*started) })
            }
            Presence::Running(None) | Presence::Stopped => Value::Null,
        };
        let queues: Vec<Value> = self
            .queues
            .iter()
            .map(|queue| json!({ "executor": queue.executor, "pending": queue.pending, "blocked": queue.blocked }))
            .collect();
        let tasks: Vec<_> = self.running.iter().map(|task| render::task_object(task, self.now)).collect();
        json!({
            "daemon": { "state": self.word(), "info": daemon, "meaning": self.meaning() },
            "slots": { "used": running, "max": self.slots },
            "counts": render::counts_object(&self.counts),
            "output_bytes": output.0,
            "queues": queues,
            "running": tasks,
        })
    }

    fn word(&self) -> &'static str {
        match self.daemon {
            Presence::Running(_) => "running",
            Presence::Stopped => "stopped",
        }
    }

    /// What follows for those who hand in tasks.
    fn meaning(&self) -> &'static str {
        match self.daemon {
            Presence::Running(_) if !self.in_background => {
                "background_execution is off, so it takes no task: a dispatch runs its own, `hob work` what waits"
            }
            Presence::Running(_) => "tasks start by themselves as slots come free",
            Presence::Stopped if !self.in_background => {
                "background_execution is off: a dispatch runs its own task, `hob work` what waits"
            }
            Presence::Stopped if self.starts_daemon => {
                "the next dispatch or wait starts it; agents' hooks and `hob work` run tasks one by one"
            }
            Presence::Stopped => {
                "agents' hooks, `hob work` and `hob output ID --wait` run tasks one by one until somebody starts it"
            }
        }
    }

    fn write(&self, out: &mut dyn Write) -> io::Result<()> {
        self.write_daemon(out)?;
        writeln!(out, "         {}", styled(DIM, self.meaning()))?;
        let Counts { pending, running, completed, failed, cancelled, output, .. } = self.counts;
        let max = self.slots.map_or_else(|| "?".to_owned(), |max| max.to_string());
        writeln!(out, "slots    {} of {max} used", styled(BOLD, running))?;
        writeln!(out, "queue    {} pending", styled(BOLD, pending))?;
        for queue in self.queues.iter().filter(|queue| queue.blocked.is_some()) {
            let reason = hob_core::sanitize_line(queue.blocked.as_deref().unwrap_or_default(), 300);
            writeln!(out, "         {} of {} wait: {reason}", queue.pending, queue.executor)?;
        }
        writeln!(
            out,
            "ended    {completed} completed, {failed} failed, {cancelled} cancelled; {} of output",
            render::size(output.0)
        )?;
        if let Some(task) = self.running.first() {
            writeln!(out, "oldest   {}", self.oldest(task))?;
        }
        Ok(())
    }

    fn write_daemon(&self, out: &mut dyn Write) -> io::Result<()> {
        match &self.daemon {
            Presence::Running(info) => {
                write!(out, "daemon   {}", styled(of_state(StateName::Completed), "RUNNING"))?;
                if let Some(DaemonInfo { pid, version, started }) = info {
                    let since = render::duration(self.now.since(*started));
                    write!(out, "  {}", styled(DIM, format!("for {since}, pid {pid}, version {version}")))?;
                }
                writeln!(out)
            }
            Presence::Stopped if self.counts.pending > 0 => {
                let next = if self.in_background { "start it: hob daemon start" } else { "run what waits: hob work" };
                writeln!(out, "daemon   {}  {next}", styled(of_state(StateName::Failed), "STOPPED"))
            }
            Presence::Stopped => writeln!(out, "daemon   {}", styled(of_state(StateName::Pending), "STOPPED")),
        }
    }

    fn oldest(&self, task: &Task) -> String {
        let State::Running { started, progress, .. } = &task.state else { return task.id.to_string() };
        let time = render::duration(self.now.since(*started));
        let mut line = format!("{}  ({})  running for {time}", styled(BOLD, &task.id), task.executor);
        if let Some(progress) = progress {
            line.push_str("  ");
            line.push_str(&hob_core::sanitize_line(&progress.message, 60));
        }
        line
    }
}
