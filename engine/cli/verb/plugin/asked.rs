//! What a component asks for, shown to a person, and what the person grants of it.

use crate::{
    error::{CommandError, CommandResult},
    render::{self, BOLD, Cell, DIM, PLAIN, Table, of_state, styled},
    verb::executors::grants::rows,
};
use hob_core::{Asks, Grant, StateName, sanitize_line};
use hob_settings::{GrantFlags, grant_lines};
use std::io::{self, BufRead, IsTerminal as _, Write};

/// Longest reason that is shown in a question.
const LONGEST: usize = 300;

/// What is granted, and of what only the person knows a value for `--grant` each.
pub struct Granted {
    /// The grant.
    pub grant: Grant,
    /// What `all` could not say.
    pub open: Vec<String>,
}

/// What is granted to a component that asks for `asks`: what the flags say; else what the person
/// answers, where somebody sits at a terminal; else nothing.
pub fn decide(asks: &Asks, flags: Option<&GrantFlags>, as_json: bool) -> CommandResult<Granted> {
    let nothing = || Granted { grant: Grant::default(), open: Vec::new() };
    if let Some(flags) = flags {
        let (grant, open) = flags.resolve(asks);
        return Ok(Granted { grant, open });
    }
    if asks.is_empty() || as_json || !is_answered() {
        return Ok(nothing());
    }
    let mut out = anstream::stdout().lock();
    write(&mut out, asks, &Grant::default())?;
    let mut answers = io::stdin().lock();
    loop {
        write!(out, "\nGrant it? yes: all of that; no: nothing; choose: one by one; quit: do not add it [y/n/c/q] ")?;
        match answer(&mut out, &mut answers)?.as_str() {
            "y" | "yes" => {
                let (grant, open) = asks.as_grant();
                return Ok(Granted { grant, open });
            }
            "n" | "no" => return Ok(nothing()),
            "c" | "choose" => return choose(asks, &mut out, &mut answers),
            "q" | "quit" => return Err(CommandError::usage("nothing was added")),
            _ => {}
        }
    }
}

/// Whether somebody sits at a terminal to answer questions.
pub fn is_answered() -> bool {
    io::stdin().is_terminal() && io::stdout().is_terminal()
}

fn yes(question: &str, out: &mut dyn Write, answers: &mut dyn BufRead) -> CommandResult<bool> {
    loop {
        write!(out, "{question} [y/n] ")?;
        match answer(out, answers)?.as_str() {
            "y" | "yes" => return Ok(true),
            "n" | "no" => return Ok(false),
            _ => {}
        }
    }
}

fn choose(asks: &Asks, out: &mut dyn Write, answers: &mut dyn BufRead) -> CommandResult<Granted> {
    let mut granted = Granted { grant: Grant::default(), open: Vec::new() };
    for ask in asks.each() {
        let Some(row) = rows(&ask, &Grant::default()).pop() else { continue };
        let (asked, reason) = (sanitize_line(&row.asked, LONGEST), sanitize_line(&row.reason, LONGEST));
        if yes(&format!("{asked}, {reason}?"), out, answers)? {
            let (grant, open) = ask.as_grant();
            granted.grant = granted.grant.and(grant);
            granted.open.extend(open);
        }
    }
    Ok(granted)
}

fn answer(out: &mut dyn Write, answers: &mut dyn BufRead) -> CommandResult<String> {
    out.flush()?;
    let mut line = String::new();
    if answers.read_line(&mut line)? == 0 {
        return Err(CommandError::usage("nobody answered, so nothing was changed"));
    }
    Ok(line.trim().to_ascii_lowercase())
}

/// What is asked for beside what is granted, with the reasons.
pub fn write(out: &mut dyn Write, asks: &Asks, grant: &Grant) -> io::Result<()> {
    writeln!(out, "\n{}", styled(BOLD, "Asked and granted"))?;
    let rows = rows(asks, grant);
    if rows.is_empty() {
        return writeln!(out, "it asks for nothing");
    }
    let mut table = Table::new(&["ASKS FOR", "GRANTED", "BECAUSE"]);
    for row in rows {
        let granted = match row.granted {
            Some(granted) => Cell::new(of_state(StateName::Completed), granted),
            None => Cell::new(of_state(StateName::Failed), "nothing"),
        };
        table.row(vec![Cell::new(PLAIN, row.asked), granted, Cell::new(PLAIN, row.reason)]);
    }
    table.write(out, render::width())
}

/// How to grant what is asked for and not granted.
pub fn write_next(out: &mut dyn Write, name: &str, asks: &Asks, granted: &Granted) -> io::Result<()> {
    let line = |out: &mut dyn Write, value: &str| {
        let value = sanitize_line(value, LONGEST);
        writeln!(out, "{}", styled(DIM, format!("  hob plugin grant {name} --write --grant '{value}'")))
    };
    if !granted.open.is_empty() {
        writeln!(out, "\nOf this only you know what it may be; complete it and type")?;
        granted.open.iter().try_for_each(|value| line(out, value))?;
    }
    let (all, _) = asks.as_grant();
    let more = granted.grant.clone().and(all);
    let lines = grant_lines(&granted.grant);
    let missing: Vec<_> = grant_lines(&more).into_iter().filter(|line| !lines.contains(line)).collect();
    if rows(asks, &granted.grant).iter().any(|row| row.granted.is_none()) && !missing.is_empty() {
        writeln!(out, "\nTo grant it more, type one of")?;
        missing.iter().try_for_each(|(key, value)| line(out, &format!("{key}={value}")))?;
    }
    Ok(())
}
