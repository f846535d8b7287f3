//! web-fetch on pages that a server on loopback has: what becomes of them.

use crate::{
    file_server::{Answer, Asked, FileServer},
    sandbox::Sandbox,
};
use serde_json::Value;
use std::time::Duration;

/// `hob.toml` with a grant for these ports of loopback.
pub fn configuration(ports: &[u16]) -> String {
    let grants =
        ports.iter().map(|port| format!("{{ host = \"127.0.0.1\", scheme = \"http\", port = {port}, local = true }}"));
    let grants = grants.collect::<Vec<_>>().join(", ");
    format!("notifications = false\n[executors.web-fetch.grant]\nhttp = [{grants}]\n")
}

/// A server that says this, and a sandbox that may ask it.
pub fn site(answer: impl Fn(&Asked) -> Answer + Send + Sync + 'static) -> (Sandbox, FileServer) {
    let server = FileServer::answering(Duration::ZERO, answer);
    (Sandbox::with_config(&configuration(&[server.port])), server)
}

/// A page of HTML.
pub fn html(body: &str) -> Answer {
    Answer::new(200, "text/html; charset=utf-8", body)
}

/// Without a page of its own, a site has no rules for robots either.
pub fn nothing() -> Answer {
    Answer::new(404, "text/html", "<h1>nothing</h1>")
}

/// Fetches under an id, and waits: what a person sees of it later, and its data.
#[track_caller]
pub fn fetch(sandbox: &Sandbox, id: &str, args: &[&str]) -> (String, Value) {
    let args = ["dispatch", "web-fetch", "--id", id, "--wait", "--json"].into_iter().chain(args.iter().copied());
    let data = sandbox.json(args)["result"]["data"].clone();
    (sandbox.ok(["output", id]), data)
}

/// The page after what is known of it.
#[track_caller]
fn text(shown: &str) -> &str {
    let (_, rest) = shown.split_once("---\n").expect("a head");
    rest.split_once("---\n\n").expect("the end of the head").1.trim_end()
}

const ARTICLE: &str = include_str!("pages/article.html");
const MANUAL: &str = include_str!("pages/manual.html");

#[test]
fn a_page_becomes_clean_markdown() {
    let (sandbox, server) = site(|asked| match asked.path.as_str() {
        "/news/bridge" => html(ARTICLE),
        "/manual/" => html(MANUAL),
        _ => nothing(),
    });
    let address = server.address("news/bridge");
    let (shown, data) = fetch(&sandbox, "article", &[&address]);
    let head = shown.split("\n\n").next().expect("a head");
    for line in ["title: \"The bridge at night - The Gazette\"", &format!("url: {address}"), "fetched: 20", "words: 1"]
    {
        assert!(head.contains(&format!("\n{line}")), "`{line}` is not in: {head}");
    }
    let markdown = text(&shown);
    assert!(markdown.starts_with("## What happened\n\nThe river rose"), "{markdown}");
    for part in [
        &format!("[A map]({}) shows where", server.address("map.html#mill")),
        "[the levels](https://levels.example/now)",
        "\n```python\ndef level(hours):\n    base = 2.5\n\n    return base + 0.1 * hours  # <metres>\n```\n",
        "| Day | Level |\n| --- | ----- |\n| Monday | 2.1 m |\n| Tuesday | 2.9 m |",
        "- upper bridge: open\n- ferry: every twenty minutes",
    ] {
        assert!(markdown.contains(part), "`{part}` is not in: {markdown}");
    }
    for noise in ["cookie", "Accept", "Sport", "Arts", "cheese", "newsletter", "Imprint", "dataLayer", "color"] {
        assert!(!shown.contains(noise), "{noise}: {shown}");
    }
    let page = &data["pages"][0];
    assert_eq!((&page["language"], &page["charset"]), (&"en".into(), &"UTF-8".into()), "{page}");
    assert_eq!(page["words"].as_u64(), u64::try_from(markdown.split_whitespace().count()).ok());

    // No article, but the same is in the way.
    let (shown, _) = fetch(&sandbox, "manual", &[&server.address("manual/")]);
    let next = server.address("manual/next.html");
    assert_eq!(
        text(&shown),
        format!(
            "# Setting up\n\nRun this:\n\n```toml\n[server]\nport = 80\n```\n\nThen read [what comes next]({next})."
        )
    );
    let (shown, _) = fetch(&sandbox, "source", &[&server.address("manual/"), "--format", "html"]);
    assert_eq!(text(&shown), MANUAL.trim_end());
}

#[test]
fn any_charset_becomes_utf_8() {
    let (sandbox, server) = site(|asked| match asked.path.as_str() {
        "/header" => Answer::new(200, "text/html; charset=iso-8859-1", *b"<title>Caf\xe9</title><p>d\xe9j\xe0 vu"),
        // "Привет" and "мир".
        "/meta" => Answer::new(
            200,
            "text/html",
            *b"<meta charset=windows-1251><title>\xcf\xf0\xe8\xe2\xe5\xf2</title><p>\xec\xe8\xf0",
        ),
        "/bom" => {
            let units = "\u{feff}<title>x</title><p>d\u{e9}j\u{e0}".encode_utf16();
            Answer::new(200, "text/html", units.flat_map(u16::to_le_bytes).collect::<Vec<_>>())
        }
        // Shift_JIS, of which nothing says so: "これは日本語の文章です。".
        "/none" => {
            let sentence =
                b"\x82\xb1\x82\xea\x82\xcd\x93\xfa\x96{\x8c\xea\x82\xcc\x95\xb6\x8f\xcd\x82\xc5\x82\xb7\x81B";
            Answer::new(200, "text/html", [b"<title>x</title><p>".as_slice(), &sentence.repeat(5)].concat())
        }
        _ => nothing(),
    });
    for (path, charset, words) in [
        ("header", "windows-1252", "d\u{e9}j\u{e0} vu"),
        ("meta", "windows-1251", "\u{43c}\u{438}\u{440}"),
        ("bom", "UTF-16LE", "d\u{e9}j\u{e0}"),
        ("none", "Shift_JIS", "\u{65e5}\u{672c}\u{8a9e}\u{306e}\u{6587}\u{7ae0}"),
    ] {
        let (shown, data) = fetch(&sandbox, path, &[&server.address(path)]);
        assert_eq!(data["pages"][0]["charset"], charset, "{data}");
        assert!(text(&shown).contains(words), "{shown}");
    }
}

#[test]
fn what_is_text_already_stays_as_it_is() {
    const PLAIN: &str = "one <b>two</b>\n\n\n  three *four*\n";
    const JSON: &str = "{\"a\":  [1,2],\n \"b\": \"<p>\"}\n";
    let (sandbox, server) = site(|asked| match asked.path.as_str() {
        "/plain" => Answer::new(200, "text/plain", PLAIN),
        "/json" => Answer::new(200, "application/json", JSON),
        "/undeclared" => Answer::new(200, "application/octet-stream", PLAIN),
        _ => nothing(),
    });
    for (path, kind, expect) in [
        ("plain", "text/plain", PLAIN),
        ("json", "application/json", JSON),
        ("undeclared", "application/octet-stream", PLAIN),
    ] {
        let (shown, data) = fetch(&sandbox, path, &[&server.address(path)]);
        assert_eq!(text(&shown), expect.trim_end());
        assert!(shown.contains(&format!("\ntype: {kind}\n")), "{shown}");
        assert_eq!(data["pages"][0]["bytes"].as_u64(), u64::try_from(expect.len()).ok(), "{data}");
    }
}

#[test]
fn a_cut_is_said_and_is_where_it_says() {
    let (sandbox, server) = site(|asked| match asked.path.as_str() {
        "/long" => {
            let text = (0..2000).map(|number| format!("<p>Paragraph {number}.")).collect::<Vec<_>>().concat();
            // As most servers send what they make on the way.
            Answer { chunked: true, ..html(&format!("<title>Long</title><main>{text}</main>")) }
        }
        "/log" => Answer::new(200, "text/plain", "a line\n".repeat(2000)),
        _ => nothing(),
    });
    let (shown, data) = fetch(&sandbox, "whole", &[&server.address("long")]);
    assert!(shown.trim_end().ends_with("Paragraph 1999."), "{shown}");
    let page = &data["pages"][0];
    assert_eq!(page["truncated"], false);
    let all = page["bytes"].as_u64().expect("bytes");

    let (shown, data) = fetch(&sandbox, "cut", &[&server.address("long"), "--max-bytes", "1000"]);
    let (kept, said) = text(&shown).rsplit_once("\n\n").expect("a last line");
    assert_eq!(said, format!("[truncated at {} bytes of {all}; --max-bytes {all} shows all of it]", kept.len()));
    assert!((900..=1000).contains(&kept.len()) && kept.trim_end().ends_with('.'), "{kept}");
    assert_eq!((&data["pages"][0]["truncated"], &data["pages"][0]["bytes"]), (&true.into(), &all.into()), "{data}");

    // Of a text only the beginning is read: how long it is, nobody knows.
    let (shown, data) = fetch(&sandbox, "log", &[&server.address("log"), "--max-bytes", "70"]);
    let said = "[truncated at 69 bytes: there is more; --max-bytes shows more of it]";
    assert!(text(&shown).ends_with(&format!("a line\n\n{said}")), "{shown}");
    assert_eq!(data["pages"][0]["bytes"], Value::Null, "{data}");
}

#[test]
fn a_redirect_is_followed_and_said() {
    let (sandbox, server) = site(|asked| match asked.path.as_str() {
        "/old" => Answer::new(301, "text/html", "").with("location", "/moved"),
        "/moved" => Answer::new(302, "text/html", "").with("location", "en/new#part"),
        "/en/new" => html("<title>New</title><p>Here it is, with <a href=\"more\">more</a>."),
        "/round" => Answer::new(302, "text/html", "").with("location", "/round"),
        "/files" => Answer::new(302, "text/html", "").with("location", "file:///etc/passwd"),
        _ => nothing(),
    });
    let (given, address) = (server.address("old"), server.address("en/new"));
    let (shown, data) = fetch(&sandbox, "moved", &[&given]);
    assert!(shown.contains(&format!("\nurl: {address}\ngiven: {given}\n")), "{shown}");
    assert!(shown.contains(&server.address("en/more")), "links are of where it is: {shown}");
    let page = &data["pages"][0];
    assert_eq!((&page["url"], &page["address"]), (&given.as_str().into(), &address.as_str().into()), "{page}");
    for (path, words) in [("round", "more than 10 redirects"), ("files", "`file:///etc/passwd`, which is no address")] {
        let ran = sandbox.run(["dispatch", "web-fetch", &server.address(path), "--wait"]);
        assert!(ran.code == 1 && ran.stdout.contains(words), "{ran:?}");
    }
}
