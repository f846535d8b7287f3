use super::*;
use crate::{
    Cancelled, Refused, files,
    http::{self, HttpError, Request},
    io::{self, IoError},
    process::{Command, ExitStatus, SpawnError, Stdio},
    search::Query,
    state,
};
use std::io::{Read as _, Write as _};

#[test]
fn what_the_world_was_not_given_is_denied() {
    World::new().without_folder().enter(|_| {
        assert!(matches!(files::walk("/project").files(), Err(Refused::Denied(_))));
        assert!(matches!(Query::new(["x"]).run("/project"), Err(Refused::Denied(_))));
        assert!(matches!(state::get("x"), Err(Refused::Denied(_))));
        assert!(matches!(http::get("https://a.example/"), Err(HttpError::Denied(_))));
        let Err(SpawnError::Denied(text)) = Command::new("git").output() else { panic!("it is denied") };
        assert!(text.starts_with("test may not start `git`"), "{text}");
    });
    World::new().enter(|_| {
        assert!(matches!(files::walk("/etc").files(), Err(Refused::Denied(_))));
        assert!(matches!(files::walk("/project/../..").files(), Err(Refused::Denied(_))));
    });
}

#[test]
fn files_and_hits_follow_the_rules_of_the_host() {
    let files =
        [(".git/HEAD", ""), (".gitignore", "out/\n"), ("out/a.rs", "fn x"), ("b.rs", "fn X\nfn y"), ("c.md", "x")];
    let world = files.into_iter().fold(World::new(), |world, (path, text)| world.file(path, text));
    world.enter(|_| {
        let names = |globs: &[&str]| -> Vec<String> {
            let files = files::walk("/project").globs(globs.iter().copied()).files().expect("files");
            files.map(|file| file.path.rsplit('/').next().unwrap_or_default().to_owned()).collect()
        };
        assert_eq!(names(&["*.rs"]), ["b.rs"]);
        assert_eq!(names(&[]), ["b.rs", "c.md"]);
        let hits = Query { context_after: 1, ..Query::new(["x", "FN"]) }.run("/project").expect("hits");
        let lines = hits.all().expect("lines");
        let shown: Vec<_> =
            lines.iter().map(|line| (line.path.as_str(), line.number, line.column, line.patterns.as_slice())).collect();
        assert_eq!(shown, [("b.rs", 1, 4, [0].as_slice()), ("b.rs", 2, 0, &[]), ("c.md", 1, 1, &[0])]);
        let stats = hits.stats().expect("stats");
        assert_eq!((stats.hits, stats.files_with_hits, stats.per_pattern), (2, 2, vec![2, 0]));
        assert!(matches!(Query::new(["("]).run("/project"), Err(Refused::Failed(_))));
    });
}

#[test]
fn a_program_reads_what_it_is_given_and_prints_where_it_is_led() {
    let world = World::new().file("in.txt", "").real_program("cat").program("tool", |call| {
        assert_eq!(call.args, ["-x"]);
        Ended::printed(call.stdin.to_ascii_uppercase()).complained("hm").code(3)
    });
    world.enter(|context| {
        assert_eq!(Command::new("cat").input("text").output().expect("output").stdout, b"text");
        let child = Command::new("tool").arg("-x").stdout(Stdio::Pipe).input("").spawn().expect("a child");
        let mut stdin = child.take_stdin().expect("stdin");
        write!(stdin, "a{}", 1).expect("written");
        stdin.finish().expect("finished");
        let (mut stdout, cancelled) = (child.take_stdout().expect("stdout"), context.cancelled());
        assert_eq!(io::wait(&[&stdout.ready(), &cancelled], None), Ok(vec![0]));
        let mut text = String::new();
        stdout.read_to_string(&mut text).expect("text");
        assert_eq!((text.as_str(), child.wait()), ("A1", ExitStatus::Code(3)));
        assert!(child.take_stdout().is_none());
    });
    assert_eq!(world.0.said.borrow().output, b"hm");
}

#[test]
fn web_pages_the_store_and_artifacts() {
    let world = World::new().kept("count", "1").page("https://a.example/", r#"{"a":1}"#).answers(
        "https://a.example/post",
        |asked| {
            let etag = asked.header("If-None-Match").unwrap_or_default().to_owned();
            Answer::new(304, asked.body.clone()).header("ETag", &etag).at("https://b.example/")
        },
    );
    world.enter(|context| {
        let page: BTreeMap<String, u8> =
            http::get("https://a.example/").expect("a page").success().expect("200").json().expect("JSON");
        assert_eq!(page["a"], 1);
        let request = Request::post("https://a.example/post", "body").header("if-none-match", "\"1\"");
        let answer = request.start().expect("under way").response().expect("an answer");
        assert_eq!(
            (answer.status, answer.url.as_str(), answer.header("etag")),
            (304, "https://b.example/", Some("\"1\""))
        );
        assert_eq!(answer.text().expect("text"), "body");
        assert_eq!(state::get_json::<u8>("count"), Ok(Some(1)));
        state::set_json("list", &["a"]).expect("kept");
        assert_eq!(state::keys("l"), Ok(vec!["list".to_owned()]));
        state::delete("count").expect("gone");
        let kept = context.artifact("a.html", "text/html").expect("a writer");
        kept.print("<p>").and_then(|()| kept.finish()).expect("finished");
        drop(context.artifact("b.html", "text/html").expect("a writer").print("thrown away"));
        assert!(context.artifact("../c", "text/html").is_err());
    });
    assert_eq!((world.stored("count"), world.stored("list")), (None, Some(br#"["a"]"#.to_vec())));
    assert_eq!(world.0.said.borrow().artifacts.keys().collect::<Vec<_>>(), ["a.html"]);
}

#[test]
fn a_cancellation_ends_every_wait() {
    let world = World::new().page("https://a.example/", "x").cancelled_at("half").program("x", |_| panic!("it runs"));
    world.enter(|context| {
        let page = http::get("https://a.example/").expect("a page");
        context.progress_at(0.5, "half of it");
        assert_eq!(context.check(), Err(Cancelled));
        assert_eq!(page.body.read_some(1), Err(IoError::Cancelled));
        assert_eq!(io::wait(&[&page.body.ready()], None), Err(IoError::Cancelled));
        assert!(context.cancelled().is_ready());
        assert!(matches!(http::get("https://a.example/"), Err(HttpError::Cancelled)));
        assert_eq!(Command::new("x").status(), Ok(ExitStatus::Killed));
    });
}
