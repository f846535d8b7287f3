use super::{
    add::{Digest, New, headline},
    asked::{self, Granted},
    known::{Accepted, Plugin, object},
};
use crate::{
    context::Context,
    error::{CommandError, CommandResult},
    exit::Exit,
    render::{self, BOLD, styled},
    verb::{dispatch::options, executors::grants::rows},
};
use hob_core::{Asks, ExecutorConfig, Grant, sanitize_line};
use hob_host::LARGEST_COMPONENT;
use hob_plugins::{Depot, Fetched, Source, State};
use hob_settings::{Edit, GrantFlags, grant_lines};
use std::io::{self, Write};

/// Longest list of what is asked for.
const LONGEST: usize = 400;

/// Replace a component by what its source has now, or by another version; its grants stay.
///
/// What the new version asks for beyond the old one is shown, and nothing of it is granted by itself:
/// on a terminal you are asked, a script says it with `--grant` or `--keep-grant`. Without either such
/// a version is refused, and the old one stays.
#[derive(clap::Args)]
#[command(after_help = "Examples:
  hob plugin update word-count
  hob plugin update word-count ./word-count-2.wasm --keep-grant
  hob plugin update word-count oci://registry.example/word-count:2.0@sha256:… --grant all")]
pub struct Arguments {
    /// The executor's name.
    name: String,
    /// Where the new version comes from [default: where the old one came from].
    source: Option<String>,
    #[command(flatten)]
    digest: Digest,
    /// What it may do of what it asks for beyond the old version: `all`, `none`, or a key of
    /// [executors.NAME.grant] with its value as in hob.toml; may be repeated.
    #[arg(long, value_name = "KEY=VALUE")]
    grant: Vec<String>,
    /// Take a version that asks for more, and grant it nothing more.
    #[arg(long, conflicts_with = "grant")]
    keep_grant: bool,
    /// Print JSON: the plugin, with `asks_more` and `asks_less`.
    #[arg(long)]
    json: bool,
}

/// Replaces it.
pub fn run(arguments: &Arguments) -> CommandResult {
    let context = Context::discover()?;
    let flags = context.grant_flags(&arguments.grant)?;
    let flags = (!arguments.grant.is_empty() || arguments.keep_grant).then_some(flags);
    let old = Accepted::read(&context)?.find(&arguments.name)?;
    let config = old.config.clone().ok_or_else(|| {
        let problem = old.problem.clone().unwrap_or_default();
        CommandError::new(Exit::Configuration, anyhow::anyhow!("{}: {problem}", old.name))
    })?;
    let source = match &arguments.source {
        Some(source) => Source::parse(source, arguments.digest.sha256(), &options::folder(None)?)?,
        None => Source::parse(&old.entry.source, None, &options::folder(None)?)?.newest()?,
    };
    let depot = Depot::new(&context.places.state);
    let was = depot.state(&old.entry.sha256)?;
    let fetched = source.fetch(&depot, LARGEST_COMPONENT, arguments.digest.sha256())?;
    let new = New { context: &context, source: &source, depot: &depot, fetched: &fetched };
    let update = Update { new: &new, old: &old, config: &config };
    let (more, less) = update.make(flags.as_ref(), arguments.json).inspect_err(|_| new.forget())?;
    let now = Context::discover()?;
    let plugin = Accepted::read(&now)?.find(old.name.as_str())?;
    let mut out = anstream::stdout().lock();
    if arguments.json {
        let mut object = object(&plugin);
        object["asks_more"] = serde_json::to_value(&more).map_err(CommandError::internal)?;
        object["asks_less"] = serde_json::to_value(&less).map_err(CommandError::internal)?;
        render::write_json(&mut out, &object)?;
        return Ok(Exit::Ok);
    }
    if plugin.entry.sha256 == old.entry.sha256 {
        let what = if was == State::Whole { "nothing new" } else { "restored" };
        writeln!(out, "{what}  {}  {}", styled(BOLD, &plugin.name), headline(&plugin))?;
        return Ok(Exit::Ok);
    }
    let from = sanitize_line(&old.entry.version, LONGEST);
    writeln!(out, "updated  {}  {from} to {}", styled(BOLD, &plugin.name), headline(&plugin))?;
    differences(&mut out, &more, &less)?;
    let grant = plugin.config.as_ref().map(|config| config.grant.clone()).unwrap_or_default();
    asked::write(&mut out, &plugin.entry.asks, &grant)?;
    let granted = Granted { grant, open: Vec::new() };
    asked::write_next(&mut out, plugin.name.as_str(), &plugin.entry.asks, &granted)?;
    Ok(Exit::Ok)
}

/// One component in place of another.
struct Update<'u> {
    new: &'u New<'u>,
    old: &'u Plugin,
    config: &'u ExecutorConfig,
}

impl Update<'_> {
    /// What the new one asks for beyond the old one, and what it does not ask for any more.
    fn make(&self, flags: Option<&GrantFlags>, as_json: bool) -> CommandResult<(Asks, Asks)> {
        let Self { new, old, config } = self;
        let description = new.describe()?;
        let (more, less) = (description.asks.beyond(&old.entry.asks), old.entry.asks.beyond(&description.asks));
        let mut grant = config.grant.clone();
        if !more.is_empty() {
            match flags {
                Some(flags) => grant = grant.and(flags.resolve(&more).0),
                None if asked::is_answered() && !as_json => {
                    differences(&mut anstream::stdout().lock(), &more, &less)?;
                    grant = grant.and(asked::decide(&more, None, false)?.grant);
                }
                None => return Err(self.asks_more(&description.version, &more)),
            }
        }
        self.write(&new.entry(&description), &grant)?;
        Ok((more, less))
    }

    fn asks_more(&self, version: &str, more: &Asks) -> CommandError {
        let Plugin { name, entry, .. } = self.old;
        let message =
            format!("{name} {version} asks for more than {} did: {}; nothing was changed", entry.version, listed(more));
        let error = CommandError::new(Exit::Denied, anyhow::anyhow!("{}", sanitize_line(&message, usize::MAX)));
        error
            .hint(format!("to take it and grant nothing more: add --keep-grant to `hob plugin update {name}`"))
            .hint("to grant that too: add --grant all, or --grant KEY=VALUE for a part of it")
    }

    fn write(&self, entry: &hob_plugins::Entry, grant: &Grant) -> CommandResult<()> {
        let Self { new, old, config } = self;
        let Fetched { kept, .. } = new.fetched;
        let _held = new.depot.hold()?;
        let mut accepted = Accepted::read(new.context)?;
        let mut edit = Edit::open(&new.context.places)?;
        edit.set_component(&old.name, &kept.path, &kept.sha256)?;
        let has = grant_lines(&config.grant);
        let lines: Vec<_> = grant_lines(grant).into_iter().filter(|line| !has.contains(line)).collect();
        edit.add_to_grant(&old.name, &lines)?;
        let before = accepted.lock.clone();
        accepted.lock.entries.insert(old.name.clone(), entry.clone());
        accepted.lock.write()?;
        edit.save().inspect_err(|_| drop(before.write()))?;
        if !accepted.lock.has(&old.entry.sha256) {
            accepted.depot.discard(&old.entry.sha256)?;
        }
        Ok(())
    }
}

fn differences(out: &mut dyn Write, more: &Asks, less: &Asks) -> io::Result<()> {
    if !more.is_empty() {
        writeln!(out, "asks for more: {}", sanitize_line(&listed(more), LONGEST))?;
    }
    if !less.is_empty() {
        writeln!(out, "no longer asks for: {}", sanitize_line(&listed(less), LONGEST))?;
    }
    Ok(())
}

/// What is asked for, with the reasons.
fn listed(asks: &Asks) -> String {
    let rows = rows(asks, &Grant::default());
    let rows: Vec<String> = rows.iter().map(|row| format!("{} ({})", row.asked, row.reason)).collect();
    rows.join("; ")
}
