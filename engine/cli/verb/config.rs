use crate::{
    context::Context,
    error::{CommandError, CommandResult},
    exit::Exit,
    prepare::Executors,
    render,
};
use hob_settings::{Settings, Shown};
use serde_json::json;
use std::io::Write as _;

/// Show where the configuration is, what is in force, and whether it is right.
#[derive(clap::Args)]
#[command(after_help = "Examples:
  hob config path
  hob config show
  $EDITOR \"$(hob config path)\" && hob config check")]
pub struct Arguments {
    #[command(subcommand)]
    what: What,
}

#[derive(clap::Subcommand)]
enum What {
    /// Print the path of hob.toml; it need not exist.
    Path {
        /// Print JSON: the paths of configuration, state and cache.
        #[arg(long)]
        json: bool,
    },
    /// Print every value in force as TOML, and where it comes from.
    Show {
        /// Print JSON.
        #[arg(long)]
        json: bool,
    },
    /// Say everything that is wrong with it, the components included.
    Check {
        /// Print JSON.
        #[arg(long)]
        json: bool,
    },
}

/// Shows it.
pub fn run(arguments: &Arguments) -> CommandResult {
    let context = Context::discover()?;
    match arguments.what {
        What::Path { json } => path(&context, json),
        What::Show { json } => show(&context, json),
        What::Check { json } => check(&context, json),
    }
}

fn path(context: &Context, as_json: bool) -> CommandResult {
    let mut out = anstream::stdout().lock();
    let places = &context.places;
    if as_json {
        let object = json!({
            "config": places.config.to_string_lossy(),
            "state": places.state.to_string_lossy(),
            "cache": places.cache.to_string_lossy(),
        });
        render::write_json(&mut out, &object)?;
    } else {
        writeln!(out, "{}", places.config.display())?;
    }
    Ok(Exit::Ok)
}

fn show(context: &Context, as_json: bool) -> CommandResult {
    let values = context.settings()?.shown();
    let mut out = anstream::stdout().lock();
    if as_json {
        render::write_json(&mut out, &Shown::as_json(&values))?;
    } else {
        write!(out, "{}", hob_core::sanitize(&Shown::as_toml(&values)))?;
    }
    Ok(Exit::Ok)
}

fn check(context: &Context, as_json: bool) -> CommandResult {
    let mut problems: Vec<String> = Settings::check(&context.places).iter().map(ToString::to_string).collect();
    if problems.is_empty() {
        let executors = Executors::new(context)?;
        let settings = context.settings()?;
        let broken = settings.executors().filter_map(|config| executors.describe(config).err());
        problems = broken.map(|error: CommandError| error.message()).collect();
    }
    let warnings = context.settings().map(|settings| settings.warnings().to_vec()).unwrap_or_default();
    let mut out = anstream::stdout().lock();
    if as_json {
        let object = json!({ "ok": problems.is_empty(), "problems": problems, "warnings": warnings });
        render::write_json(&mut out, &object)?;
        return Ok(if problems.is_empty() { Exit::Ok } else { Exit::Configuration });
    }
    warnings.iter().try_for_each(|warning| writeln!(out, "warning: {}", hob_core::sanitize(warning)))?;
    if problems.is_empty() {
        let path = &context.places.config;
        let note = if path.exists() { "" } else { " (there is no such file; the defaults are in force)" };
        writeln!(out, "nothing is wrong with {}{note}", path.display())?;
    } else {
        for problem in &problems {
            writeln!(out, "{}\n", hob_core::sanitize(problem))?;
        }
    }
    Ok(if problems.is_empty() { Exit::Ok } else { Exit::Configuration })
}
