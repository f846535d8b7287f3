use hob_core::{AnyProgram, Asks, EnvGrant, Grant, InheritEnv, Mode, ProgramsGrant};

/// One thing that a component asks for, and what it gets of it.
pub struct Row {
    /// In a few words.
    pub asked: String,
    /// None where nothing is granted.
    pub granted: Option<String>,
    /// Its own reason.
    pub reason: String,
}

/// What is asked for beside what is granted. What is granted and not asked for is of no use and is
/// not shown.
pub fn rows(asks: &Asks, grant: &Grant) -> Vec<Row> {
    let mut rows = Vec::new();
    let mut add = |asked: String, granted: Vec<String>, reason: &str| {
        let granted = (!granted.is_empty()).then(|| granted.join(", "));
        rows.push(Row { asked, granted, reason: reason.to_owned() });
    };
    for ask in &asks.dirs {
        let within =
            |guest: &str| guest == ask.guest || guest.starts_with(&format!("{}/", ask.guest.trim_end_matches('/')));
        let dirs = grant.dirs.iter().filter(|dir| within(&dir.guest));
        let granted = dirs.map(|dir| format!("{} {}", mode(dir.mode.min(ask.mode)), dir.host)).collect();
        add(format!("{} {}", mode(ask.mode), ask.guest), granted, &ask.reason);
    }
    for ask in &asks.http {
        let hosts = grant.http.iter().filter(|http| host_fits(&ask.host, &http.host));
        let granted = hosts.map(|http| format!("{} {}://{}", http.methods.join("/"), http.scheme, http.host)).collect();
        add(format!("{} {}", ask.methods.join("/"), ask.host), granted, &ask.reason);
    }
    for ask in &asks.programs {
        let granted = match &grant.programs {
            ProgramsGrant::Any(AnyProgram::Any) => vec!["any program".to_owned()],
            ProgramsGrant::Named(programs) => programs
                .iter()
                .filter(|(name, _)| named(&ask.name, name))
                .map(|(name, program)| format!("{name} = {}", program.path))
                .collect(),
        };
        add(format!("start {}", or_any(&ask.name, "any program")), granted, &ask.reason);
    }
    for ask in &asks.env {
        let granted = match &grant.env {
            EnvGrant::Inherit(InheritEnv::Inherit) => vec!["all of yours".to_owned()],
            EnvGrant::Names(names) => names.iter().filter(|name| named(&ask.name, name)).cloned().collect(),
        };
        add(format!("variable {}", or_any(&ask.name, "of any name")), granted, &ask.reason);
    }
    for ask in &asks.secrets {
        let secrets = grant.secrets.iter().filter(|(name, _)| named(&ask.name, name));
        let granted = secrets.map(|(name, secret)| format!("{name} for {}", secret.hosts.join(", "))).collect();
        add(format!("secret {}", or_any(&ask.name, "of any name")), granted, &ask.reason);
    }
    if let Some(ask) = &asks.state {
        let granted = (grant.state.0 > 0).then(|| grant.state.to_string()).into_iter().collect();
        add("keep state".to_owned(), granted, &ask.reason);
    }
    rows
}

fn mode(mode: Mode) -> &'static str {
    match mode {
        Mode::Ro => "read",
        Mode::Rw => "read and write",
    }
}

fn named(asked: &str, name: &str) -> bool {
    asked == "*" || asked == name
}

fn or_any<'a>(asked: &'a str, any: &'a str) -> &'a str {
    if asked == "*" { any } else { asked }
}

/// Whether a granted host is one that the component asks for.
fn host_fits(asked: &str, granted: &str) -> bool {
    named(asked, granted) || asked.strip_prefix('*').is_some_and(|suffix| granted.ends_with(suffix))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn asked_beside_granted() {
        let asks: Asks = serde_json::from_value(json!({
            "dirs": [{ "guest": "/project", "mode": "rw", "reason": "to edit" }],
            "http": [{ "host": "*.example.org", "reason": "to read" }],
            "programs": [{ "name": "*", "reason": "to run" }, { "name": "git", "reason": "to ask" }],
            "env": [{ "name": "LANG", "reason": "to speak" }],
            "state": { "reason": "to remember" },
        }))
        .expect("asks");
        let grant: Grant = serde_json::from_value(json!({
            "dirs": [{ "host": "{cwd}", "guest": "/project" }, { "host": "/srv", "guest": "/projects" }],
            "http": [{ "host": "docs.example.org" }, { "host": "example.com" }],
            "programs": { "make": { "path": "/usr/bin/make" } },
            "env": ["PATH"],
            "state": "1MiB",
        }))
        .expect("a grant");
        let rows = rows(&asks, &grant);
        let shown: Vec<String> = rows
            .iter()
            .map(|row| format!("{} | {} | {}", row.asked, row.granted.as_deref().unwrap_or("-"), row.reason))
            .collect();
        insta::assert_snapshot!(shown.join("\n"), @r"
        read and write /project | read {cwd} | to edit
        GET/HEAD *.example.org | GET/HEAD https://docs.example.org | to read
        start any program | make = /usr/bin/make | to run
        start git | - | to ask
        variable LANG | - | to speak
        keep state | 1MiB | to remember
        ");
    }
}
