//! `[executors.NAME.grant]`, and what of it is refused because it would grant everything.

use crate::{
    component,
    layer::layer,
    places::Places,
    reader::{At, Node, Table},
};
use hob_core::{
    AnyProgram, Bytes, DirGrant, EnvGrant, Grant, HttpGrant, InheritEnv, Mode, ProgramGrant, ProgramsGrant,
    SecretGrant, SecretPlace,
};
use std::collections::BTreeMap;

mod flags;

pub use flags::{GrantFlags, grant_flags, grant_lines};

layer! {
    /// What one layer says of a grant, key by key.
    GrantLayer {
        dirs: Vec<DirGrant>,
        http: Vec<HttpGrant>,
        programs: ProgramsGrant,
        env: EnvGrant,
        secrets: BTreeMap<String, SecretGrant>,
        state: Bytes,
    }
}

impl GrantLayer {
    pub(crate) fn read(table: Table<'_>, places: &Places) -> Self {
        let layer = Self {
            dirs: table.get("dirs").and_then(|node| dirs(&node, places)),
            http: table.get("http").and_then(|node| http(&node)),
            programs: table.get("programs").and_then(|node| programs(&node, places)),
            env: table.get("env").and_then(|node| env(&node)),
            secrets: table.get("secrets").and_then(|node| secrets(&node)),
            state: table.get("state").and_then(|node| node.parsed("a size such as \"1MiB\"", str::parse)),
        };
        table.close();
        layer
    }

    pub(crate) fn resolve(&self) -> Grant {
        fn value<T: Clone + Default>(at: Option<&At<T>>) -> T {
            at.map(|at| at.value.clone()).unwrap_or_default()
        }
        Grant {
            dirs: value(self.dirs.as_ref()),
            http: value(self.http.as_ref()),
            programs: value(self.programs.as_ref()),
            env: value(self.env.as_ref()),
            secrets: value(self.secrets.as_ref()),
            state: value(self.state.as_ref()),
        }
    }
}

fn dirs(node: &Node<'_>, places: &Places) -> Option<At<Vec<DirGrant>>> {
    const EXPECTED: &str = "a list of folders such as [{ host = \"{cwd}\", guest = \"/project\", mode = \"ro\" }]";
    let mut dirs: Vec<DirGrant> = Vec::new();
    for element in node.list(EXPECTED)? {
        let Some(table) = element.table("a folder such as { host = \"{cwd}\", guest = \"/project\" }") else {
            continue;
        };
        let host = table.require("host", "\"{cwd}\"").and_then(|node| dir_host(&node, places));
        let guest = table.require("guest", "\"/project\"").and_then(|node| guest(&node));
        let mode = table.get("mode").and_then(|node| {
            node.parsed("\"ro\" or \"rw\"", |text| match text {
                "ro" => Ok(Mode::Ro),
                "rw" => Ok(Mode::Rw),
                other => Err(format!("`{other}` is neither \"ro\" nor \"rw\"")),
            })
        });
        table.close();
        let (Some(host), Some(guest)) = (host, guest) else { continue };
        if dirs.iter().any(|dir| dir.guest == guest) {
            element.wrong(format!("another folder is granted as `{guest}` already"));
        }
        dirs.push(DirGrant { host, guest, mode: mode.map_or_else(Mode::default, |mode| mode.value) });
    }
    Some(node.at(dirs))
}

fn dir_host(node: &Node<'_>, places: &Places) -> Option<String> {
    let text = node.text("the path of a folder")?;
    if text == "{cwd}" {
        return Some(text.to_owned());
    }
    let refuse = |message: &str, hint: &str| {
        node.wrong_hint(message, hint);
        None
    };
    if text.contains(['*', '{', '}', '\0']) {
        return refuse(
            "a folder is granted by its path, not by a pattern",
            "an absolute path, `~/…`, or `{cwd}` alone",
        );
    }
    let Some(path) = places.expand(text) else {
        return refuse("`~` stands for your home folder, and this machine names none", "an absolute path");
    };
    if !path.is_absolute() {
        return refuse("this path is not absolute", "an absolute path, `~/…`, or `{cwd}` for the folder of the task");
    }
    if let Err(why) = places.protected().check(&path) {
        node.wrong(format!("cannot grant {}: {why}", path.display()));
        return None;
    }
    Some(path.components().collect::<std::path::PathBuf>().to_string_lossy().into_owned())
}

fn guest(node: &Node<'_>) -> Option<String> {
    let text = node.text("a path such as \"/project\"")?;
    let plain = text.split('/').skip(1).all(|part| !part.is_empty() && part != "." && part != "..");
    if text.starts_with('/') && (plain || text == "/") && !text.contains(['\0', '*', '\\']) {
        return Some(text.to_owned());
    }
    node.wrong("a component sees a folder under an absolute path such as `/project`, without `.`, `..` or `//`");
    None
}

fn http(node: &Node<'_>) -> Option<At<Vec<HttpGrant>>> {
    const EXPECTED: &str = "a list of hosts such as [{ host = \"docs.example.org\", methods = [\"GET\"] }]";
    let mut hosts = Vec::new();
    for element in node.list(EXPECTED)? {
        let Some(table) = element.table("a host such as { host = \"docs.example.org\" }") else { continue };
        let host = table.require("host", "\"docs.example.org\"").and_then(|node| http_host(&node));
        let methods = table.get("methods").map(|node| methods(&node));
        let scheme = table.get("scheme").and_then(|node| {
            node.parsed("\"https\" or \"http\"", |text| match text {
                "http" | "https" => Ok(text.to_owned()),
                other => Err(format!("`{other}` is neither \"https\" nor \"http\"")),
            })
        });
        let port = table.get("port").and_then(|node| node.integer(1..=u64::from(u16::MAX)));
        let local = table.get("local").and_then(|node| node.boolean()).is_some_and(|local| local.value);
        table.close();
        if local && host.as_deref() == Some("*") {
            element.wrong("`local = true` opens your own network: name the host");
        }
        let Some(host) = host else { continue };
        hosts.push(HttpGrant {
            host,
            methods: methods.unwrap_or_else(|| Some(vec!["GET".to_owned(), "HEAD".to_owned()])).unwrap_or_default(),
            scheme: scheme.map_or_else(|| "https".to_owned(), |scheme| scheme.value),
            port: port.and_then(|port| u16::try_from(port.value).ok()),
            local,
        });
    }
    Some(node.at(hosts))
}

fn http_host(node: &Node<'_>) -> Option<String> {
    let text = node.text("the name of a host")?;
    let refuse = |message: &str, hint: &str| {
        node.wrong_hint(message, hint);
        None
    };
    if text.contains("://") {
        return refuse("this is an address, not a host", "the name alone; `scheme` and `port` are keys beside it");
    }
    let address = text.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or(text);
    if address.parse::<std::net::Ipv6Addr>().is_ok() || text == "*" {
        return Some(address.to_owned());
    }
    if let Some((_, port)) = text.rsplit_once(':')
        && port.chars().all(|c| c.is_ascii_digit())
    {
        return refuse("this is a host with a port", "the name alone; `port` is a key beside it");
    }
    let name = text.strip_prefix("*.").unwrap_or(text);
    let label = |label: &str| {
        (1..=63).contains(&label.len()) && label.chars().all(|c| c.is_ascii_alphanumeric() || c == '-' || c == '_')
    };
    if name.len() > 253 || !name.split('.').all(label) {
        return refuse(
            "this is not the name of a host",
            "a name such as \"docs.example.org\", \"*.example.org\" for all names below, or \"*\"",
        );
    }
    Some(text.to_ascii_lowercase())
}

fn methods(node: &Node<'_>) -> Option<Vec<String>> {
    const EXPECTED: &str = "a list of methods such as [\"GET\", \"POST\"]";
    let method = |node: Node<'_>| {
        let read = node.parsed("a method such as \"GET\"", |text| {
            let valid = !text.is_empty() && text.chars().all(|c| c.is_ascii_uppercase());
            if valid || text == "*" {
                Ok(text.to_owned())
            } else {
                Err(format!("`{text}` is no method: write it in capitals, such as \"GET\""))
            }
        });
        read.map(|method| method.value)
    };
    node.list(EXPECTED)?.into_iter().map(method).collect()
}

fn programs(node: &Node<'_>, places: &Places) -> Option<At<ProgramsGrant>> {
    const EXPECTED: &str = "\"any\" or a table of programs such as { git = { path = \"/usr/bin/git\" } }";
    if node.as_str() == Some("any") {
        return Some(node.at(ProgramsGrant::Any(AnyProgram::Any)));
    }
    let mut programs = BTreeMap::new();
    for (name, program) in node.table(EXPECTED)?.entries() {
        // By its path it is called with `programs = [{ name = "*" }]` in what the component asks for.
        let is_path = name.starts_with('/');
        if name.is_empty() || name.contains(['\\', '\0', '*']) || (name.contains('/') && !is_path) {
            let hint = "the name by which the component calls it, such as `git`; `path` says which program that is";
            program.wrong_name("this cannot be a program's name", hint);
        }
        let Some(table) = program.table("a table such as { path = \"/usr/bin/git\" }") else { continue };
        let path = table.require("path", "\"/usr/bin/git\"").and_then(|node| program_path(&node, places));
        let args = table.get("args").map(|node| {
            let text = |node: Node<'_>| node.text("a pattern such as \"log\" or \"**\"").map(str::to_owned);
            let list = node.list("a list of patterns such as [\"log\", \"**\"]");
            list.unwrap_or_default().into_iter().filter_map(text).collect()
        });
        let sha256 = table.get("sha256").and_then(|node| component::digest(&node));
        table.close();
        if let Some(path) = path {
            programs.insert(name.to_owned(), ProgramGrant { path, args, sha256 });
        }
    }
    Some(node.at(ProgramsGrant::Named(programs)))
}

fn program_path(node: &Node<'_>, places: &Places) -> Option<String> {
    let text = node.text("the absolute path of a program, or its name")?;
    let is_name = !text.is_empty() && !text.starts_with('~') && !text.contains(['/', '\\', '\0', '*']);
    if is_name && text != "." && text != ".." {
        return Some(text.to_owned());
    }
    let path = places.expand(text).filter(|path| path.is_absolute() && !text.contains('\0'));
    if path.is_none() {
        let hint = "such as \"/usr/bin/git\", or \"git\" for the one in the PATH of whoever dispatches the task";
        node.wrong_hint("a program is granted by its absolute path, or by its name alone", hint);
    }
    path.map(|path| path.to_string_lossy().into_owned())
}

fn env(node: &Node<'_>) -> Option<At<EnvGrant>> {
    const EXPECTED: &str = "\"inherit\" or a list of names such as [\"LANG\"]";
    if node.as_str() == Some("inherit") {
        return Some(node.at(EnvGrant::Inherit(InheritEnv::Inherit)));
    }
    let name = |node: Node<'_>| variable(&node);
    let names = node.list(EXPECTED)?.into_iter().filter_map(name).collect();
    Some(node.at(EnvGrant::Names(names)))
}

fn variable(node: &Node<'_>) -> Option<String> {
    let text = node.text("the name of a variable")?;
    if text == "*" {
        node.wrong_hint("variables are granted by name", "for all of them: env = \"inherit\"");
        return None;
    }
    if text.is_empty() || text.contains(['=', '\0']) {
        node.wrong("this cannot be the name of a variable");
        return None;
    }
    Some(text.to_owned())
}

fn secrets(node: &Node<'_>) -> Option<At<BTreeMap<String, SecretGrant>>> {
    const EXPECTED: &str = "a table such as { GITHUB = { env = \"GITHUB_TOKEN\", hosts = [\"api.github.com\"] } }";
    let mut secrets = BTreeMap::new();
    for (name, secret) in node.table(EXPECTED)?.entries() {
        let Some(table) = secret.table("a table with `env` and `hosts`") else { continue };
        let env = table.require("env", "\"GITHUB_TOKEN\"").and_then(|node| variable(&node));
        let hosts = table.require("hosts", "[\"api.github.com\"]").and_then(|node| secret_hosts(&node));
        let places = table.get("in").map(|node| secret_places(&node));
        table.close();
        if let (Some(env), Some(hosts)) = (env, hosts) {
            let places = places.unwrap_or_else(|| vec![SecretPlace::Header]);
            secrets.insert(name.to_owned(), SecretGrant { env, hosts, places });
        }
    }
    Some(node.at(secrets))
}

fn secret_hosts(node: &Node<'_>) -> Option<Vec<String>> {
    let host = |node: Node<'_>| {
        let host = http_host(&node)?;
        if host == "*" {
            node.wrong("a secret goes to hosts that are named");
            return None;
        }
        Some(host)
    };
    Some(node.list("a list of hosts such as [\"api.github.com\"]")?.into_iter().filter_map(host).collect())
}

fn secret_places(node: &Node<'_>) -> Vec<SecretPlace> {
    let place = |node: Node<'_>| {
        let read = node.parsed("\"header\" or \"body\"", |text| match text {
            "header" => Ok(SecretPlace::Header),
            "body" => Ok(SecretPlace::Body),
            other => Err(format!("`{other}` is neither \"header\" nor \"body\"")),
        });
        read.map(|place| place.value)
    };
    node.list("a list such as [\"header\"]").unwrap_or_default().into_iter().filter_map(place).collect()
}
