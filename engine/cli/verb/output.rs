use crate::{
    answer,
    captured::{self, Screen},
    context::Context,
    error::{CommandError, CommandResult},
    exit::Exit,
    follow, lookup, notice,
    verb::wait::wait_for,
    whole,
};
use hob_core::{Task, TaskId, parse_duration};
use hob_store::{Reference, Store};
use std::time::Duration;

/// Show what a task answered, or what it has printed; of a group, the results of all of its tasks.
///
/// Without options: its state, its result or error, and the last lines of its output. With --log,
/// --tail or --follow only what it has printed, byte by byte where stdout is no terminal. Reading
/// never consumes anything. Exits with 1 if the task failed or was cancelled.
#[derive(clap::Args)]
#[command(after_help = "Examples:
  hob output tests-1 --wait --timeout 10m
  hob output tests-1 --tail 50
  hob output build-1 --follow
  hob output build-1 --log > build.log
  hob output research-1 --wait           every result of a fan-out in one document")]
#[expect(clippy::struct_excessive_bools, reason = "each is an option of its own")]
pub struct Arguments {
    /// The task; the id may be abbreviated where it is unique.
    id: String,
    /// Wait until it has ended.
    #[arg(long)]
    wait: bool,
    /// With --wait and --follow: no longer than this, such as 90s.
    #[arg(long, value_name = "TIME", value_parser = parse_duration)]
    timeout: Option<Duration>,
    /// All that it has printed, and nothing else.
    #[arg(long, conflicts_with = "json")]
    log: bool,
    /// The last N lines of what it has printed, and nothing else.
    #[arg(long, value_name = "N", conflicts_with = "json")]
    tail: Option<usize>,
    /// What it prints as it comes, until it has ended; its result goes to stderr.
    #[arg(long, conflicts_with_all = ["json", "wait"])]
    follow: bool,
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

/// Shows it.
pub fn run(arguments: &Arguments) -> CommandResult {
    if arguments.timeout.is_some() && !arguments.wait && !arguments.follow {
        return Err(CommandError::usage("--timeout is for --wait and --follow: without them nothing is waited for"));
    }
    let context = Context::discover()?;
    let store = context.store()?;
    if let Reference::Group(id) = store.refer(&arguments.id)? {
        return of_group(&context, &store, &id, arguments);
    }
    let mut task = lookup::find(&store, &arguments.id)?;
    if arguments.follow {
        return follow::until_the_end(&context, &store, &task.id, arguments.tail, arguments.timeout, None);
    }
    if arguments.wait {
        let waited = wait_for(&context, &store, std::slice::from_ref(&task.id), arguments.timeout)?;
        notice::of_tasks(&context, &waited.ended, waited.has_paused);
        let Some(ended) = waited.ended.into_iter().next() else {
            let message = anyhow::anyhow!("{} had not ended when the time was over; it goes on", task.id);
            return Err(CommandError::new(Exit::TimedOut, message));
        };
        task = ended;
    }
    if arguments.log || arguments.tail.is_some() {
        print_captured(&context, &task, arguments.tail)?;
    } else {
        answer::print(&context, &task, arguments.json)?;
    }
    Ok(answer::exit(&task))
}

/// The results of all members of a group, in one document.
fn of_group(context: &Context, store: &Store, id: &TaskId, arguments: &Arguments) -> CommandResult {
    if arguments.log || arguments.tail.is_some() || arguments.follow {
        return Err(CommandError::usage(format!("{id} is a group; --log, --tail and --follow are for one task"))
            .hint(format!("hob output {id}   shows all of its results, and the ids of its tasks")));
    }
    if arguments.wait {
        let ids = lookup::name(store, id.as_str())?.tasks;
        let waited = wait_for(context, store, &ids, arguments.timeout)?;
        notice::of_groups(context, store, [id], waited.has_paused);
        if waited.timed_out {
            let message = anyhow::anyhow!("{id} had not ended when the time was over; it goes on");
            return Err(CommandError::new(Exit::TimedOut, message));
        }
    }
    whole::print(context, store, id, arguments.json)
}

fn print_captured(context: &Context, task: &Task, tail: Option<usize>) -> CommandResult<()> {
    let Some(mut reader) = captured::open(context, task)? else { return Ok(()) };
    let offset = tail.map_or(Ok(0), |lines| captured::tail(&mut reader, lines))?;
    let mut screen = Screen::stdout(false);
    captured::copy(&mut reader, offset, &mut screen)?;
    screen.finish()
}
