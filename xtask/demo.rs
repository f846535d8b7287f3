mod research;

use crate::{hob::Hob, repository::Repository, run};
use anyhow::{Context as _, Result, ensure};
use serde_json::{Value, json};
use std::{
    collections::BTreeMap,
    fs,
    path::Path,
    process::Child,
    thread,
    time::{Duration, Instant},
};

/// Seven tasks through five slots, and a preset that researches: what `hob` is for, on its own sources.
pub fn demo(repository: &Repository, _args: &[String]) -> Result<()> {
    // Not below these sources: hob's own folders, and whatever holds them, are granted to no component.
    let home = std::env::temp_dir().join(format!("hob-demo-{}", std::env::var("USER").as_deref().unwrap_or("me")));
    let documentation = research::Documentation::serve(repository)?;
    let configuration = format!("notifications = false\n{}", documentation.configuration());
    let hob = Hob::build(repository, &home, &configuration)?;
    let start = Instant::now();
    let tasks = tasks();
    let ids: Vec<&str> = tasks.iter().map(|(id, _)| *id).collect();

    let lines: String = tasks.iter().map(|(id, task)| line(id, task)).collect();
    let batch = home.join("tasks.jsonl");
    fs::write(&batch, &lines)?;
    println!("\n$ hob dispatch --batch tasks.jsonl\n{lines}");
    run::output(hob.command().args(["dispatch", "--batch"]).arg(&batch).current_dir(&repository.root))?;

    println!("Live, as `hob list` has it:");
    let mut waiter = hob.command().arg("wait").args(&ids).stdout(std::process::Stdio::null()).spawn()?;
    let watched = watch(&hob, &mut waiter, start);
    if watched.is_err() {
        // Its answer matters to nobody now.
        let _ = waiter.kill();
        let _ = waiter.wait();
    }
    watched?;

    for id in &ids {
        println!("\n$ hob output {id}");
        print!("{}", run::output(hob.command().args(["output", id]))?);
    }
    println!("\n$ hob status\n{}", hob.output(["status"])?.trim_end());
    research::research(&hob, repository)?;
    println!("\nAll of it in {:.1} s. Try next:\n\n{}", start.elapsed().as_secs_f64(), next(&hob, &repository.root));
    Ok(())
}

/// Ids and what to do: the three kinds of `explore`, and commands of a developer's day.
fn tasks() -> Vec<(&'static str, Value)> {
    let explore = |params: Value| json!({ "executor": "explore", "params": params });
    let shell = |command: &str| json!({ "executor": "shell", "params": { "command": command } });
    vec![
        (
            "find-unsafe",
            explore(
                json!({ "pattern": ["unsafe \\{", "fork\\(", "deserialize_file"], "glob": ["*.rs"], "context": 1 }),
            ),
        ),
        ("find-tests", explore(json!({ "pattern": ["#[test]"], "literal": true, "files_only": true }))),
        ("find-states", explore(json!({ "pattern": ["enum State", "fn transition", "IllegalTransition"] }))),
        ("history", shell("git log --oneline -5 || echo 'no history: these sources are not a clone'")),
        ("lines", shell("find engine plugins -name '*.rs' | xargs cat | wc -l")),
        (
            "crates",
            json!({ "executor": "shell", "params": { "argv": ["cargo", "tree", "--depth", "1", "--offline"] } }),
        ),
        ("steps", shell("for n in 1 2 3; do echo step $n of 3; sleep 0.3; done")),
    ]
}

fn line(id: &str, task: &Value) -> String {
    let mut whole = task.clone();
    whole["id"] = id.into();
    format!("{whole}\n")
}

/// Longer than a busy machine needs for these tasks.
const PATIENCE: Duration = Duration::from_mins(2);

/// Says what changes until the waiter has ended.
fn watch(hob: &Hob, waiter: &mut Child, start: Instant) -> Result<()> {
    let mut known = BTreeMap::new();
    loop {
        let ended = waiter.try_wait()?;
        let listed = hob.json(["list", "--json"])?;
        for task in listed.as_array().context("a list of tasks")?.iter().rev() {
            let text = |key: &str| task[key].as_str().unwrap_or_default().to_owned();
            let (id, state) = (text("id"), text("state"));
            if known.insert(id.clone(), state.clone()).as_ref() != Some(&state) {
                println!("  {:>5.2} s  {state:<9}  {id:<12} {}", start.elapsed().as_secs_f64(), text("executor"));
            }
        }
        if let Some(status) = ended {
            let unfinished: Vec<&String> =
                known.iter().filter(|(_, state)| *state != "completed").map(|(id, _)| id).collect();
            ensure!(status.success() && unfinished.is_empty(), "not completed: {unfinished:?} ({status})");
            return Ok(());
        }
        ensure!(start.elapsed() < PATIENCE, "the tasks did not end within {} s", PATIENCE.as_secs());
        thread::sleep(Duration::from_millis(30));
    }
}

fn next(hob: &Hob, root: &Path) -> String {
    let program = hob.program().strip_prefix(root).unwrap_or(hob.program()).display();
    let commands = [
        ("output find-unsafe --log", "all that it printed"),
        ("output find-tests --json", "the typed result"),
        ("dispatch shell \"cargo test\" --id tests", "something that takes longer"),
        ("output tests --follow", "watch it"),
        ("executors explore", "what it does, its parameters, what it may do"),
        ("help", "everything else"),
    ];
    let lines = commands.map(|(command, about)| format!("  {:<58} # {about}\n", format!("{program} {command}")));
    format!("  export HOB_HOME={}\n{}", hob.home().display(), lines.concat())
}
