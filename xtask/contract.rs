//! `docs/contract.md`: the contract as a page to look things up in, made of `wit/plugin.wit`.

use crate::repository::Repository;
use anyhow::{Context as _, Result};
use std::{fmt::Write as _, fs, path::Path};
use wit_parser::{
    Function, FunctionKind, Handle, Interface, InterfaceId, Resolve, Type, TypeDef, TypeDefKind, TypeId, TypeOwner,
    WorldItem,
};

/// What the WIT has no place for.
const INTRODUCTION: &str = "\
An executor is a WebAssembly component for the world `plugin` of the package `hob:plugin`. This page has everything that such a
component can import and has to export. [`wit/plugin.wit`](../wit/plugin.wit) is the text itself, and this page is made of it
(`cargo xtask contract`).

Most authors need none of it: the crate, the module and the package that `hob plugin new` writes into a project say the same
in their own language. WASI 0.2 is linked as well, so that files and clocks of the language work.

**Rules that hold everywhere**: what the component does not ask for in `describe`, or the configuration does not grant, is denied
when it is called; a denial is an error with the lines that would allow it, never a trap. Every call that waits ends when the task
is asked to stop. What will grow travels as JSON or as pairs; records and variants stay as they are within a version.
";

/// What `describe` returns, which the WIT knows only as JSON.
const DESCRIBE: &str = "
## The JSON of `describe`

It is the same whenever it is called, and is asked for without any capability, within a second and 64 MiB.

| key | what it is |
|---|---|
| `name`, `version` | the component's own; the configuration may run it under another name |
| `summary` | one line for `hob executors` |
| `params` | JSON Schema of the parameters, an object. The command line is made of it |
| `settings` | JSON Schema of `[executors.NAME.settings]`; left out: there are none |
| `result` | JSON Schema of a result's `data`; left out: anything |
| `answer` | `summary` (the default), or `output`: the output is the answer, and is shown as a whole |
| `lifecycle` | `fresh` (the default): an instance for each task; `warm`: it may be kept for further ones |
| `asks` | what it wants to be granted, each with a `reason` in words for a person |

In `params` the extension `x-hob-cli` of a property says where it stands on the command line: `{\"positional\": true}` a bare
word, `{\"trailing\": true}` all that follows `--`, `{\"short\": \"i\"}` a letter for its option. A property `max_hits` is the
option `--max-hits`.

| in `asks` | each is |
|---|---|
| `dirs` | `guest` (where it sees the folder, such as `/project`), `mode` (`ro` or `rw`) |
| `http` | `host` (a name, `*.example.org` or `*`), `methods` (left out: `GET` and `HEAD`) |
| `programs`, `env`, `secrets` | `name` (or `*`) |
| `state` | one object: `bytes` |

Keys that the engine does not know are ignored.
";

/// Writes the page.
pub fn contract(repository: &Repository, _args: &[String]) -> Result<()> {
    let to = repository.path("docs/contract.md");
    fs::write(&to, page(&repository.path("wit/plugin.wit"))?).with_context(|| format!("write {}", to.display()))?;
    println!("Written: {}", to.display());
    Ok(())
}

/// The page of the contract that stands in a file.
pub fn page(wit: &Path) -> Result<String> {
    let mut resolve = Resolve::default();
    let package = resolve.push_file(wit).with_context(|| format!("read {}", wit.display()))?;
    let mut page = format!("# The contract: {}\n\n{INTRODUCTION}", resolve.packages[package].name);
    for (_, &id) in &resolve.packages[package].worlds {
        let world = &resolve.worlds[id];
        let links = |items: Vec<String>| items.join(", ");
        let imports = world.imports.values().filter_map(|item| link(&resolve, item)).collect();
        let exports = world.exports.values().filter_map(|item| link(&resolve, item)).collect();
        writeln!(page, "\nThe world `{}` imports {}; it exports {}.", world.name, links(imports), links(exports))?;
    }
    for &id in resolve.packages[package].interfaces.values() {
        Writer { resolve: &resolve, page: &mut page }.interface(id)?;
    }
    page.push_str(DESCRIBE);
    Ok(page)
}

fn link(resolve: &Resolve, item: &WorldItem) -> Option<String> {
    let WorldItem::Interface { id, .. } = item else { return None };
    let name = resolve.interfaces[*id].name.as_ref()?;
    Some(format!("[`{name}`](#{name})"))
}

struct Writer<'a> {
    resolve: &'a Resolve,
    page: &'a mut String,
}

impl Writer<'_> {
    fn interface(&mut self, id: InterfaceId) -> Result<()> {
        let interface = &self.resolve.interfaces[id];
        writeln!(self.page, "\n## {}", interface.name.as_deref().unwrap_or_default())?;
        self.words(interface.docs.contents.as_deref(), "\n")?;
        for (name, &id) in &interface.types {
            // What it uses of another one stands there.
            if !matches!(self.resolve.types[id].kind, TypeDefKind::Type(Type::Id(_))) {
                self.definition(interface, name, id)?;
            }
        }
        for function in interface.functions.values() {
            if matches!(function.kind, FunctionKind::Freestanding) {
                self.function(function, "###")?;
            }
        }
        Ok(())
    }

    fn definition(&mut self, interface: &Interface, name: &str, id: TypeId) -> Result<()> {
        let definition: &TypeDef = &self.resolve.types[id];
        let kind = definition.kind.as_str();
        let alias = match &definition.kind {
            TypeDefKind::Type(of) => format!(" = {}", self.shown(of)),
            _ => String::new(),
        };
        writeln!(self.page, "\n### {} `{name}{alias}`", if alias.is_empty() { kind } else { "type" })?;
        self.words(definition.docs.contents.as_deref(), "\n")?;
        let mut rows = Vec::new();
        match &definition.kind {
            TypeDefKind::Record(record) => {
                for field in &record.fields {
                    rows.push((format!("{}: {}", field.name, self.shown(&field.ty)), &field.docs));
                }
            }
            TypeDefKind::Variant(variant) => {
                for case in &variant.cases {
                    let of = case.ty.as_ref().map(|of| format!("({})", self.shown(of))).unwrap_or_default();
                    rows.push((format!("{}{of}", case.name), &case.docs));
                }
            }
            TypeDefKind::Enum(all) => rows.extend(all.cases.iter().map(|case| (case.name.clone(), &case.docs))),
            TypeDefKind::Resource => {
                for function in interface.functions.values().filter(|function| function.kind.resource() == Some(id)) {
                    self.function(function, "####")?;
                }
            }
            _ => {}
        }
        if !rows.is_empty() {
            self.page.push('\n');
        }
        for (text, docs) in rows {
            let words = docs.contents.as_deref().map(|words| format!(": {}", one_line(words))).unwrap_or_default();
            writeln!(self.page, "- `{text}`{words}")?;
        }
        Ok(())
    }

    fn function(&mut self, function: &Function, heading: &str) -> Result<()> {
        let is_self = |name: &str| name == "self" && !matches!(function.kind, FunctionKind::Freestanding);
        let params = function.params.iter().filter(|param| !is_self(&param.name));
        let params: Vec<String> = params.map(|param| format!("{}: {}", param.name, self.shown(&param.ty))).collect();
        let result = function.result.as_ref().map(|of| format!(" -> {}", self.shown(of))).unwrap_or_default();
        writeln!(self.page, "\n{heading} `{}`\n", function.item_name())?;
        writeln!(self.page, "```wit\n{}: func({}){result}\n```", function.item_name(), params.join(", "))?;
        self.words(function.docs.contents.as_deref(), "\n")
    }

    fn words(&mut self, words: Option<&str>, before: &str) -> Result<()> {
        if let Some(words) = words {
            writeln!(self.page, "{before}{}", words.trim())?;
        }
        Ok(())
    }

    /// A type as WIT writes it.
    fn shown(&self, of: &Type) -> String {
        let Type::Id(id) = of else { return format!("{of:?}").to_lowercase() };
        let definition = &self.resolve.types[*id];
        if let (Some(name), TypeOwner::Interface(_)) = (&definition.name, definition.owner) {
            return name.clone();
        }
        let or_none = |of: &Option<Type>| of.as_ref().map_or_else(|| "_".to_owned(), |of| self.shown(of));
        match &definition.kind {
            TypeDefKind::Option(of) => format!("option<{}>", self.shown(of)),
            TypeDefKind::List(of) => format!("list<{}>", self.shown(of)),
            TypeDefKind::Result(result) => match (&result.ok, &result.err) {
                (ok, Some(error)) => format!("result<{}, {}>", or_none(ok), self.shown(error)),
                (Some(ok), None) => format!("result<{}>", self.shown(ok)),
                (None, None) => "result".to_owned(),
            },
            TypeDefKind::Tuple(tuple) => {
                let parts: Vec<String> = tuple.types.iter().map(|of| self.shown(of)).collect();
                format!("tuple<{}>", parts.join(", "))
            }
            TypeDefKind::Handle(Handle::Own(id)) => self.shown(&Type::Id(*id)),
            TypeDefKind::Handle(Handle::Borrow(id)) => format!("borrow<{}>", self.shown(&Type::Id(*id))),
            other => other.as_str().to_owned(),
        }
    }
}

fn one_line(words: &str) -> String {
    words.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_page_is_that_of_the_contract() {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the repository");
        let made = page(&root.join("wit/plugin.wit")).expect("a page");
        let is = fs::read_to_string(root.join("docs/contract.md")).expect("docs/contract.md");
        assert_eq!(is, made, "`cargo xtask contract` writes it");
    }

    #[test]
    fn every_name_of_the_contract_is_on_the_page() {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the repository");
        let page = page(&root.join("wit/plugin.wit")).expect("a page");
        for line in fs::read_to_string(root.join("wit/plugin.wit")).expect("the contract").lines() {
            let line = line.trim();
            let function = line.split_once(": func(").map(|(name, _)| format!("`{name}`"));
            let kinds = ["record ", "variant ", "enum ", "resource "];
            let of = kinds.iter().find_map(|kind| line.strip_prefix(kind).map(|rest| (kind, rest)));
            let of = of.map(|(kind, rest)| format!("### {kind}`{}`", rest.split(' ').next().unwrap_or_default()));
            for name in function.into_iter().chain(of) {
                assert!(page.contains(&name), "{name}");
            }
        }
    }
}
