//! `search/search_index.json` of `MkDocs`: the text of every section.

use super::Entry;
use serde::Deserialize;
use url::Url;

#[derive(Deserialize)]
struct Index {
    docs: Vec<Document>,
}

#[derive(Deserialize)]
struct Document {
    location: String,
    #[serde(default)]
    title: String,
    #[serde(default)]
    text: String,
}

/// The sections that the index names.
pub fn read(index: &str, root: &Url) -> Option<Vec<Entry>> {
    let index: Index = serde_json::from_str(index).ok()?;
    let entry = |document: Document| {
        let address = root.join(&document.location).ok()?;
        // Some themes keep markup in the text.
        Some(Entry { address, title: document.title, text: without_tags(&document.text) })
    };
    Some(index.docs.into_iter().filter_map(entry).collect())
}

fn without_tags(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, tag)) = rest.split_once('<') {
        plain.push_str(before);
        match tag.split_once('>') {
            Some((name, after)) if name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '/') => {
                plain.push(' ');
                rest = after;
            }
            _ => {
                plain.push('<');
                rest = tag;
            }
        }
    }
    plain + rest
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sections_with_their_text() {
        let root = Url::parse("https://a.example/").expect("an address");
        let json = r#"{"config":{},"docs":[{"location":"b/#c","title":"C","text":"<p>if a < b</p>"}]}"#;
        let entries = read(json, &root).expect("an index");
        assert_eq!(entries[0].address.as_str(), "https://a.example/b/#c");
        assert_eq!(entries[0].text.trim(), "if a < b");
        assert!(read("{}", &root).is_none());
    }
}
