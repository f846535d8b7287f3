use crate::{error::CommandResult, exit::Exit, render};
use serde_json::json;
use std::io::Write as _;

/// The skill, as agents read it.
const SKILL: &str = include_str!("../../../skills/hob/SKILL.md");

/// Print the SKILL.md that teaches an agent to work with hob.
///
/// It is in the Agent Skills format, which most agents read from a folder of that name.
#[derive(clap::Args)]
#[command(after_help = "Examples:
  mkdir -p ~/.claude/skills/hob && hob skill > ~/.claude/skills/hob/SKILL.md
  mkdir -p .agents/skills/hob && hob skill > .agents/skills/hob/SKILL.md")]
pub struct Arguments {
    /// Print JSON: its name, its description and the whole text.
    #[arg(long)]
    json: bool,
}

/// Prints it.
pub fn run(arguments: &Arguments) -> CommandResult {
    let mut out = anstream::stdout().lock();
    if arguments.json {
        let object = json!({ "name": field("name"), "description": field("description"), "text": SKILL });
        render::write_json(&mut out, &object)?;
    } else {
        out.write_all(SKILL.as_bytes())?;
    }
    Ok(Exit::Ok)
}

/// A line of its frontmatter; each is one there.
fn field(name: &str) -> Option<&'static str> {
    SKILL.lines().skip(1).take_while(|line| *line != "---").find_map(|line| {
        let (key, value) = line.split_once(": ")?;
        (key == name).then_some(value)
    })
}
