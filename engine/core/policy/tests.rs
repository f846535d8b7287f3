use super::*;
use crate::{DirAsk, EnvAsk, EnvGrant, HttpAsk, ProgramAsk, SecretAsk, StateAsk};
use std::collections::BTreeMap;

fn asks() -> Asks {
    let reason = "test".to_owned();
    Asks {
        dirs: vec![DirAsk { guest: "/project".into(), mode: Mode::Rw, reason: reason.clone() }],
        http: vec![HttpAsk { host: "*".into(), methods: vec!["GET".into()], reason: reason.clone() }],
        programs: vec![ProgramAsk { name: "git".into(), reason: reason.clone() }],
        env: vec![EnvAsk { name: "LANG".into(), reason: reason.clone() }],
        secrets: vec![SecretAsk { name: "TOKEN".into(), reason: reason.clone() }],
        state: Some(StateAsk { reason }),
    }
}

fn policy(grant: Grant) -> Policy {
    Policy::new("x".parse().expect("a name"), asks(), grant)
}

fn every_access(args: &[String]) -> Vec<Access<'_>> {
    let (scheme, host, port, method) = ("https", "example.org", 443, "GET");
    vec![
        Access::Dir { guest: "/project/src", write: false },
        Access::Dir { guest: "/project/src", write: true },
        Access::Http { scheme, host, port, method },
        Access::Http { scheme: "http", host: "127.0.0.1", port: 8080, method },
        Access::LocalAddress { scheme, host, port, method, address: "10.0.0.1" },
        Access::Program { name: "git", args },
        Access::Env { name: "LANG" },
        Access::Secret { name: "TOKEN" },
        Access::SendSecret { name: "TOKEN", host, place: SecretPlace::Header },
        Access::State,
    ]
}

#[test]
fn nothing_listed_is_nothing_granted() {
    for access in every_access(&[]) {
        let denial = policy(Grant::default()).decide(&access).expect_err("denied");
        assert!(denial.lines().is_some(), "{denial}");
    }
}

#[test]
fn nothing_asked_is_nothing_granted_and_no_lines_are_offered() {
    for access in every_access(&[]) {
        let generous = Policy::new("x".parse().expect("a name"), Asks::default(), Grant::default());
        assert_eq!(generous.decide(&access).expect_err("denied").lines(), None);
    }
}

#[test]
fn a_write_needs_both_sides() {
    let dir =
        |mode| Grant { dirs: vec![DirGrant { host: "/h".into(), guest: "/project".into(), mode }], ..Grant::default() };
    let write = Access::Dir { guest: "/project/a", write: true };
    assert!(policy(dir(Mode::Rw)).decide(&write).is_ok());
    assert!(policy(dir(Mode::Ro)).decide(&write).is_err());
}

#[test]
fn the_most_specific_folder_is_the_one() {
    let folder = |host: &str, guest: &str| DirGrant { host: host.into(), guest: guest.into(), mode: Mode::Ro };
    let grant = Grant { dirs: vec![folder("/a", "/project"), folder("/b", "/project/deep")], ..Grant::default() };
    let policy = policy(grant);
    let permit = policy.decide(&Access::Dir { guest: "/project/deep/x", write: false });
    assert!(matches!(permit, Ok(Permit::Dir(DirGrant { host, .. }, Mode::Ro)) if host == "/b"));
}

#[test]
fn guest_paths() {
    for (path, folder, expect) in [
        ("/project", "/project", true),
        ("/project/a/b", "/project/", true),
        ("/projectile", "/project", false),
        ("/project/../etc", "/project", false),
        ("project/a", "/project", false),
        ("/a", "/", true),
    ] {
        assert_eq!(is_within(path, folder), expect, "{path} in {folder}");
    }
}

#[test]
fn host_patterns() {
    for (pattern, host, expect) in [
        ("example.org", "example.org", true),
        ("example.org", "EXAMPLE.org.", true),
        ("example.org", "a.example.org", false),
        ("*.example.org", "a.example.org", true),
        ("*.example.org", "a.b.example.org", true),
        ("*.example.org", "example.org", false),
        ("*.example.org", "badexample.org", false),
        ("*.example.org", ".example.org", false),
        ("*", "anything", true),
        ("example.org", "example.org.evil.net", false),
    ] {
        assert_eq!(host_matches(pattern, host), expect, "{pattern} ~ {host}");
    }
}

#[test]
fn argument_patterns() {
    let words = |text: &str| text.split_whitespace().map(str::to_owned).collect::<Vec<_>>();
    for (patterns, args, expect) in [
        ("log **", "log", true),
        ("log **", "log -3 --oneline", true),
        ("log **", "push", false),
        ("", "", true),
        ("", "x", false),
        ("show *", "show HEAD", true),
        ("show *", "show", false),
        ("--format=*", "--format=%h", true),
        ("** --dry-run", "a b --dry-run", true),
        ("** --dry-run", "a b", false),
        ("a*b*c", "aXbYbZc", true),
        ("a*b*c", "aXbYbZ", false),
    ] {
        assert_eq!(args_match(&words(patterns), &words(args)), expect, "{patterns} ~ {args}");
    }
}

#[test]
fn the_lines_keep_what_is_granted_already() {
    let program = |path: &str| ProgramGrant { path: path.into(), args: Some(vec!["log".into()]), sha256: None };
    let grant = Grant {
        programs: ProgramsGrant::Named(BTreeMap::from([
            ("git".to_owned(), program("/usr/bin/git")),
            ("ls".to_owned(), program("/bin/ls")),
        ])),
        env: EnvGrant::Names(["HOME".to_owned()].into()),
        ..Grant::default()
    };
    let policy = policy(grant);
    let args = ["push".to_owned(), "say \"hi\"".to_owned()];
    let denial = policy.decide(&Access::Program { name: "git", args: &args }).expect_err("denied");
    assert_eq!(
        denial.lines(),
        Some(
            r#"programs = { ls = { path = "/bin/ls", args = ["log"] }, git = { path = "/usr/bin/git", args = ["push", "say \"hi\""] } }"#
        )
    );
    let denial = policy.decide(&Access::Env { name: "LANG" }).expect_err("denied");
    assert_eq!(denial.lines(), Some(r#"env = ["HOME", "LANG"]"#));
}

#[test]
fn a_secret_goes_to_its_hosts_in_its_places() {
    let hosts = vec!["api.example.org".to_owned()];
    let secret = SecretGrant { env: "T".into(), hosts, places: vec![SecretPlace::Header] };
    let grant = Grant { secrets: BTreeMap::from([("TOKEN".to_owned(), secret)]), ..Grant::default() };
    let decide = |host, place| policy(grant.clone()).decide(&Access::SendSecret { name: "TOKEN", host, place }).is_ok();
    assert!(decide("api.example.org", SecretPlace::Header));
    assert!(!decide("api.example.org", SecretPlace::Body));
    assert!(!decide("example.org", SecretPlace::Header));
    let access = Access::SendSecret { name: "TOKEN", host: "other.example.org", place: SecretPlace::Body };
    let denial = policy(grant.clone()).decide(&access).expect_err("denied");
    assert_eq!(
        denial.lines(),
        Some(
            r#"secrets.TOKEN = { env = "T", hosts = ["api.example.org", "other.example.org"], in = ["header", "body"] }"#
        )
    );
}

#[test]
fn what_is_denied_is_remembered_once_where_that_is_wanted() {
    let (plain, access) = (policy(Grant::default()), Access::State);
    let remembering = plain.remembering();
    for policy in [&plain, &remembering] {
        assert!(policy.permit(&access).is_err() && policy.denials().is_empty(), "who only looks was denied nothing");
        assert!(policy.decide(&access).is_err() && policy.decide(&access).is_err());
    }
    assert_eq!(plain.denials(), []);
    assert_eq!(remembering.denials().len(), 1);
    assert_eq!(plain.remembering().denials(), [], "each trial begins anew");
}
