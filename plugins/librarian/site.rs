//! What a documentation site says of itself: which program made it, which pages it has.

use crate::{
    index::{Entry, mdbook, mkdocs, sitemap, sphinx},
    source::Kind,
    web::{Got, Missing, Web},
    words::without_targets,
};
use page::{Extent, Page, Section};
use std::collections::HashMap;
use url::Url;

/// A site whose first page was read.
pub struct Site {
    pub kind: Kind,
    /// Addresses of pages begin with this, where pages are found by links.
    prefix: Url,
}

/// Sitemaps that are read of one site.
const SITEMAPS: usize = 20;

/// As many as one waits for without a hint that they help.
const BLIND: usize = 10;

impl Site {
    /// Finds out what a site is, and which pages its index names. A site without the index of its kind is
    /// read by its links.
    pub async fn open(kind: Kind, start: &Got, web: &Web) -> Result<(Self, Vec<Entry>), Missing> {
        let at = &start.address;
        let prefix = Self::without_index(at).prefix;
        let detected = if kind == Kind::Auto { Kind::detect(&start.text).unwrap_or(Kind::Auto) } else { kind };
        let site = |kind| Self { kind, prefix: prefix.clone() };
        let entries = match detected {
            Kind::Mdbook => {
                let (root, names) = mdbook::places(&start.text, at);
                let places = names.iter().filter_map(|name| at.join(name).or_else(|_| root.join(name)).ok());
                first(places, web, |text| mdbook::read(text, &root)).await?
            }
            Kind::Mkdocs => {
                let roots = above(at);
                first_of(&roots, "search/search_index.json", web, mkdocs::read).await?
            }
            Kind::Sphinx => {
                let root = data(&start.text, "data-content_root").and_then(|path| at.join(path).ok());
                let roots = root.map_or_else(|| above(at), |root| vec![root]);
                let options =
                    first_of(&roots, "_static/documentation_options.js", web, |text, _| Some(text.to_owned())).await?;
                let addresses = sphinx::Addresses::read(options.as_deref());
                first_of(&roots, "searchindex.js", web, |text, root| sphinx::read(text, root, &addresses)).await?
            }
            Kind::Rustdoc => {
                let root = data(&start.text, "data-root-path").and_then(|path| at.join(path).ok());
                let name = data(&start.text, "data-current-crate").filter(|name| !name.is_empty());
                let all = root.zip(name).and_then(|(root, name)| root.join(&format!("{name}/all.html")).ok());
                match all {
                    Some(all) => first([all.clone()].into_iter(), web, |text| Some(links(text, &all))).await?,
                    None => None,
                }
            }
            Kind::Auto | Kind::Docusaurus | Kind::Sitemap => sitemap_entries(at, &prefix, detected, web).await?,
            Kind::Page => return Ok((site(Kind::Page), Vec::new())),
            Kind::Site | Kind::Folder => None,
        };
        Ok(match (entries, detected) {
            (Some(entries), Kind::Auto) => (site(Kind::Sitemap), entries),
            (Some(entries), kind) => (site(kind), entries),
            (None, Kind::Rustdoc) => (site(Kind::Rustdoc), Vec::new()),
            (None, _) => (site(Kind::Site), Vec::new()),
        })
    }

    /// A site of which nothing is known but a page.
    pub fn without_index(at: &Url) -> Self {
        Self { kind: Kind::Site, prefix: at.join(".").unwrap_or_else(|_| at.clone()) }
    }

    /// How many pages may be read of which nothing is known but an address or a link that says nothing of the question.
    pub fn blind(&self) -> usize {
        match self.kind {
            Kind::Site | Kind::Docusaurus | Kind::Sitemap => BLIND,
            // Their indices have text, or a name for everything.
            _ => 0,
        }
    }

    /// What a page that was read adds: links, where they are how pages are found, or what they say of pages that
    /// the index names without a title.
    pub fn entries(&self, page: &Page, at: &Url) -> Vec<Entry> {
        let is_module = at.path().ends_with('/') || at.path().ends_with("/index.html");
        match self.kind {
            Kind::Rustdoc if is_module => self.items(page),
            Kind::Site | Kind::Docusaurus | Kind::Sitemap => self.links(page),
            _ => Vec::new(),
        }
    }

    fn links(&self, page: &Page) -> Vec<Entry> {
        let inside = page.links.iter().filter(|link| self.is_inside(&link.address) && is_page(&link.address));
        inside.map(|link| entry(&link.address, &link.text, "")).collect()
    }

    /// The items of a module, with the line that its page has of each.
    fn items(&self, page: &Page) -> Vec<Entry> {
        let mut lines: HashMap<&str, &str> = HashMap::new();
        // Each begins as `**[name](address)**`; the lines of others may link to it too.
        for item in page.markdown.split("\n**[").skip(1) {
            let Some((address, rest)) = item.split_once("](").and_then(|(_, rest)| rest.split_once(')')) else {
                continue;
            };
            let line = rest.trim_start_matches('*').split("\n#").next().unwrap_or_default();
            lines.entry(address).or_insert(line.trim());
        }
        let mut entries = self.links(page);
        for entry in &mut entries {
            let line = lines.get(entry.address.as_str()).copied().unwrap_or_default();
            entry.text = without_targets(line).chars().take(300).collect();
        }
        entries
    }

    /// The sections of a page that say something of their own, and for a list of items one for each of them, with
    /// its address.
    pub fn sections(&self, all: Vec<Section>, entries: &[Entry]) -> (Vec<Section>, Vec<(Url, Section)>) {
        if self.kind != Kind::Rustdoc {
            return (all, Vec::new());
        }
        let mut items = Vec::new();
        let mut kept = Vec::new();
        for mut section in all {
            // The anchor that leads past the navigation.
            section.anchor = section.anchor.filter(|anchor| anchor != "main-content");
            // What ends so is the beginning of what another crate says of its trait.
            if section.markdown.contains("[Read more](") {
                continue;
            }
            let is_list = section.markdown.lines().any(|line| line.starts_with("**["));
            let is_in = |entry: &&Entry| section.markdown.contains(&format!("]({})", entry.address));
            let named = entries.iter().filter(|entry| is_list && !entry.text.is_empty()).filter(is_in);
            let before = items.len();
            for entry in named {
                let headings = [section.headings.as_slice(), std::slice::from_ref(&entry.title)].concat();
                items.push((
                    entry.address.clone(),
                    Section { headings, anchor: None, level: 3, markdown: entry.text.clone() },
                ));
            }
            if items.len() == before {
                kept.push(section);
            }
        }
        (kept, items)
    }

    fn is_inside(&self, address: &Url) -> bool {
        address.origin() == self.prefix.origin() && address.path().starts_with(self.prefix.path())
    }
}

/// All pages that a list of them links to.
fn links(html: &str, at: &Url) -> Vec<Entry> {
    let page = Page::read(html, at, Extent::Whole);
    page.links.iter().filter(|link| is_page(&link.address)).map(|link| entry(&link.address, &link.text, "")).collect()
}

fn entry(address: &Url, title: &str, text: &str) -> Entry {
    Entry { address: address.clone(), title: title.to_owned(), text: text.to_owned() }
}

/// Whether an address may be a page: by its ending, and no rendered source.
fn is_page(address: &Url) -> bool {
    let is_source = address.path().contains("/src/") && address.path().ends_with(".rs.html");
    !is_source && ending(address.path()).is_none_or(|ending| !NO_PAGES.contains(&ending.as_str()))
}

/// The ending of a file's name, in small letters.
pub fn ending(path: &str) -> Option<String> {
    let name = path.rsplit('/').next().unwrap_or_default();
    name.rsplit_once('.').map(|(_, ending)| ending.to_ascii_lowercase())
}

const NO_PAGES: [&str; 22] = [
    "css", "js", "json", "xml", "png", "jpg", "jpeg", "gif", "svg", "webp", "ico", "pdf", "zip", "gz", "tar", "whl",
    "woff", "woff2", "ttf", "mp4", "inv", "epub",
];

/// The value of an attribute anywhere in a page.
fn data<'a>(html: &'a str, name: &str) -> Option<&'a str> {
    let rest = html.split_once(name)?.1.strip_prefix("=\"")?;
    rest.split_once('"').map(|(value, _)| value)
}

/// The folder of a page and those above it, the nearest first: one of them is the root of its site.
fn above(at: &Url) -> Vec<Url> {
    let mut folders: Vec<Url> = Vec::new();
    let mut next = at.join(".").ok();
    while let Some(folder) = next {
        next = folder.join("..").ok().filter(|above| above != &folder);
        folders.push(folder);
        if folders.len() == 4 {
            break;
        }
    }
    folders
}

async fn first_of<T>(
    roots: &[Url],
    name: &str,
    web: &Web,
    read: impl Fn(&str, &Url) -> Option<T>,
) -> Result<Option<T>, Missing> {
    for root in roots {
        let place = root.join(name).into_iter();
        if let Some(found) = first(place, web, |text| read(text, root)).await? {
            return Ok(Some(found));
        }
    }
    Ok(None)
}

/// The first place that has what is looked for. That one is not there is no failure, that the task has to stop is.
async fn first<T>(
    places: impl Iterator<Item = Url>,
    web: &Web,
    read: impl Fn(&str) -> Option<T>,
) -> Result<Option<T>, Missing> {
    for place in places {
        match web.get(&place).await {
            Ok(got) => {
                if let Some(found) = read(&got.text) {
                    return Ok(Some(found));
                }
            }
            Err(Missing::Status(_) | Missing::Failed(_)) => {}
            Err(stop) => return Err(stop),
        }
    }
    Ok(None)
}

/// The pages that sitemaps name below `prefix`.
async fn sitemap_entries(at: &Url, prefix: &Url, kind: Kind, web: &Web) -> Result<Option<Vec<Entry>>, Missing> {
    // A sitemap that was named is about all of its site.
    let named = ending(at.path()).as_deref() == Some("xml");
    let mut waiting: Vec<Url> = if named {
        vec![at.clone()]
    } else {
        above(at).iter().filter_map(|root| root.join("sitemap.xml").ok()).collect()
    };
    waiting.reverse();
    let mut entries = Vec::new();
    let mut count = 0;
    while let Some(place) = waiting.pop() {
        count += 1;
        if count > SITEMAPS {
            break;
        }
        let read = |text: &str| sitemap::read(text, &place);
        let Some(found) = first([place.clone()].into_iter(), web, read).await? else { continue };
        if kind != Kind::Sitemap || !named {
            // The others are of sites around this one.
            waiting.clear();
        }
        waiting.extend(found.sitemaps.into_iter().filter(|next| next.origin() == at.origin()).rev());
        let inside = |page: &Url| {
            page.origin() == at.origin() && (named || page.path().starts_with(prefix.path())) && is_page(page)
        };
        entries.extend(found.pages.iter().filter(|page| inside(page)).map(|page| entry(page, "", "")));
    }
    Ok((!entries.is_empty()).then_some(entries))
}
