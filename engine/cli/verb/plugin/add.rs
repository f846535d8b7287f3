use super::{
    asked,
    known::{Accepted, Plugin, object},
};
use crate::{
    context::Context,
    error::{CommandError, CommandResult},
    exit::Exit,
    render::{self, BOLD, styled},
    verb::dispatch::options,
};
use hob_core::{
    CONTRACT_VERSION, ComponentSource, Description, ExecutorConfig, ExecutorName, Grant, Limits, sanitize_line,
};
use hob_host::{AdmissionError, LARGEST_COMPONENT};
use hob_plugins::{Depot, Entry, Fetched, Kept, Source};
use hob_settings::Edit;
use serde_json::Value;
use std::{io::Write as _, sync::Arc};

/// Add a component as an executor: look at it, show what it asks for, and grant what you accept.
///
/// SOURCE is a .wasm file, the folder of a project with `hob-plugin.toml`, an address `https://…` with --sha256, or
/// `oci://REGISTRY/NAME@sha256:…`. Its bytes are copied, and pinned by their digest in hob.toml and hob.lock. Nothing
/// is granted but what you say: with `--grant`, or on a terminal when you are asked.
#[derive(clap::Args)]
#[command(after_help = "Examples:
  hob plugin add ./word-count
  hob plugin add ./word-count.wasm --name words --grant all
  hob plugin add https://example.org/word-count.wasm --sha256 9f86d0818…
  hob plugin add oci://registry.example/tools/word-count@sha256:9f86d0818…
  hob plugin add ./word-count.wasm --grant 'dirs=[{ host = \"{cwd}\", guest = \"/project\" }]' --grant 'state=\"1MiB\"'")]
pub struct Arguments {
    /// Where it comes from.
    source: String,
    #[command(flatten)]
    digest: Digest,
    /// The executor's name [default: that of the project, or the component's own].
    #[arg(long)]
    name: Option<ExecutorName>,
    /// What it may do: `all` that it asks for, `none`, or a key of [executors.NAME.grant] with its
    /// value as in hob.toml; may be repeated. Without it you are asked, where there is a terminal.
    #[arg(long, value_name = "KEY=VALUE")]
    grant: Vec<String>,
    /// Print JSON: the plugin.
    #[arg(long)]
    json: bool,
}

/// The digest of what is to come.
#[derive(clap::Args)]
pub struct Digest {
    /// The SHA-256 that its bytes have to have; an https address needs it.
    #[arg(long, value_name = "HEX")]
    sha256: Option<String>,
}

impl Digest {
    /// As it was typed.
    pub fn sha256(&self) -> Option<&str> {
        self.sha256.as_deref()
    }
}

/// Adds it.
pub fn run(arguments: &Arguments) -> CommandResult {
    let context = Context::discover()?;
    let flags = (!arguments.grant.is_empty()).then(|| context.grant_flags(&arguments.grant)).transpose()?;
    if let Some(name) = &arguments.name {
        free(&context, name)?;
    }
    let source = Source::parse(&arguments.source, arguments.digest.sha256(), &options::folder(None)?)?;
    let depot = Depot::new(&context.places.state);
    let fetched = source.fetch(&depot, LARGEST_COMPONENT, arguments.digest.sha256())?;
    let new = New { context: &context, source: &source, depot: &depot, fetched: &fetched };
    let added = new.describe().and_then(|description| {
        let name = match arguments.name.as_ref().or(fetched.name.as_ref()) {
            Some(name) => name.clone(),
            None => {
                description.name.parse().map_err(|error| CommandError::usage(error).hint("give it one: --name NAME"))?
            }
        };
        free(&context, &name)?;
        let granted = asked::decide(&description.asks, flags.as_ref(), arguments.json)?;
        new.accept(&name, &description, &granted.grant)?;
        Ok((name, description, granted))
    });
    let (name, description, granted) = added.inspect_err(|_| new.forget())?;
    let accepted = Context::discover()?;
    let plugin = Accepted::read(&accepted)?.find(name.as_str())?;
    let mut out = anstream::stdout().lock();
    if arguments.json {
        render::write_json(&mut out, &object(&plugin))?;
        return Ok(Exit::Ok);
    }
    writeln!(out, "added  {}  {}", styled(BOLD, &name), headline(&plugin))?;
    asked::write(&mut out, &description.asks, &granted.grant)?;
    asked::write_next(&mut out, name.as_str(), &description.asks, &granted)?;
    writeln!(out, "\n`hob dispatch {name} --help` shows its parameters")?;
    Ok(Exit::Ok)
}

/// Its own name and version, and its digest.
pub fn headline(plugin: &Plugin) -> String {
    let Entry { name, version, sha256, .. } = &plugin.entry;
    sanitize_line(&format!("{name} {version}, sha256 {sha256}"), 200)
}

/// Refuses a name that an executor has.
fn free(context: &Context, name: &ExecutorName) -> CommandResult<()> {
    if context.settings()?.executor(name).is_err() {
        return Ok(());
    }
    let error = CommandError::usage(format!("there is an executor `{name}` already"));
    Err(error.hint(format!("another name: --name NAME; another version of it: `hob plugin update {name}`")))
}

/// A component that was brought here and is not accepted yet.
pub struct New<'a> {
    pub context: &'a Context,
    pub source: &'a Source,
    pub depot: &'a Depot,
    pub fetched: &'a Fetched,
}

impl New<'_> {
    /// What it says of itself, if hob can run it.
    pub fn describe(&self) -> CommandResult<Arc<Description>> {
        let Kept { path, sha256, .. } = &self.fetched.kept;
        let config = ExecutorConfig {
            name: "plugin".parse().map_err(CommandError::internal)?,
            component: ComponentSource::File { path: path.clone(), sha256: Some(sha256.clone()) },
            summary: None,
            grant: Grant::default(),
            limits: Limits::default(),
            settings: Value::Null,
            repeatable: false,
        };
        let admitted = self.context.catalog()?.admit(&config).map_err(|error| {
            let cause = match error {
                // In the words of whoever typed the source; the copy has a name that nobody knows.
                AdmissionError::Refused { refusal, .. } => anyhow::anyhow!("{} {refusal}", self.source),
                AdmissionError::Description { source, .. } => anyhow::anyhow!("{}: {source}", self.source),
                other => anyhow::anyhow!("cannot use {}: {other}", self.source),
            };
            CommandError::new(Exit::Configuration, cause)
        })?;
        Ok(admitted.description)
    }

    /// What `hob.lock` says of it.
    pub fn entry(&self, description: &Description) -> Entry {
        Entry {
            name: description.name.clone(),
            version: description.version.clone(),
            source: self.source.to_string(),
            sha256: self.fetched.kept.sha256.clone(),
            contract: CONTRACT_VERSION.to_owned(),
            asks: description.asks.clone(),
        }
    }

    fn accept(&self, name: &ExecutorName, description: &Description, grant: &Grant) -> CommandResult<()> {
        let _held = self.depot.hold()?;
        let mut accepted = Accepted::read(self.context)?;
        let mut edit = Edit::open(&self.context.places)?;
        let Kept { path, sha256, .. } = &self.fetched.kept;
        edit.add_executor(name, path, sha256, grant)?;
        let before = accepted.lock.clone();
        accepted.lock.entries.insert(name.clone(), self.entry(description));
        accepted.lock.write()?;
        // Without its line in hob.toml it would be nobody's.
        edit.save().inspect_err(|_| drop(before.write()))?;
        Ok(())
    }

    /// Leaves nothing behind of what was not accepted.
    pub fn forget(&self) {
        let Kept { sha256, is_new, .. } = &self.fetched.kept;
        let is_accepted = || Accepted::read(self.context).is_ok_and(|accepted| accepted.lock.has(sha256));
        if *is_new
            && !is_accepted()
            && let Err(error) = self.depot.discard(sha256)
        {
            tracing::warn!("{error}");
        }
    }
}
