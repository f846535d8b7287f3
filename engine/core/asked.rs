//! What is asked for, as what may be granted; and how two of either differ or add up.

use crate::{
    AnyProgram, Asks, Bytes, DirGrant, EnvGrant, Grant, HttpGrant, InheritEnv, Mode, ProgramGrant, ProgramsGrant,
    policy::host_matches,
};
use std::collections::BTreeMap;

/// The folder in which components expect what the task is about.
const PROJECT: &str = "/project";
/// What a component may keep where nobody says how much: enough for notes, too little for a cache of the web.
const STATE: Bytes = Bytes(1 << 20);

impl Asks {
    /// Whether nothing is asked for.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// What is asked for here and not in `known`, whatever the reasons say.
    #[must_use]
    pub fn beyond(&self, known: &Self) -> Self {
        fn those<T: Clone>(asked: &[T], known: &[T], covers: impl Fn(&T, &T) -> bool) -> Vec<T> {
            asked.iter().filter(|ask| !known.iter().any(|known| covers(known, ask))).cloned().collect()
        }
        let named = |known: &str, asked: &str| known == "*" || known == asked;
        Self {
            dirs: those(&self.dirs, &known.dirs, |known, ask| known.guest == ask.guest && known.mode >= ask.mode),
            http: those(&self.http, &known.http, |known, ask| {
                let methods = |method| known.methods.iter().any(|known| named(known, method));
                (known.host == ask.host || host_matches(&known.host, &ask.host))
                    && ask.methods.iter().all(|m| methods(m))
            }),
            programs: those(&self.programs, &known.programs, |known, ask| named(&known.name, &ask.name)),
            env: those(&self.env, &known.env, |known, ask| named(&known.name, &ask.name)),
            secrets: those(&self.secrets, &known.secrets, |known, ask| named(&known.name, &ask.name)),
            state: self.state.clone().filter(|_| known.state.is_none()),
        }
    }

    /// Everything that is asked for, one at a time.
    pub fn each(&self) -> Vec<Self> {
        let none = Self::default;
        let dirs = self.dirs.iter().map(|ask| Self { dirs: vec![ask.clone()], ..none() });
        let http = self.http.iter().map(|ask| Self { http: vec![ask.clone()], ..none() });
        let programs = self.programs.iter().map(|ask| Self { programs: vec![ask.clone()], ..none() });
        let env = self.env.iter().map(|ask| Self { env: vec![ask.clone()], ..none() });
        let secrets = self.secrets.iter().map(|ask| Self { secrets: vec![ask.clone()], ..none() });
        let state = self.state.iter().map(|ask| Self { state: Some(ask.clone()), ..none() });
        dirs.chain(http).chain(programs).chain(env).chain(secrets).chain(state).collect()
    }

    /// The grant of exactly what is asked for; and of what only the person knows (where another
    /// folder is, which host may have a secret), a line of configuration to complete.
    pub fn as_grant(&self) -> (Grant, Vec<String>) {
        let mut grant = Grant::default();
        let mut open = Vec::new();
        for ask in &self.dirs {
            if ask.guest == PROJECT || self.dirs.len() == 1 {
                grant.dirs.push(DirGrant { host: "{cwd}".to_owned(), guest: ask.guest.clone(), mode: ask.mode });
            } else {
                let mode = if ask.mode == Mode::Rw { "rw" } else { "ro" };
                open.push(format!("dirs=[{{ host = \"/FOLDER\", guest = {:?}, mode = \"{mode}\" }}]", ask.guest));
            }
        }
        for ask in &self.http {
            grant.http.push(HttpGrant {
                host: ask.host.clone(),
                methods: ask.methods.clone(),
                scheme: "https".to_owned(),
                port: None,
                local: false,
            });
        }
        if self.programs.iter().any(|ask| ask.name == "*") {
            grant.programs = ProgramsGrant::Any(AnyProgram::Any);
        } else {
            let program = |name: &String| (name.clone(), ProgramGrant { path: name.clone(), args: None, sha256: None });
            grant.programs = ProgramsGrant::Named(self.programs.iter().map(|ask| program(&ask.name)).collect());
        }
        grant.env = if self.env.iter().any(|ask| ask.name == "*") {
            EnvGrant::Inherit(InheritEnv::Inherit)
        } else {
            EnvGrant::Names(self.env.iter().map(|ask| ask.name.clone()).collect())
        };
        for ask in &self.secrets {
            let name = if ask.name == "*" { "NAME" } else { &ask.name };
            open.push(format!("secrets={{ {name} = {{ env = {name:?}, hosts = [\"HOST\"] }} }}"));
        }
        if self.state.is_some() {
            grant.state = STATE;
        }
        (grant, open)
    }
}

impl Grant {
    /// Whether nothing is granted.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// This and `more`, which holds where both speak of the same thing.
    #[must_use]
    pub fn and(mut self, more: Self) -> Self {
        for dir in more.dirs {
            self.dirs.retain(|known| known.guest != dir.guest);
            self.dirs.push(dir);
        }
        for http in more.http {
            match self.http.iter_mut().find(|known| same_server(known, &http)) {
                Some(known) => {
                    let new = http.methods.into_iter().filter(|method| !known.methods.contains(method));
                    let new: Vec<String> = new.collect();
                    known.methods.extend(new);
                    known.local |= http.local;
                }
                None => self.http.push(http),
            }
        }
        self.programs = match (self.programs, more.programs) {
            (ProgramsGrant::Named(known), ProgramsGrant::Named(more)) => ProgramsGrant::Named(programs(known, more)),
            (any @ ProgramsGrant::Any(_), _) | (_, any) => any,
        };
        self.env = match (self.env, more.env) {
            (EnvGrant::Names(known), EnvGrant::Names(more)) => EnvGrant::Names(&known | &more),
            (all @ EnvGrant::Inherit(_), _) | (_, all) => all,
        };
        self.secrets.extend(more.secrets);
        if more.state.0 > 0 {
            self.state = more.state;
        }
        self
    }
}

fn same_server(one: &HttpGrant, other: &HttpGrant) -> bool {
    (&one.host, &one.scheme, one.port) == (&other.host, &other.scheme, other.port)
}

fn programs(
    mut known: BTreeMap<String, ProgramGrant>,
    more: BTreeMap<String, ProgramGrant>,
) -> BTreeMap<String, ProgramGrant> {
    for (name, mut program) in more {
        if let Some(known) = known.get(&name) {
            program.args = arguments(known.args.as_deref(), program.args.as_deref());
        }
        known.insert(name, program);
    }
    known
}

/// Patterns that let through what either lets through: `*` where as many differ, else what both
/// begin with and then any.
fn arguments(one: Option<&[String]>, other: Option<&[String]>) -> Option<Vec<String>> {
    let (one, other) = (one?, other?);
    let rest = "**";
    let pairs = one.iter().zip(other);
    if one.len() == other.len() && !one.iter().chain(other).any(|pattern| pattern == rest) {
        let either = |(one, other): (&String, &String)| if one == other { one.clone() } else { "*".to_owned() };
        return Some(pairs.map(either).collect());
    }
    let common = pairs.take_while(|(one, other)| one == other && *one != rest);
    Some(common.map(|(pattern, _)| pattern.clone()).chain([rest.to_owned()]).collect())
}

#[cfg(test)]
mod tests;
