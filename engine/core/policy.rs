use crate::{
    AnyProgram, Asks, Bytes, DirGrant, ExecutorName, Grant, HttpGrant, Mode, ProgramGrant, ProgramsGrant, SecretGrant,
    SecretPlace,
};
use std::{
    fmt,
    sync::{Arc, Mutex, PoisonError},
};

mod lines;
mod matching;

use matching::{args_match, is_within};
pub(crate) use matching::{host_matches, text_matches};

/// One use of a capability, as the component wants it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Access<'a> {
    /// A path below a granted folder, as the component names it.
    Dir {
        /// Absolute guest path.
        guest: &'a str,
        /// To change something.
        write: bool,
    },
    /// A request; the address that the name leads to is checked besides.
    Http {
        /// `http` or `https`.
        scheme: &'a str,
        /// Lower-case name or address, without port.
        host: &'a str,
        /// The port, the scheme's own where none was given.
        port: u16,
        /// Upper case.
        method: &'a str,
    },
    /// A connection to an address that is not public, behind a name that is granted.
    LocalAddress {
        /// `http` or `https`.
        scheme: &'a str,
        /// The name that led there.
        host: &'a str,
        /// The port.
        port: u16,
        /// Upper case.
        method: &'a str,
        /// The address.
        address: &'a str,
    },
    /// A native program.
    Program {
        /// Its logical name, or with `programs = "any"` a path or a name in `PATH`.
        name: &'a str,
        /// Its arguments.
        args: &'a [String],
    },
    /// An environment variable, read by the component or set for a program.
    Env {
        /// Its name.
        name: &'a str,
    },
    /// A secret's placeholder.
    Secret {
        /// Its logical name.
        name: &'a str,
    },
    /// A secret's value, put into a request in place of its placeholder.
    SendSecret {
        /// Its logical name.
        name: &'a str,
        /// Lower-case name or address of the host that would get it.
        host: &'a str,
        /// Where in the request.
        place: SecretPlace,
    },
    /// The executor's own store.
    State,
}

/// What a use of a capability was granted with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Permit<'a> {
    /// The folder; its mode is the lesser of asked and granted.
    Dir(&'a DirGrant, Mode),
    /// The host.
    Http(&'a HttpGrant),
    /// The program by its logical name.
    Program(&'a ProgramGrant),
    /// Whatever the dispatcher could start.
    AnyProgram,
    /// The variable.
    Env,
    /// The secret.
    Secret(&'a SecretGrant),
    /// The store, with its quota.
    State(Bytes),
}

/// Denials of an attempt that are remembered. 100: more nobody reads, and a loop over hosts takes no memory.
const REMEMBERED: usize = 100;

/// A refusal: what was refused, and the configuration that would allow it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Denial {
    executor: ExecutorName,
    what: String,
    lines: Option<String>,
}

impl Denial {
    /// The exact lines for `[executors.NAME.grant]`; none where the component did not ask.
    pub fn lines(&self) -> Option<&str> {
        self.lines.as_deref()
    }
}

impl fmt::Display for Denial {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { executor, what, lines } = self;
        match lines {
            Some(lines) => write!(
                f,
                "{executor} may not {what}. To allow it, put this into hob.toml (`hob config path` shows where):\n\n\
                 [executors.{executor}.grant]\n{lines}"
            ),
            None => write!(
                f,
                "{executor} may not {what}: its component does not ask for that (`hob executors {executor}`), so no \
                 configuration can grant it"
            ),
        }
    }
}

impl std::error::Error for Denial {}

/// Asked ∩ granted of one executor: the only place that decides whether a capability may be used.
#[derive(Clone, Debug)]
pub struct Policy {
    executor: ExecutorName,
    asks: Asks,
    grant: Grant,
    /// What was denied, in order and each once, the first [`REMEMBERED`], where somebody wants to know.
    denied: Option<Arc<Mutex<Vec<Denial>>>>,
}

impl Policy {
    /// The policy of `executor`, whose component asks for `asks` and whose configuration says `grant`.
    pub fn new(executor: ExecutorName, asks: Asks, grant: Grant) -> Self {
        Self { executor, asks, grant, denied: None }
    }

    /// The same, which from now on remembers what it denies: an attempt's, so that somebody can grant what was missing.
    #[must_use]
    pub fn remembering(&self) -> Self {
        Self { denied: Some(Arc::default()), ..self.clone() }
    }

    /// What was denied so far, in order and each once.
    pub fn denials(&self) -> Vec<Denial> {
        let copy = |denied: &Arc<Mutex<Vec<Denial>>>| denied.lock().unwrap_or_else(PoisonError::into_inner).clone();
        self.denied.as_ref().map(copy).unwrap_or_default()
    }

    /// The executor it speaks for.
    pub fn executor(&self) -> &ExecutorName {
        &self.executor
    }

    /// What the component asks for.
    pub fn asks(&self) -> &Asks {
        &self.asks
    }

    /// What the configuration says.
    pub fn grant(&self) -> &Grant {
        &self.grant
    }

    /// The folders that are both asked for and granted, each with the lesser mode.
    pub fn dirs(&self) -> impl Iterator<Item = (&DirGrant, Mode)> {
        self.grant.dirs.iter().filter_map(|grant| {
            let asked = self.asks.dirs.iter().filter(|ask| is_within(&grant.guest, &ask.guest)).map(|ask| ask.mode);
            asked.max().map(|mode| (grant, mode.min(grant.mode)))
        })
    }

    /// Decides one use of a capability.
    pub fn decide(&self, access: &Access<'_>) -> Result<Permit<'_>, Denial> {
        let decided = self.permit(access);
        if let (Some(denied), Err(denial)) = (&self.denied, &decided) {
            let mut denied = denied.lock().unwrap_or_else(PoisonError::into_inner);
            if denied.len() < REMEMBERED && !denied.contains(denial) {
                denied.push(denial.clone());
            }
        }
        decided
    }

    /// The same for the host's own knowledge: nobody was denied anything.
    pub fn permit(&self, access: &Access<'_>) -> Result<Permit<'_>, Denial> {
        if !self.is_asked(access) {
            return Err(self.denial(access, None));
        }
        let permit = match *access {
            Access::Dir { guest, write } => self
                .dirs()
                .filter(|(grant, mode)| is_within(guest, &grant.guest) && (!write || *mode == Mode::Rw))
                .max_by_key(|(grant, _)| grant.guest.len())
                .map(|(grant, mode)| Permit::Dir(grant, mode)),
            Access::Http { scheme, host, port, method } => {
                self.http_grant(scheme, host, port, method).map(Permit::Http)
            }
            Access::LocalAddress { scheme, host, port, method, .. } => {
                self.http_grant(scheme, host, port, method).filter(|grant| grant.local).map(Permit::Http)
            }
            Access::Program { name, args } => match &self.grant.programs {
                ProgramsGrant::Any(AnyProgram::Any) => Some(Permit::AnyProgram),
                ProgramsGrant::Named(programs) => programs
                    .get(name)
                    .filter(|grant| grant.args.as_ref().is_none_or(|patterns| args_match(patterns, args)))
                    .map(Permit::Program),
            },
            Access::Env { name } => self.grant.env.contains(name).then_some(Permit::Env),
            Access::Secret { name } => self.grant.secrets.get(name).map(Permit::Secret),
            Access::SendSecret { name, host, place } => {
                let allows = |grant: &&SecretGrant| {
                    grant.places.contains(&place) && grant.hosts.iter().any(|granted| host_matches(granted, host))
                };
                self.grant.secrets.get(name).filter(allows).map(Permit::Secret)
            }
            Access::State => (self.grant.state.0 > 0).then_some(Permit::State(self.grant.state)),
        };
        permit.ok_or_else(|| self.denial(access, Some(lines::missing(&self.grant, &self.asks, access))))
    }

    fn http_grant(&self, scheme: &str, host: &str, port: u16, method: &str) -> Option<&HttpGrant> {
        let allows = |grant: &&HttpGrant| {
            grant.scheme == scheme
                && grant.port.unwrap_or_else(|| default_port(scheme)) == port
                && host_matches(&grant.host, host)
                && grant.methods.iter().any(|granted| granted == method || granted == "*")
        };
        // Of several that fit, one that also allows local addresses says more.
        let fitting = self.grant.http.iter().filter(allows);
        fitting.max_by_key(|grant| grant.local)
    }

    fn is_asked(&self, access: &Access<'_>) -> bool {
        let named = |asked: &str, name: &str| asked == "*" || asked == name;
        match *access {
            Access::Dir { guest, write } => {
                let asks = &self.asks.dirs;
                asks.iter().any(|ask| is_within(guest, &ask.guest) && (!write || ask.mode == Mode::Rw))
            }
            Access::Http { host, method, .. } | Access::LocalAddress { host, method, .. } => {
                let allows = |methods: &[String]| methods.iter().any(|asked| named(asked, method));
                self.asks.http.iter().any(|ask| host_matches(&ask.host, host) && allows(&ask.methods))
            }
            Access::Program { name, .. } => self.asks.programs.iter().any(|ask| named(&ask.name, name)),
            Access::Env { name } => self.asks.env.iter().any(|ask| named(&ask.name, name)),
            Access::Secret { name } | Access::SendSecret { name, .. } => {
                self.asks.secrets.iter().any(|ask| named(&ask.name, name))
            }
            Access::State => self.asks.state.is_some(),
        }
    }

    fn denial(&self, access: &Access<'_>, lines: Option<String>) -> Denial {
        Denial { executor: self.executor.clone(), what: access.to_string(), lines }
    }
}

fn default_port(scheme: &str) -> u16 {
    if scheme == "http" { 80 } else { 443 }
}

impl fmt::Display for Access<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Dir { guest, write: false } => write!(f, "read {guest}"),
            Self::Dir { guest, write: true } => write!(f, "write to {guest}"),
            Self::Http { scheme, host, port, method } => write!(f, "send {method} to {scheme}://{host}:{port}"),
            Self::LocalAddress { scheme, host, port, method, address } => write!(
                f,
                "send {method} to {scheme}://{host}:{port}, because it leads to {address}, which is not a public address"
            ),
            Self::Program { name, args } => {
                write!(f, "start the program `{name}`")?;
                if args.is_empty() { Ok(()) } else { write!(f, " with the arguments {args:?}") }
            }
            Self::Env { name } => write!(f, "use the environment variable {name}"),
            Self::Secret { name } => write!(f, "use the secret {name}"),
            Self::SendSecret { name, host, place: SecretPlace::Header } => {
                write!(f, "send the secret {name} to {host} in a header")
            }
            Self::SendSecret { name, host, place: SecretPlace::Body } => {
                write!(f, "send the secret {name} to {host} in the body")
            }
            Self::State => write!(f, "keep state between tasks"),
        }
    }
}

#[cfg(test)]
mod tests;
