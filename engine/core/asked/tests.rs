use super::*;
use serde_json::json;

fn asks(value: serde_json::Value) -> Asks {
    serde_json::from_value(value).expect("asks")
}

fn grant(value: serde_json::Value) -> Grant {
    serde_json::from_value(value).expect("a grant")
}

fn everything() -> Asks {
    asks(json!({
        "dirs": [{ "guest": "/project", "mode": "rw", "reason": "r" }, { "guest": "/data", "reason": "r" }],
        "http": [{ "host": "*.example.org", "reason": "r" }],
        "programs": [{ "name": "git", "reason": "r" }],
        "env": [{ "name": "LANG", "reason": "r" }],
        "secrets": [{ "name": "TOKEN", "reason": "r" }],
        "state": { "reason": "r" },
    }))
}

#[test]
fn what_is_asked_for_is_granted_where_it_can_be_said() {
    let (granted, open) = everything().as_grant();
    let expect = grant(json!({
        "dirs": [{ "host": "{cwd}", "guest": "/project", "mode": "rw" }],
        "http": [{ "host": "*.example.org" }],
        "programs": { "git": { "path": "git" } },
        "env": ["LANG"],
        "state": "1MiB",
    }));
    assert_eq!(granted, expect);
    assert_eq!(
        open,
        [
            "dirs=[{ host = \"/FOLDER\", guest = \"/data\", mode = \"ro\" }]",
            "secrets={ TOKEN = { env = \"TOKEN\", hosts = [\"HOST\"] } }"
        ]
    );
    let any = asks(json!({
        "dirs": [{ "guest": "/src", "reason": "" }],
        "programs": [{ "name": "*", "reason": "" }],
        "env": [{ "name": "*", "reason": "" }],
    }));
    let expect = grant(json!({
        "dirs": [{ "host": "{cwd}", "guest": "/src" }], "programs": "any", "env": "inherit",
    }));
    assert_eq!(any.as_grant(), (expect, Vec::new()));
}

#[test]
fn one_at_a_time_is_all_of_it() {
    let each = everything().each();
    assert_eq!(each.len(), 7);
    let nothing = each.iter().fold(everything(), |rest, one| rest.beyond(one));
    assert!(nothing.is_empty(), "{nothing:?}");
}

#[test]
fn what_a_second_version_asks_for_beyond_the_first() {
    let old = everything();
    assert!(old.beyond(&old).is_empty());
    assert_eq!(old.beyond(&Asks::default()), old);
    let reworded = asks(json!({ "env": [{ "name": "LANG", "reason": "another" }] }));
    assert!(reworded.beyond(&old).is_empty());
    let more = asks(json!({
        "dirs": [{ "guest": "/data", "mode": "rw", "reason": "" }, { "guest": "/project", "reason": "" }],
        "http": [
            { "host": "docs.example.org", "reason": "" },
            { "host": "docs.example.org", "methods": ["POST"], "reason": "" },
            { "host": "*", "reason": "" },
        ],
        "programs": [{ "name": "*", "reason": "" }],
    }));
    let beyond = more.beyond(&old);
    assert_eq!(beyond.dirs, more.dirs[..1]);
    assert_eq!(beyond.http, more.http[1..]);
    assert_eq!(beyond.programs, more.programs);
}

#[test]
fn two_grants_add_up() {
    let one = grant(json!({
        "dirs": [{ "host": "{cwd}", "guest": "/project" }],
        "http": [{ "host": "a.example", "methods": ["GET"] }],
        "programs": { "git": { "path": "/usr/bin/git", "args": ["log", "-3"] }, "wc": { "path": "wc", "args": ["-l"] }, "ls": { "path": "ls" } },
        "env": ["LANG"],
        "state": "1MiB",
    }));
    let more = grant(json!({
        "dirs": [{ "host": "{cwd}", "guest": "/project", "mode": "rw" }],
        "http": [{ "host": "a.example", "methods": ["POST"] }, { "host": "b.example" }],
        "programs": { "git": { "path": "/usr/bin/git", "args": ["log", "-5"] }, "wc": { "path": "wc", "args": ["-l", "a"] }, "ls": { "path": "ls", "args": ["-l"] } },
        "env": ["HOME"],
    }));
    let expect = grant(json!({
        "dirs": [{ "host": "{cwd}", "guest": "/project", "mode": "rw" }],
        "http": [{ "host": "a.example", "methods": ["GET", "POST"] }, { "host": "b.example" }],
        "programs": { "git": { "path": "/usr/bin/git", "args": ["log", "*"] }, "wc": { "path": "wc", "args": ["-l", "**"] }, "ls": { "path": "ls" } },
        "env": ["HOME", "LANG"],
        "state": "1MiB",
    }));
    assert_eq!(one.clone().and(more), expect);
    assert_eq!(one.clone().and(Grant::default()), one);
    assert_eq!(Grant::default().and(one.clone()), one);
    let any = grant(json!({ "programs": "any", "env": "inherit" }));
    let both = one.and(any.clone());
    assert_eq!((both.programs, both.env), (any.programs, any.env));
}
