//! The configuration lines that a denial ends with. Each is the whole new value of its key, so that
//! it can replace a line that is there already.

use super::Access;
use crate::{Asks, EnvGrant, Grant, Mode, ProgramsGrant, SecretPlace};
use std::fmt::Write as _;

pub(super) fn missing(grant: &Grant, asks: &Asks, access: &Access<'_>) -> String {
    match *access {
        Access::Dir { guest, write } => dirs(grant, asks, guest, write),
        Access::Http { scheme, host, port, method } => http(grant, scheme, host, port, method, false),
        Access::LocalAddress { scheme, host, port, method, .. } => http(grant, scheme, host, port, method, true),
        Access::Program { name, args } => programs(grant, name, args),
        Access::Env { name } => env(grant, name),
        Access::Secret { name } => {
            format!("secrets.{} = {{ env = {}, hosts = [\"…\"] }}", key(name), quote(name))
        }
        Access::SendSecret { name, host, place } => secret(grant, name, host, place),
        Access::State => "state = \"1MiB\"".to_owned(),
    }
}

fn dirs(grant: &Grant, asks: &Asks, guest: &str, write: bool) -> String {
    let asked = asks.dirs.iter().filter(|ask| super::is_within(guest, &ask.guest));
    let folder = asked.map(|ask| ask.guest.as_str()).max_by_key(|folder| folder.len()).unwrap_or(guest);
    let mode = if write { Mode::Rw } else { Mode::Ro };
    let host = grant.dirs.iter().find(|dir| dir.guest == folder).map_or("{cwd}", |dir| &dir.host);
    let kept = grant.dirs.iter().filter(|dir| dir.guest != folder);
    let mut entries: Vec<String> = kept.map(|dir| dir_entry(&dir.host, &dir.guest, dir.mode)).collect();
    entries.push(dir_entry(host, folder, mode));
    format!("dirs = [{}]", entries.join(", "))
}

fn dir_entry(host: &str, guest: &str, mode: Mode) -> String {
    let mode = match mode {
        Mode::Ro => "ro",
        Mode::Rw => "rw",
    };
    format!("{{ host = {}, guest = {}, mode = \"{mode}\" }}", quote(host), quote(guest))
}

fn http(grant: &Grant, scheme: &str, host: &str, port: u16, method: &str, local: bool) -> String {
    let same = |granted: &crate::HttpGrant| {
        granted.host == host
            && granted.scheme == scheme
            && granted.port.unwrap_or_else(|| super::default_port(scheme)) == port
    };
    let entry = |granted: &crate::HttpGrant| {
        let methods: Vec<String> = granted.methods.iter().map(|name| quote(name)).collect();
        let mut text = format!("{{ host = {}, methods = [{}]", quote(&granted.host), methods.join(", "));
        if granted.scheme != "https" {
            let _ = write!(text, ", scheme = {}", quote(&granted.scheme));
        }
        if let Some(port) = granted.port {
            let _ = write!(text, ", port = {port}");
        }
        if granted.local {
            text.push_str(", local = true");
        }
        text + " }"
    };
    let mut wanted = grant.http.iter().find(|granted| same(granted)).cloned().unwrap_or_else(|| crate::HttpGrant {
        host: host.to_owned(),
        methods: Vec::new(),
        scheme: scheme.to_owned(),
        port: (port != super::default_port(scheme)).then_some(port),
        local: false,
    });
    if !wanted.methods.iter().any(|granted| granted == method || granted == "*") {
        wanted.methods.push(method.to_owned());
    }
    wanted.local |= local;
    let kept = grant.http.iter().filter(|granted| !same(granted)).map(entry);
    let entries: Vec<String> = kept.chain([entry(&wanted)]).collect();
    format!("http = [{}]", entries.join(", "))
}

fn programs(grant: &Grant, name: &str, args: &[String]) -> String {
    let mut entries = Vec::new();
    // Where a program is, only the person knows, unless the component named it by its path.
    let mut path = if name.starts_with('/') { name.to_owned() } else { format!("/path/to/{name}") };
    if let ProgramsGrant::Named(programs) = &grant.programs {
        for (granted, program) in programs {
            if granted == name {
                path.clone_from(&program.path);
                continue;
            }
            let mut text = format!("{} = {{ path = {}", key(granted), quote(&program.path));
            if let Some(patterns) = &program.args {
                let _ = write!(text, ", args = {}", list(patterns));
            }
            if let Some(digest) = &program.sha256 {
                let _ = write!(text, ", sha256 = {}", quote(digest));
            }
            entries.push(text + " }");
        }
    }
    entries.push(format!("{} = {{ path = {}, args = {} }}", key(name), quote(&path), list(args)));
    format!("programs = {{ {} }}", entries.join(", "))
}

fn env(grant: &Grant, name: &str) -> String {
    let mut names = match &grant.env {
        EnvGrant::Names(names) => names.clone(),
        EnvGrant::Inherit(_) => std::collections::BTreeSet::new(),
    };
    names.insert(name.to_owned());
    format!("env = {}", list(&names.into_iter().collect::<Vec<_>>()))
}

fn secret(grant: &Grant, name: &str, host: &str, place: SecretPlace) -> String {
    let granted = grant.secrets.get(name);
    let variable = granted.map_or(name, |granted| &granted.env);
    let mut hosts = granted.map_or_else(Vec::new, |granted| granted.hosts.clone());
    if !hosts.iter().any(|granted| super::host_matches(granted, host)) {
        hosts.push(host.to_owned());
    }
    let mut places = granted.map_or_else(Vec::new, |granted| granted.places.clone());
    if !places.contains(&place) {
        places.push(place);
    }
    let word = |place: &SecretPlace| match place {
        SecretPlace::Header => "header".to_owned(),
        SecretPlace::Body => "body".to_owned(),
    };
    let places: Vec<String> = places.iter().map(word).collect();
    let (name, variable) = (key(name), quote(variable));
    format!("secrets.{name} = {{ env = {variable}, hosts = {}, in = {} }}", list(&hosts), list(&places))
}

fn list(items: &[String]) -> String {
    let quoted: Vec<String> = items.iter().map(|item| quote(item)).collect();
    format!("[{}]", quoted.join(", "))
}

fn key(name: &str) -> String {
    let bare = !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_' || c == '-');
    if bare { name.to_owned() } else { quote(name) }
}

/// A TOML basic string.
fn quote(text: &str) -> String {
    let mut quoted = String::from("\"");
    for c in text.chars() {
        match c {
            '"' | '\\' => {
                quoted.push('\\');
                quoted.push(c);
            }
            c if c.is_control() => {
                let _ = write!(quoted, "\\u{:04X}", u32::from(c));
            }
            c => quoted.push(c),
        }
    }
    quoted + "\""
}
