//! web-fetch and the servers that it asks: what is asked again, what is left alone, what fails.

use crate::{
    file_server::{Answer, FileServer},
    sandbox::{Sandbox, eventually},
    web::{configuration, fetch, html, nothing, site},
};
use serde_json::Value;
use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

#[test]
fn a_page_is_sent_again_only_when_it_has_changed() {
    const DATE: &str = "Sun, 06 Nov 1994 08:49:37 GMT";
    let changed = Arc::new(AtomicBool::new(false));
    let has_changed = Arc::clone(&changed);
    let (sandbox, server) = site(move |asked| match asked.path.as_str() {
        "/tagged" if has_changed.load(Ordering::SeqCst) => html("<p>The second").with("etag", "\"two\""),
        "/tagged" if asked.header("if-none-match") == Some("\"one\"") => Answer::new(304, "text/html", ""),
        "/tagged" => html("<p>The first").with("etag", "\"one\""),
        "/dated" if asked.header("if-modified-since") == Some(DATE) => Answer::new(304, "text/html", ""),
        "/dated" => Answer::new(200, "text/plain", "dated").with("last-modified", DATE),
        "/secret" => html("<p>Not to be kept").with("etag", "\"s\"").with("cache-control", "private, no-store"),
        _ => nothing(),
    });
    let addresses = [server.address("tagged"), server.address("dated"), server.address("secret")];
    let ask = |id: &str, more: &[&str]| {
        let args: Vec<&str> = addresses.iter().map(String::as_str).chain(more.iter().copied()).collect();
        let (shown, data) = fetch(&sandbox, id, &args);
        let unchanged: Vec<bool> =
            data["pages"].as_array().into_iter().flatten().map(|page| page["unchanged"] == true).collect();
        let mut asked = server.asked();
        asked.sort_by(|one, other| one.path.cmp(&other.path));
        (shown, unchanged, asked)
    };
    let (shown, unchanged, asked) = ask("first", &[]);
    assert!(shown.contains("The first") && !shown.contains("unchanged"), "{shown}");
    assert_eq!(unchanged, [false, false, false]);
    let paths: Vec<&str> = asked.iter().map(|one| one.path.as_str()).collect();
    assert_eq!(paths, ["/dated", "/robots.txt", "/secret", "/tagged"]);
    for one in &asked {
        let agent = one.header("user-agent").unwrap_or_default();
        assert!(agent.starts_with("hob/") && agent.contains("(+web-fetch)"), "{agent}");
        assert_eq!(one.header("if-none-match").or(one.header("if-modified-since")), None);
    }

    let (shown, unchanged, asked) = ask("second", &[]);
    assert!(shown.contains("The first") && shown.contains("dated") && shown.contains("\nunchanged: "), "{shown}");
    assert_eq!(unchanged, [true, true, false]);
    let statuses: Vec<(&str, u16)> = asked.iter().map(|one| (one.path.as_str(), one.status)).collect();
    assert_eq!(
        statuses,
        [("/dated", 304), ("/secret", 200), ("/tagged", 304)],
        "the rules for robots are kept as well"
    );

    let (_, unchanged, asked) = ask("anew", &["--no-cache"]);
    assert_eq!(unchanged, [false, false, false]);
    assert!(asked.iter().all(|one| one.header("if-none-match").is_none()), "{asked:?}");

    changed.store(true, Ordering::SeqCst);
    let (shown, unchanged, _) = ask("changed", &[]);
    assert!(shown.contains("The second"), "{shown}");
    assert_eq!(unchanged, [false, true, false]);
}

#[test]
fn robots_are_asked_to_leave_alone_what_they_are_asked_to() {
    let (sandbox, server) = site(|asked| match asked.path.as_str() {
        "/robots.txt" => Answer::new(200, "text/plain", "User-agent: *\nDisallow: /private/\n"),
        "/private/diary" => html("<p>Dear diary"),
        "/open" => Answer::new(302, "text/html", "").with("location", "/private/diary"),
        _ => nothing(),
    });
    for path in ["private/diary", "open"] {
        let ran = sandbox.run(["dispatch", "web-fetch", &server.address(path), "--id", &path[..4], "--wait"]);
        assert!(ran.code == 1 && !ran.stdout.contains("Dear"), "{ran:?}");
        assert!(server.asked().iter().all(|one| !one.path.starts_with("/private")));
    }
    let task = sandbox.show("priv");
    let message = task["failure"]["message"].as_str().expect("a message");
    assert!(message.contains("/robots.txt asks robots to leave this alone"), "{message}");
    let lines = &message[message.find("[executors.web-fetch.settings]").expect("lines that allow it")..];
    sandbox.configure(&format!("{}{lines}\n", configuration(&[server.port])));
    let (shown, _) = fetch(&sandbox, "allowed", &[&server.address("private/diary")]);
    assert!(shown.contains("Dear diary"), "{shown}");
    assert!(server.asked().iter().all(|one| one.path != "/robots.txt"));
}

#[test]
fn a_site_whose_rules_cannot_be_read_is_left_alone() {
    let (sandbox, server) = site(|asked| match asked.path.as_str() {
        "/robots.txt" => Answer::new(503, "text/plain", ""),
        _ => html("<p>text"),
    });
    let ran = sandbox.run(["dispatch", "web-fetch", &server.address(""), "--id", "x", "--wait"]);
    assert!(ran.code == 1 && ran.stdout.contains("/robots.txt: the server answered 503"), "{ran:?}");
    assert_eq!(sandbox.show("x")["failure"]["retryable"], true);
}

#[test]
fn one_that_fails_does_not_spoil_the_others() {
    let (sandbox, server) = site(|asked| match asked.path.as_str() {
        "/good" => html("<title>Good</title><p>It is here"),
        "/picture" => Answer::new(200, "image/png", *b"\x89PNG\0\0"),
        "/program" => Answer::new(200, "application/octet-stream", *b"\x7fELF\0\0"),
        "/busy" => Answer::new(429, "text/plain", "slow down").with("retry-after", "90"),
        _ => nothing(),
    });
    let addresses = ["gone", "good", "picture", "program", "busy"].map(|path| server.address(path));
    let args: Vec<&str> = addresses.iter().map(String::as_str).collect();
    let (shown, data) = fetch(&sandbox, "mixed", &args);
    assert_eq!((&data["fetched"], &data["failed"]), (&1.into(), &4.into()), "{data}");
    let errors = [
        "the server answered 404 Not Found",
        "",
        "it is image/png, which is no text",
        "it is of no declared type, which is no text",
        "the server answered 429 Too Many Requests; it may be asked again in 90 s",
    ];
    for ((page, address), error) in data["pages"].as_array().expect("pages").iter().zip(&addresses).zip(errors) {
        assert_eq!(page["url"], address.as_str(), "in the order in which they were given");
        assert!(page["error"].as_str().unwrap_or_default().starts_with(error), "{page}");
        assert!(shown.contains(&format!("url: {address}\n")) && shown.contains(error), "{shown}");
    }
    assert_eq!((&data["pages"][0]["status"], &data["pages"][4]["retry_after_ms"]), (&404.into(), &90_000.into()));
    let summary = sandbox.show("mixed")["result"]["summary"].to_string();
    assert!(summary.contains("1 of 5 pages") && summary.contains("(and 3 more)"), "{summary}");

    // Without the good one there is nothing.
    let args: Vec<&str> = args.into_iter().filter(|address| !address.ends_with("/good")).collect();
    let ran = sandbox.run(["dispatch", "web-fetch", "--id", "none", "--wait"].iter().chain(&args));
    assert_eq!(ran.code, 1, "{ran:?}");
    for words in ["404 Not Found", "image/png", "try again at", "hob retry none"] {
        assert!(ran.stdout.contains(words), "`{words}` is not in: {}", ran.stdout);
    }
    let failure = &sandbox.show("none")["failure"];
    assert_eq!((&failure["retryable"], &failure["retry_after_ms"]), (&true.into(), &90_000.into()), "{failure}");
    assert_eq!(failure["data"]["failed"], 4, "{failure}");
}

#[test]
fn your_own_network_is_granted_by_you_alone() {
    let (sandbox, server) = site(|asked| match asked.path.as_str() {
        "/out" => Answer::new(302, "text/html", "").with("location", "http://localhost:1/x"),
        _ => html("<p>inside"),
    });
    let address = server.address("");
    // The defaults have all of the web; first the port of the host is refused, then that it is this machine.
    let mut lines = String::new();
    for id in ["port", "machine"] {
        sandbox.configure(&format!("notifications = false\n{lines}\n"));
        let ran = sandbox.run(["dispatch", "web-fetch", &address, "--id", id, "--wait"]);
        assert_eq!(ran.code, 5, "{ran:?}");
        assert!(server.asked().is_empty(), "it is refused before anything is sent");
        let task = sandbox.show(id);
        let message = task["failure"]["message"].as_str().expect("a message");
        lines = message[message.find("[executors.web-fetch.grant]").expect("lines that allow it")..].to_owned();
    }
    assert!(lines.contains("local = true"), "{lines}");
    sandbox.configure(&format!("notifications = false\n{lines}\n"));
    let (shown, _) = fetch(&sandbox, "granted", &[&address]);
    assert!(shown.contains("inside"), "{shown}");
    // A redirect leads nowhere else, and stands beside what could be fetched.
    let (shown, data) = fetch(&sandbox, "beside", &[&address, &server.address("out")]);
    assert_eq!(data["failed"], 1, "{data}");
    assert!(
        shown.contains("inside") && shown.contains("localhost") && shown.contains("\n[executors.web-fetch.grant]\n"),
        "{shown}"
    );
}

#[test]
fn a_host_is_asked_two_things_at_once() {
    let server = FileServer::answering(Duration::from_millis(20), |asked| match asked.path.as_str() {
        "/robots.txt" => nothing(),
        path => html(&format!("<p>This is {path}")),
    });
    let sandbox = Sandbox::with_config(&configuration(&[server.port]));
    let addresses: Vec<String> = (0..9).map(|number| server.address(&format!("page{number}"))).collect();
    let (shown, data) = fetch(&sandbox, "nine", &addresses.iter().map(String::as_str).collect::<Vec<_>>());
    assert_eq!(data["fetched"], 9, "{data}");
    assert!((0..9).all(|number| shown.contains(&format!("This is /page{number}"))), "{shown}");
    assert_eq!(server.most_at_once(), 2);
    let asked = server.asked();
    assert_eq!((asked.len(), asked[0].path.as_str()), (10, "/robots.txt"), "the rules first, and once");
}

#[test]
fn the_addresses_of_a_text() {
    let (sandbox, server) = site(|asked| match asked.path.as_str() {
        "/robots.txt" => nothing(),
        path => html(&format!("<p>This is {path}")),
    });
    let text = format!("See <{}>, [b]({}). Or {}.", server.address("a"), server.address("b#c"), server.address("d"));
    let (shown, data) = fetch(&sandbox, "some", &["--text", &text, "--max", "2"]);
    assert_eq!(data["fetched"], 2, "{data}");
    assert!(shown.contains("This is /a") && shown.contains("This is /b") && !shown.contains("This is /d"), "{shown}");
    let summary = sandbox.show("some")["result"]["summary"].to_string();
    assert!(summary.contains("1 more") && summary.contains("--max"), "{summary}");

    let (shown, data) = fetch(&sandbox, "none", &["--text", "no address, only words"]);
    assert!(shown.contains("nothing to fetch: there is no address in the text"), "{shown}");
    assert_eq!((&data["fetched"], &data["failed"]), (&0.into(), &0.into()), "{data}");
}

#[test]
fn what_is_no_address_is_named_before_anything_is_sent() {
    let (sandbox, server) = site(|_| html("<p>text"));
    let ran = sandbox.run(["dispatch", "web-fetch", &server.address(""), "ftp://files.example/x", "--wait"]);
    assert!(ran.code == 1 && ran.stdout.contains("`ftp://files.example/x` is not of the web"), "{ran:?}");
    assert!(server.asked().is_empty());
}

/// A server that holds every page until the test lets it go.
fn holding() -> (Sandbox, FileServer, Arc<AtomicBool>) {
    let released = Arc::new(AtomicBool::new(false));
    let wait = Arc::clone(&released);
    let (sandbox, server) = site(move |asked| {
        eventually("let go", || asked.path != "/held" || wait.load(Ordering::SeqCst));
        if asked.path == "/robots.txt" { nothing() } else { html("<p>At last") }
    });
    (sandbox, server, released)
}

#[test]
fn a_task_that_waits_for_a_server_is_cancelled_at_once() {
    let (sandbox, server, released) = holding();
    let addresses = [server.address("quick"), server.address("held")];
    sandbox.ok(["dispatch", "web-fetch", &addresses[0], &addresses[1], "--id", "held"]);
    // The first is there while the second is waited for.
    eventually("one is fetched", || sandbox.run(["output", "held", "--log"]).stdout.contains("At last"));
    eventually("it says so", || sandbox.show("held")["progress"].to_string().contains("1 of 2"));
    sandbox.ok(["cancel", "held"]);
    assert_eq!(sandbox.state_of("held"), "cancelled");
    released.store(true, Ordering::SeqCst);
}

#[test]
fn a_server_that_takes_too_long_is_not_waited_for() {
    let (sandbox, server, released) = holding();
    let ran = sandbox.run(["dispatch", "web-fetch", &server.address("held"), "--seconds", "1", "--id", "x", "--wait"]);
    assert!(ran.code == 1 && ran.stdout.contains("no answer within 1 s; --seconds gives it longer"), "{ran:?}");
    assert_eq!(sandbox.show("x")["failure"]["retryable"], true);
    released.store(true, Ordering::SeqCst);
}

#[test]
fn the_preset_research_needs_no_agent() {
    let (sandbox, server) = site(|asked| match asked.path.as_str() {
        "/frost.html" => html("<title>Frost</title><h1>Frost</h1><p>Cover the beds with cloth when frost comes."),
        _ => nothing(),
    });
    sandbox.file("README.md", format!("# Beds\n\n## Frost\n\nCover the beds: {}\n", server.address("frost.html")));
    let ran = sandbox.run(["fan-out", "research", "what to do about frost", "--id", "r", "--wait"]);
    assert_eq!(ran.code, 0, "{ran:?}");
    for words in [
        "## Documentation (completed)",
        "## Code (completed)",
        "README.md",
        "## Pages (completed)",
        "Cover the beds with cloth when frost comes.",
    ] {
        assert!(ran.stdout.contains(words), "`{words}` is not in: {}", ran.stdout);
    }
    let group: Value = sandbox.json(["output", "r", "--json"]);
    let executors: Vec<&Value> =
        group["members"].as_array().expect("members").iter().map(|member| &member["executor"]).collect();
    assert_eq!(executors, ["librarian", "explore", "web-fetch"], "{group}");

    // Where nothing names an address, there is nothing to fetch, and that is no failure.
    sandbox.file("README.md", "# Beds\n\n## Frost\n\nCover the beds with cloth.\n");
    let ran = sandbox.run(["fan-out", "research", "what to do about frost", "--id", "s", "--wait"]);
    assert!(ran.code == 0 && ran.stdout.contains("nothing to fetch: there is no address in the text"), "{ran:?}");
}

#[test]
fn the_other_name_does_the_same() {
    let (sandbox, server) = site(|_| html("<p>As web-fetch has it"));
    let shown = sandbox.ok(["dispatch", "webReader", &server.address(""), "--wait"]);
    assert!(shown.contains("(webReader)") && shown.contains("As web-fetch has it"), "{shown}");
}
