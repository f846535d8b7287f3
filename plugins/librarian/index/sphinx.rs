//! `searchindex.js` of Sphinx: titles with anchors, documented objects, and which words are on which
//! page.

use super::Entry;
use serde_json::Value;
use std::collections::BTreeMap;
use url::Url;

/// How addresses of pages end, by `_static/documentation_options.js`.
pub struct Addresses {
    /// `.html` but where somebody chose otherwise; none for a folder for each page.
    suffix: Option<String>,
}

impl Addresses {
    pub fn read(options: Option<&str>) -> Self {
        let value = |key: &str| {
            let rest = options?.split_once(key)?.1.split_once(['"', '\''])?.1;
            rest.split_once(['"', '\'']).map(|(value, _)| value.to_owned())
        };
        if value("BUILDER:").as_deref() == Some("dirhtml") {
            return Self { suffix: None };
        }
        Self { suffix: Some(value("LINK_SUFFIX:").unwrap_or_else(|| ".html".to_owned())) }
    }

    fn of(&self, name: &str) -> String {
        match &self.suffix {
            Some(suffix) => format!("{name}{suffix}"),
            None if name == "index" => String::new(),
            None => format!("{}/", name.strip_suffix("/index").unwrap_or(name)),
        }
    }
}

/// The pages and sections that the index names.
pub fn read(index: &str, root: &Url, addresses: &Addresses) -> Option<Vec<Entry>> {
    let (start, end) = (index.find('{')?, index.rfind('}')?);
    let json: Value = serde_json::from_str(index.get(start..=end)?).ok()?;
    let names: Vec<&str> = json["docnames"].as_array()?.iter().filter_map(Value::as_str).collect();
    let address = |page: &Value, anchor: Option<&str>| {
        let name = names.get(usize::try_from(page.as_u64()?).ok()?)?;
        let mut address = root.join(&addresses.of(name)).ok()?;
        address.set_fragment(anchor.filter(|anchor| !anchor.is_empty()));
        Some(address)
    };
    let mut entries = Vec::new();
    let terms = terms(&json);
    for (number, title) in json["titles"].as_array()?.iter().enumerate() {
        let Some(address) = address(&number.into(), None) else { continue };
        let text = terms.get(&number).map(|words| words.join(" ")).unwrap_or_default();
        entries.push(Entry { address, title: title.as_str().unwrap_or_default().to_owned(), text });
    }
    for (title, places) in json["alltitles"].as_object().into_iter().flatten() {
        for place in places.as_array().into_iter().flatten() {
            if let Some(address) = place[1].as_str().and_then(|anchor| address(&place[0], Some(anchor))) {
                entries.push(Entry { address, title: title.clone(), text: String::new() });
            }
        }
    }
    for (prefix, objects) in json["objects"].as_object().into_iter().flatten() {
        for object in objects.as_array().into_iter().flatten() {
            let name = object[4].as_str().unwrap_or_default();
            let full = if prefix.is_empty() { name.to_owned() } else { format!("{prefix}.{name}") };
            let anchor = object[3].as_str().filter(|anchor| !anchor.is_empty() && *anchor != "-").unwrap_or(&full);
            if let Some(address) = address(&object[0], Some(anchor)) {
                entries.push(Entry { address, title: full, text: String::new() });
            }
        }
    }
    Some(entries)
}

/// The words of each page, by its number.
fn terms(json: &Value) -> BTreeMap<usize, Vec<&str>> {
    let mut by_page: BTreeMap<usize, Vec<&str>> = BTreeMap::new();
    for key in ["terms", "titleterms"] {
        for (word, pages) in json[key].as_object().into_iter().flatten() {
            let pages = pages.as_array().map_or(std::slice::from_ref(pages), Vec::as_slice);
            for page in pages.iter().filter_map(|page| usize::try_from(page.as_u64()?).ok()) {
                by_page.entry(page).or_default().push(word);
            }
        }
    }
    by_page
}

#[cfg(test)]
mod tests {
    use super::*;

    const INDEX: &str = r#"Search.setIndex({"alltitles":{"A":[[0,null]],"Part":[[0,"part"]]},"docnames":["x/a"],
        "objects":{"m":[[0,1,1,"","f"]]},"terms":{"word":0,"two":[0]},"titles":["A"],"titleterms":{}})"#;

    #[track_caller]
    fn check(options: Option<&str>, expect: &[(&str, &str, &str)]) {
        let root = Url::parse("https://a.example/").expect("an address");
        let entries = read(INDEX, &root, &Addresses::read(options)).expect("an index");
        let read: Vec<_> =
            entries.iter().map(|e| (e.address.path(), e.address.fragment().unwrap_or(""), e.title.as_str())).collect();
        assert_eq!(read, expect);
        assert_eq!(entries[0].text.split(' ').count(), 2);
    }

    #[test]
    fn pages_sections_and_objects() {
        check(None, &[("/x/a.html", "", "A"), ("/x/a.html", "part", "Part"), ("/x/a.html", "m.f", "m.f")]);
        let folders = "BUILDER: 'dirhtml', LINK_SUFFIX: '.html'";
        check(Some(folders), &[("/x/a/", "", "A"), ("/x/a/", "part", "Part"), ("/x/a/", "m.f", "m.f")]);
    }
}
