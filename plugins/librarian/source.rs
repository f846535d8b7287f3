use hob_plugin::{JsonSchema, schemars};
use serde::{Deserialize, Serialize};
use url::Url;

/// A source as the configuration names it.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Configured {
    #[schemars(length(min = 1))]
    pub name: String,
    /// Address of the first page of a site, or of a page or sitemap
    url: Option<String>,
    /// Folder with Markdown or HTML files, as the component sees it
    folder: Option<String>,
    #[serde(default)]
    kind: Kind,
}

/// What a source is, which says how its pages are found.
#[derive(Clone, Copy, Debug, Default, Deserialize, Serialize, PartialEq, Eq, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// Found out from the first page.
    #[default]
    Auto,
    Rustdoc,
    Mdbook,
    Sphinx,
    Mkdocs,
    Docusaurus,
    Sitemap,
    Page,
    Site,
    Folder,
}

/// Where to look.
#[derive(Clone, Debug, PartialEq)]
pub struct Source {
    pub name: String,
    pub place: Place,
    pub kind: Kind,
}

#[derive(Clone, Debug, PartialEq)]
pub enum Place {
    Web(Url),
    /// A guest path.
    Folder(String),
}

/// Which sources a task looks through: those it names, else those that are configured, else the folder
/// of the task; and those whose address stands in the question.
pub fn choose(
    named: &[String],
    configured: &[Configured],
    addresses: &[Url],
    project: &str,
) -> Result<Vec<Source>, String> {
    let mut sources = Vec::new();
    if named.is_empty() {
        for one in configured {
            sources.push(one.source(project)?);
        }
    }
    for name in named {
        let known = configured.iter().find(|source| source.name == *name);
        sources.push(match known {
            Some(source) => source.source(project)?,
            None => by_place(name, project).ok_or_else(|| unknown(name, configured))?,
        });
    }
    for url in addresses {
        sources.push(Source { name: url.to_string(), place: Place::Web(url.clone()), kind: Kind::Auto });
    }
    if sources.is_empty() {
        sources.push(Source {
            name: "project".to_owned(),
            place: Place::Folder(project.to_owned()),
            kind: Kind::Folder,
        });
    }
    Ok(sources)
}

/// An address, or a folder: `.`, `docs`, `./docs/api`, `/project/docs`.
fn by_place(name: &str, project: &str) -> Option<Source> {
    if let Ok(url) = Url::parse(name)
        && matches!(url.scheme(), "http" | "https")
    {
        return Some(Source { name: name.to_owned(), place: Place::Web(url), kind: Kind::Auto });
    }
    let path = below(name, project)?;
    Some(Source { name: name.to_owned(), place: Place::Folder(path), kind: Kind::Folder })
}

/// A guest path: as it is where it is absolute, else below the folder of the task.
fn below(path: &str, project: &str) -> Option<String> {
    if path.is_empty() || path.contains(char::is_whitespace) || path.split('/').any(|part| part == "..") {
        return None;
    }
    if path.starts_with('/') {
        return Some(path.to_owned());
    }
    let parts: Vec<&str> = path.split('/').filter(|part| !matches!(*part, "" | ".")).collect();
    Some([&[project.trim_end_matches('/')], parts.as_slice()].concat().join("/"))
}

fn unknown(name: &str, configured: &[Configured]) -> String {
    let known: Vec<&str> = configured.iter().map(|source| source.name.as_str()).collect();
    let known = if known.is_empty() { "none".to_owned() } else { known.join(", ") };
    format!(
        "`{name}` is no configured source (there are: {known}), no address and no folder in the project; add it to \
         `sources` in [executors.librarian.settings]"
    )
}

impl Configured {
    fn source(&self, project: &str) -> Result<Source, String> {
        let place = match (&self.url, &self.folder) {
            (Some(url), None) => match Url::parse(url) {
                Ok(url) if matches!(url.scheme(), "http" | "https") => Place::Web(url),
                Ok(_) => return Err(format!("source `{}`: `{url}` is neither http nor https", self.name)),
                Err(error) => return Err(format!("source `{}`: `{url}` is no address: {error}", self.name)),
            },
            (None, Some(folder)) => {
                let path = below(folder, project);
                let why = || format!("source `{}`: `{folder}` is no path of a granted folder", self.name);
                Place::Folder(path.ok_or_else(why)?)
            }
            _ => return Err(format!("source `{}` has to have either `url` or `folder`", self.name)),
        };
        let kind = if matches!(place, Place::Folder(_)) { Kind::Folder } else { self.kind };
        if kind == Kind::Folder && matches!(place, Place::Web(_)) {
            return Err(format!("source `{}` is of kind \"folder\" but has no `folder`", self.name));
        }
        Ok(Source { name: self.name.clone(), place, kind })
    }
}

impl Kind {
    /// What a page is made by, where it shows it.
    pub fn detect(html: &str) -> Option<Self> {
        let generator = generator(html).unwrap_or_default().to_lowercase();
        let by_name = [
            ("rustdoc", Self::Rustdoc),
            ("mdbook", Self::Mdbook),
            ("sphinx", Self::Sphinx),
            ("mkdocs", Self::Mkdocs),
            ("zensical", Self::Mkdocs),
            ("docusaurus", Self::Docusaurus),
        ];
        if let Some((_, kind)) = by_name.into_iter().find(|(name, _)| generator.contains(name)) {
            return Some(kind);
        }
        let by_mark = [
            ("Book generated using mdBook", Self::Mdbook),
            ("_static/documentation_options.js", Self::Sphinx),
            ("MkDocs version :", Self::Mkdocs),
            ("search/search_index.json", Self::Mkdocs),
        ];
        by_mark.into_iter().find(|(mark, _)| html.contains(mark)).map(|(_, kind)| kind)
    }
}

/// The content of `<meta name="generator">`.
fn generator(html: &str) -> Option<&str> {
    html.split("<meta").skip(1).find_map(|rest| {
        let tag = rest.split_once('>')?.0;
        if !tag.contains("generator") {
            return None;
        }
        let value = tag.split_once("content=")?.1;
        Some(value.trim_matches(['"', '\'', '/', ' ']).split(['"', '\'']).next().unwrap_or_default())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn configured(json: &str) -> Vec<Configured> {
        serde_json::from_str(json).expect("sources")
    }

    #[track_caller]
    fn check(named: &[&str], json: &str, expect: &[(&str, &str)]) {
        let named: Vec<String> = named.iter().map(|&name| name.to_owned()).collect();
        let chosen = choose(&named, &configured(json), &[], "/project").expect("sources");
        let shown: Vec<(String, String)> = chosen
            .into_iter()
            .map(|source| match source.place {
                Place::Web(url) => (source.name, url.to_string()),
                Place::Folder(path) => (source.name, path),
            })
            .collect();
        let expect: Vec<(String, String)> = expect.iter().map(|&(a, b)| (a.to_owned(), b.to_owned())).collect();
        assert_eq!(shown, expect);
    }

    const TWO: &str = r#"[{"name":"book","url":"https://a.example/book/","kind":"mdbook"},
        {"name":"notes","folder":"/notes"}]"#;

    #[test]
    fn named_configured_or_the_project() {
        check(&[], "[]", &[("project", "/project")]);
        check(&[], TWO, &[("book", "https://a.example/book/"), ("notes", "/notes")]);
        check(&["notes"], TWO, &[("notes", "/notes")]);
        check(
            &["./docs/", "https://b.example/"],
            TWO,
            &[("./docs/", "/project/docs"), ("https://b.example/", "https://b.example/")],
        );
    }

    #[test]
    fn what_cannot_be_one_is_told() {
        let refuse = |named: &str, json: &str| {
            let named = if named.is_empty() { vec![] } else { vec![named.to_owned()] };
            choose(&named, &configured(json), &[], "/project").expect_err("refused")
        };
        assert!(refuse("../secret", TWO).contains("book, notes"));
        assert!(refuse("", r#"[{"name":"x"}]"#).contains("either `url` or `folder`"));
        assert!(refuse("", r#"[{"name":"x","url":"ftp://a.example/"}]"#).contains("neither http nor https"));
        assert!(refuse("", r#"[{"name":"x","url":"https://a.example/","kind":"folder"}]"#).contains("no `folder`"));
    }

    #[track_caller]
    fn check_kind(html: &str, expect: Option<Kind>) {
        assert_eq!(Kind::detect(html), expect, "{html}");
    }

    #[test]
    fn pages_show_what_made_them() {
        check_kind(r#"<meta charset="x"><meta name="generator" content="rustdoc">"#, Some(Kind::Rustdoc));
        check_kind(r#"<meta data-rh="true" name="generator" content="Docusaurus v3.1">"#, Some(Kind::Docusaurus));
        check_kind("<meta content=mkdocs-1.6.1 name=generator>", Some(Kind::Mkdocs));
        check_kind("<!-- Book generated using mdBook -->", Some(Kind::Mdbook));
        check_kind(
            r#"<meta name="generator" content="Docutils 0.2"><script src="_static/documentation_options.js">"#,
            Some(Kind::Sphinx),
        );
        check_kind("<p>a book about mkdocs</p>", None);
        let page = include_str!("../../tests/documentation/docusaurus/docs/install/index.html");
        assert_eq!(Kind::detect(page), Some(Kind::Docusaurus));
    }
}
