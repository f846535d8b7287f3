use crate::{
    context::{Context, now},
    error::{CommandError, CommandResult},
    exit::Exit,
    foreground::Hands,
    nested::Nested,
};
use hob_core::NewTask;
use hob_store::{Accepted, Changes};
use options::Options;
use std::{
    ffi::{OsStr, OsString},
    path::PathBuf,
};

mod batch;
mod one;
pub mod options;
mod reply;

pub use batch::check_line as check_batch_line;

/// Hand in a task; prints its id.
///
/// An executor's own parameters are arguments here: `hob dispatch EXECUTOR --help` shows them. The
/// task is durable when this returns; the daemon is started if none runs. With
/// `background_execution = false` this runs the task itself and prints its result.
///
/// On a terminal this says what was queued and how to see its result; otherwise only the id is
/// printed, so that `id=$(hob dispatch …)` works. With `--id`, repeating the same dispatch makes no
/// second task and says so on stderr.
#[derive(clap::Args)]
#[command(
    disable_help_subcommand = true,
    subcommand_precedence_over_arg = true,
    override_usage = "hob dispatch [OPTIONS] EXECUTOR [PARAMETERS]...\n       hob dispatch [OPTIONS] --batch FILE",
    after_help = "Examples:
  hob dispatch shell \"cargo test\"
  hob dispatch shell -- git log -3
  hob dispatch explore --id search-todo TODO FIXME --glob '*.rs' --wait
  hob dispatch explore --params '{\"pattern\": [\"TODO\"]}'
  hob dispatch --batch tasks.jsonl

A batch has one JSON object a line and is accepted as a whole or not at all:
  {\"executor\": \"shell\", \"params\": {\"command\": \"make\"}, \"id\": \"build-1\", \"priority\": \"high\"}
Further keys: cwd, timeout.

`hob executors` lists the executors."
)]
pub struct Arguments {
    #[command(flatten)]
    options: Options,
    /// Hand in all tasks of a file of JSON lines in one commit; `-` is standard input.
    #[arg(long, value_name = "FILE", conflicts_with_all = ["id", "params"])]
    batch: Option<PathBuf>,
    #[command(subcommand)]
    executor: Option<Executor>,
}

#[derive(clap::Subcommand)]
enum Executor {
    /// The executor's name and all that follows.
    #[command(external_subcommand)]
    Words(Vec<OsString>),
}

/// What was asked for, checked: tasks that only have to be handed in.
struct Request {
    tasks: Vec<NewTask>,
    options: Options,
    /// The line of each task of a batch; empty where there is none.
    lines: Vec<usize>,
}

/// Hands in.
pub fn run(arguments: Arguments, words: &[OsString]) -> CommandResult {
    let context = Context::discover()?;
    let request = match (arguments.batch, arguments.executor) {
        (Some(_), Some(_)) => return Err(CommandError::usage("give either an executor or --batch, not both")),
        (Some(file), None) => batch::request(&context, &file, arguments.options)?,
        (None, Some(Executor::Words(tail))) => {
            let before = &words[..words.len() - tail.len()];
            let options = before.iter().position(|word| word == "dispatch").map_or(before, |at| &before[at + 1..]);
            match one::request(&context, options, &tail)? {
                one::Parsed::Request(request) => request,
                one::Parsed::Said(exit) => return Ok(exit),
            }
        }
        (None, None) => {
            return Err(CommandError::usage("which executor?")
                .hint("hob dispatch shell \"cargo test\"")
                .hint("`hob executors` lists what there is, `hob dispatch --help` says more"));
        }
    };
    hand_in(&context, &request)
}

/// Prints the help of one executor.
pub fn help(executor: &OsStr) -> CommandResult {
    let context = Context::discover()?;
    match one::request(&context, &[], &[executor.to_owned(), "--help".into()])? {
        one::Parsed::Said(exit) => Ok(exit),
        one::Parsed::Request(_) => Ok(Exit::Ok),
    }
}

fn hand_in(context: &Context, request: &Request) -> CommandResult {
    let hands = Hands::of(context)?;
    let mut store = context.store()?;
    let (nested, at) = (Nested::here(context)?, now());
    let accept = |changes: &Changes<'_>| {
        let accepted = changes.submit(&request.tasks, at)?;
        nested.note(changes, &accepted, at)?;
        Ok(accepted)
    };
    let accepted = store.change(accept).map_err(|error| batch::with_line(request, error))?;
    let mut order: Vec<_> = pairs(request, &accepted).map(|(task, accepted)| (task.priority, &accepted.id)).collect();
    order.sort_by_key(|(priority, _)| std::cmp::Reverse(*priority));
    let foreground = hands.begin(context, order.into_iter().map(|(_, id)| id.clone()).collect())?;
    reply::say(context, &store, request, &accepted, foreground)
}

/// The tasks that were handed in, each with what the store said.
fn pairs<'a>(request: &'a Request, accepted: &'a [Accepted]) -> impl Iterator<Item = (&'a NewTask, &'a Accepted)> {
    request.tasks.iter().zip(accepted)
}
