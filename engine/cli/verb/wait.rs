use crate::{
    answer,
    context::{Context, now},
    error::{CommandError, CommandResult},
    exit::Exit,
    foreground::Foreground,
    lookup::{self, Named},
    notice,
    render::{self, Gauge},
    start::{Hand, ensure_daemon},
    waiting::Watch,
};
use hob_core::{Group, StateName, Task, TaskId, parse_duration};
use hob_store::{Error, Member, Store};
use serde_json::{Value, json};
use std::{
    collections::{HashMap, HashSet},
    io::Write,
    time::Duration,
};

/// Of more open tasks than these, several ends are looked at together.
const MANY: usize = 20;
/// What a look at many tasks leaves for others to do: it takes about a millisecond for 500 of them.
const BREATH: Duration = Duration::from_millis(50);

/// Wait until tasks or groups have ended.
///
/// Exits with 0 if all of them completed, 1 if one failed or was cancelled, and 6 if the time of
/// --timeout passed first; they go on then. A group ends with the last of its tasks, and has
/// completed if as many of them have as its preset wants.
#[derive(clap::Args)]
#[command(after_help = "Examples:
  hob wait build-1 tests-1 --timeout 10m
  hob wait tests-1 --exit-code
  hob wait research-k3x7p                a fan-out")]
pub struct Arguments {
    /// The tasks or groups; an id may be abbreviated where it is unique.
    #[arg(required = true, value_name = "ID")]
    ids: Vec<String>,
    /// Wait no longer than this, such as 90s.
    #[arg(long, value_name = "TIME", value_parser = parse_duration)]
    timeout: Option<Duration>,
    /// Until one of them has ended.
    #[arg(long)]
    any: bool,
    /// Exit with the task's own exit code, where it has one.
    #[arg(long)]
    exit_code: bool,
    /// Print a JSON array of the tasks and groups that have ended.
    #[arg(long)]
    json: bool,
}

/// Tasks that were waited for.
pub struct Waited {
    /// Those that have ended.
    pub ended: Vec<Task>,
    /// Whether the time was over before.
    pub timed_out: bool,
    /// Whether there was anything to wait for.
    pub has_paused: bool,
}

/// What has ended of what was named.
enum Ended {
    Task(Box<Task>),
    Group(Box<Group>, Vec<Member>),
}

/// Waits.
pub fn run(arguments: &Arguments) -> CommandResult {
    if arguments.exit_code && arguments.ids.len() > 1 {
        return Err(CommandError::usage("--exit-code is for one task: it passes on that task's code"));
    }
    let context = Context::discover()?;
    let store = context.store()?;
    let named = lookup::name_all(&store, &arguments.ids)?;
    if let (true, Some(group)) = (arguments.exit_code, named.iter().find(|named| named.is_group)) {
        let id = &group.id;
        return Err(CommandError::usage(format!("{id} is a group; --exit-code passes on the code of one task"))
            .hint(format!("hob wait {id}   exits with 0 if the group completed, with 1 if not")));
    }
    let ids = lookup::tasks_of(&named);
    let is_one_over = |open: &[TaskId]| {
        let open: HashSet<&TaskId> = open.iter().collect();
        named.iter().any(|named| !named.tasks.iter().any(|id| open.contains(id)))
    };
    let is_enough = |open: &[TaskId]| open.is_empty() || (arguments.any && is_one_over(open));
    let waited = wait_until(&context, &store, &ids, arguments.timeout, &Hand::beside(None), &is_enough)?;
    let ended = ended_of(&store, &named, &waited.ended)?;
    tell(&context, &store, &named, &waited);
    let mut out = anstream::stdout().lock();
    if arguments.json {
        let objects: Vec<_> = ended.iter().map(object).collect();
        render::write_json(&mut out, &objects)?;
    } else {
        ended.iter().try_for_each(|ended| write(&mut out, ended))?;
    }
    if waited.timed_out {
        let open = ids.len() - waited.ended.len();
        return Err(CommandError::new(
            Exit::TimedOut,
            anyhow::anyhow!("{open} of {} tasks had not ended when the time was over", ids.len()),
        ));
    }
    Ok(match ended.as_slice() {
        [Ended::Task(only)] if arguments.exit_code => answer::own_exit(only),
        ended if ended.iter().all(has_completed) => Exit::Ok,
        _ => Exit::TaskFailed,
    })
}

/// Tells the terminal: of the groups that were named, or else of the tasks.
fn tell(context: &Context, store: &Store, named: &[Named], waited: &Waited) {
    let mut groups = named.iter().filter(|named| named.is_group).map(|named| &named.id).peekable();
    if groups.peek().is_some() {
        notice::of_groups(context, store, groups, waited.has_paused);
    } else {
        notice::of_tasks(context, &waited.ended, waited.has_paused);
    }
}

/// What has ended of what was named, in that order.
fn ended_of(store: &Store, named: &[Named], tasks: &[Task]) -> CommandResult<Vec<Ended>> {
    let tasks: HashMap<&TaskId, &Task> = tasks.iter().map(|task| (&task.id, task)).collect();
    let mut ended = Vec::with_capacity(named.len());
    for named in named {
        if named.is_group {
            let (group, members) = store.view(|view| Ok((view.group(&named.id)?, view.members(&named.id)?)))?;
            if let Some(group) = group.filter(|group| group.finished.is_some()) {
                ended.push(Ended::Group(Box::new(group), members));
            }
        } else if let Some(task) = tasks.get(&named.id) {
            ended.push(Ended::Task(Box::new((*task).clone())));
        }
    }
    Ok(ended)
}

fn has_completed(ended: &Ended) -> bool {
    match ended {
        Ended::Task(task) => answer::exit(task) == Exit::Ok,
        Ended::Group(group, _) => group.state() == StateName::Completed,
    }
}

fn object(ended: &Ended) -> Value {
    match ended {
        Ended::Task(task) => Value::Object(render::task_object(task, now())),
        Ended::Group(group, members) => {
            let mut object = render::group_object(group, now());
            let members: Vec<_> = members.iter().map(|member| render::member_object(group, member, now())).collect();
            object.insert("members".to_owned(), json!(members));
            Value::Object(object)
        }
    }
}

fn write(out: &mut dyn Write, ended: &Ended) -> std::io::Result<()> {
    match ended {
        Ended::Task(task) => writeln!(out, "{}", render::headline(task, now())),
        Ended::Group(group, members) => {
            writeln!(out, "{}", render::group_headline(group, now()))?;
            let tasks = members.iter().filter_map(|member| member.task.as_ref());
            tasks.into_iter().try_for_each(|task| writeln!(out, "  {}", render::headline(task, now())))
        }
    }
}

/// Waits for all of these tasks, with a gauge where there is a terminal.
pub fn wait_for(context: &Context, store: &Store, ids: &[TaskId], timeout: Option<Duration>) -> CommandResult<Waited> {
    wait_until(context, store, ids, timeout, &Hand::beside(None), &<[TaskId]>::is_empty)
}

/// The same for tasks that were just handed in, which may be those of this process.
pub fn wait_with(
    context: &Context,
    store: &Store,
    ids: &[TaskId],
    foreground: Option<Foreground>,
) -> CommandResult<Waited> {
    let is_over = || foreground.as_ref().is_some_and(Foreground::is_over);
    let hand = Hand::beside(foreground.as_ref());
    let waited = wait_until(context, store, ids, None, &hand, &|open| open.is_empty() || is_over())?;
    let Some(foreground) = foreground else { return Ok(waited) };
    foreground.end()?;
    Ok(Waited { ended: ended(store, ids, &still_open(store, ids.to_vec())?)?, ..waited })
}

/// Waits until what is open of these tasks is little enough.
fn wait_until(
    context: &Context,
    store: &Store,
    ids: &[TaskId],
    timeout: Option<Duration>,
    hand: &Hand,
    is_enough: &dyn Fn(&[TaskId]) -> bool,
) -> CommandResult<Waited> {
    let mut watch = Watch::new(context, timeout)?;
    let gauge = Gauge::new();
    let mut open = ids.to_vec();
    let mut is_first = true;
    loop {
        open = still_open(store, open)?;
        let is_over = is_enough(&open);
        if !is_over {
            if std::mem::take(&mut is_first) {
                // Whoever is to run them may be gone since they were handed in.
                ensure_daemon(context)?;
            }
            hand.lend(context, store)?;
            show(&gauge, store, ids, &open)?;
            if open.len() > MANY {
                std::thread::sleep(BREATH);
            }
        }
        if is_over || !watch.pause(Duration::MAX)? {
            return Ok(Waited { ended: ended(store, ids, &open)?, timed_out: !is_over, has_paused: !is_first });
        }
    }
}

/// Those of `ids` that have not ended.
fn still_open(store: &Store, ids: Vec<TaskId>) -> CommandResult<Vec<TaskId>> {
    let states = store.states(&ids)?;
    let mut open = Vec::with_capacity(ids.len());
    for (id, state) in ids.into_iter().zip(states) {
        match state {
            Some(state) if state.is_final() => {}
            Some(_) => open.push(id),
            None => return Err(Error::NotFound { id: id.into(), nearest: Vec::new(), retired: true }.into()),
        }
    }
    Ok(open)
}

fn show(gauge: &Gauge, store: &Store, ids: &[TaskId], open: &[TaskId]) -> CommandResult<()> {
    match (ids, open) {
        ([_], [only]) => {
            if let Some(task) = store.get(only)? {
                gauge.show_task(&task);
            }
        }
        _ => gauge.show_count(ids.len() - open.len(), ids.len()),
    }
    Ok(())
}

fn ended(store: &Store, ids: &[TaskId], open: &[TaskId]) -> CommandResult<Vec<Task>> {
    let open: HashSet<&TaskId> = open.iter().collect();
    let ended = ids.iter().filter(|id| !open.contains(id));
    let tasks = store.view(|view| ended.map(|id| view.get(id)).collect::<Result<Vec<_>, _>>())?;
    Ok(tasks.into_iter().flatten().collect())
}
