use super::dispatch::options;
use crate::{
    context::{Context, now},
    error::{CommandError, CommandResult},
    exit::Exit,
    foreground::{Foreground, Hands},
    handed_in::{Child, HandedIn},
    nested::Nested,
    notice,
    plan::{self, Words},
    prepare::{Executors, Known, captured_environment, checked_params},
    render,
    start::note,
    verb::wait::wait_with,
    whole,
};
use hob_core::{
    MemberTask, NewGroup, NewMember, NewTask, Preset, PresetChild, Priority, SessionId, TaskId, parse_duration,
};
use hob_store::{AcceptedGroup, Changes, Store};
use std::{
    io::{IsTerminal as _, Write as _},
    path::PathBuf,
    time::Duration,
};

/// Hand in several tasks at once, as a preset says; prints the id of the whole.
///
/// All of them are accepted in one commit, or none is. They run within the slots that there are; a
/// child that needs the result of another one starts when that has completed, and a child that fails
/// stops nobody else. `hob output ID` shows every result in one document. With
/// `background_execution = false` this runs them itself, and prints that.
#[derive(clap::Args)]
#[command(after_help = "Examples:
  hob fan-out research \"how are retries configured\"
  hob fan-out review --wait
  id=$(hob fan-out research \"error handling\" --cwd ./backend)

`hob presets` lists the presets, `hob presets NAME` explains one.")]
pub struct Arguments {
    /// The preset.
    preset: String,
    #[command(flatten)]
    options: Options,
}

/// What every fan-out can say.
#[derive(clap::Args)]
pub struct Options {
    /// What it is about; several words are one text.
    input: Vec<String>,
    /// Your own id for the whole, such as api-1; repeating the same command is then safe.
    #[arg(long, value_name = "ID")]
    id: Option<TaskId>,
    /// The folder it is about [default: this one].
    #[arg(long, value_name = "FOLDER")]
    cwd: Option<PathBuf>,
    /// When the children go that have no priority of their own: low, medium or high [default: medium].
    #[arg(long, value_name = "PRIORITY")]
    priority: Option<Priority>,
    /// The time that each child may take that has none of its own, such as 90s or 1h30m.
    #[arg(long, value_name = "TIME", value_parser = parse_duration)]
    timeout: Option<Duration>,
    /// The session it belongs to [default: `HOB_SESSION`, or that of the agent which calls hob].
    #[arg(long, value_name = "SESSION")]
    session: Option<SessionId>,
    /// Wait until all children are over and print their results; exit 1 if too few completed.
    #[arg(long)]
    wait: bool,
    /// Print nothing but the id, on a terminal as well.
    #[arg(long, short)]
    quiet: bool,
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

/// Hands in.
pub fn run(arguments: &Arguments) -> CommandResult {
    hand_in(&arguments.preset, &arguments.options)
}

/// Hands in the preset of that name.
pub fn hand_in(name: &str, options: &Options) -> CommandResult {
    let context = Context::discover()?;
    let cwd = options::folder(options.cwd.as_deref())?;
    let presets = context.settings()?.presets_in(&cwd)?;
    let preset = &presets.find(name).map_err(plan::unknown)?.preset;
    let input = options.input.join(" ");
    if input.trim().is_empty() && plan::wants_input(preset) {
        return Err(CommandError::usage(format!("what is it about? `{name}` wants a text"))
            .hint(format!("hob fan-out {name} \"refactor the API layer\"")));
    }
    let sample = options.id.as_ref().map_or("group-1", TaskId::as_str);
    let words = Words { input: &input, cwd: &cwd, group: sample };
    let known = plan::try_children(&Executors::new(&context)?, preset, &words)?;
    let session = options::session(options.session.as_ref())?;
    let hands = Hands::of(&context)?;
    let mut store = context.store()?;
    let id = match &options.id {
        Some(id) => id.clone(),
        None => store.change(|changes| changes.new_group_id(&preset.name))?,
    };
    let words = Words { group: id.as_str(), ..words };
    let children = preset.children.iter().zip(&known);
    let members = children.map(|(child, known)| member(child, known, &words, &id, options, session.as_ref()));
    let group = NewGroup {
        preset: preset.name.clone(),
        join: preset.join,
        result: preset.result.clone(),
        retry_of: None,
        members: members.collect::<CommandResult<_>>()?,
        input: input.clone(),
        cwd: cwd.clone(),
        session: session.clone(),
        id: id.clone(),
    };
    let (nested, at) = (Nested::here(&context)?, now());
    let accept = |changes: &Changes<'_>| {
        let accepted = changes.submit_group(&group, at)?;
        nested.note(changes, &accepted.members, at)?;
        Ok(accepted)
    };
    let accepted = store.change(accept).map_err(|error| refused(error, &id))?;
    let foreground = hands.begin(&context, accepted.members.iter().map(|member| member.id.clone()).collect())?;
    say(&context, &store, preset, &accepted, options, foreground)
}

fn refused(error: hob_store::Error, group: &TaskId) -> CommandError {
    let is_of_a_child = matches!(&error, hob_store::Error::IdTaken { id } if id != group);
    let error = CommandError::from(error);
    if is_of_a_child {
        error.context("a child's id is that of another task").hint("nothing was handed in")
    } else {
        error
    }
}

fn member(
    child: &PresetChild,
    known: &Known,
    words: &Words<'_>,
    group: &TaskId,
    options: &Options,
    session: Option<&SessionId>,
) -> CommandResult<NewMember> {
    let about = |error: CommandError| error.context(format!("child `{}`", child.name)).hint("nothing was handed in");
    let id = child.id_in(group).map_err(|error| about(CommandError::usage(error)))?;
    // What is needed of others is put in when they have completed.
    let params = if child.needs.is_empty() {
        checked_params(known, &words.params(child).map_err(about)?).map_err(about)?
    } else {
        child.params.to_string()
    };
    let folder = words.folder(child).map_err(about)?;
    let cwd = options::absolute(&folder).map_err(|error| about(CommandError::usage(format!("cwd: {error}"))))?;
    Ok(NewMember {
        name: child.name.clone(),
        needs: child.needs.clone(),
        task: MemberTask::New(Box::new(NewTask {
            id: Some(id),
            executor: child.executor.clone(),
            params,
            priority: child.priority.or(options.priority).unwrap_or_default(),
            cwd,
            environment: captured_environment(&known.config.grant),
            timeout: child.timeout.or(options.timeout),
            session: session.cloned(),
            retry_of: None,
        })),
    })
}

fn say(
    context: &Context,
    store: &Store,
    preset: &Preset,
    accepted: &AcceptedGroup,
    options: &Options,
    foreground: Option<Foreground>,
) -> CommandResult {
    if accepted.already {
        note(&format!("{} was handed in before; no second group was made", accepted.id))?;
    }
    if options.wait || foreground.is_some() {
        return wait(context, store, accepted, options.json, foreground);
    }
    let handed_in = HandedIn {
        id: &accepted.id,
        preset: &preset.name,
        is_repeated: accepted.already,
        retry_of: None,
        children: preset
            .children
            .iter()
            .map(|child| Child {
                name: &child.name,
                executor: &child.executor,
                id: child_id(child, accepted),
                needs: &child.needs,
                is_kept: false,
            })
            .collect(),
    };
    let mut out = anstream::stdout().lock();
    if options.json {
        render::write_json(&mut out, &handed_in.object())?;
    } else if options.quiet || !std::io::stdout().is_terminal() {
        writeln!(out, "{}", accepted.id)?;
    } else {
        handed_in.write(&mut out)?;
    }
    Ok(Exit::Ok)
}

/// Waits for every member, and prints what the whole came to.
fn wait(
    context: &Context,
    store: &Store,
    accepted: &AcceptedGroup,
    as_json: bool,
    foreground: Option<Foreground>,
) -> CommandResult {
    let ids: Vec<TaskId> = accepted.members.iter().map(|member| member.id.clone()).collect();
    let waited = wait_with(context, store, &ids, foreground)?;
    notice::of_groups(context, store, [&accepted.id], waited.has_paused);
    whole::print(context, store, &accepted.id, as_json)
}

/// As it was accepted: its template is of no use if it has been changed since.
fn child_id(child: &PresetChild, accepted: &AcceptedGroup) -> String {
    child.id_in(&accepted.id).map(|id| id.to_string()).unwrap_or_default()
}
