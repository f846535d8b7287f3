//! `searchindex.js` or `.json` of mdBook: the text of every section.

use super::Entry;
use serde_json::Value;
use url::Url;

/// Where the index is, by what a page of the book says: the root of the book, and names to try.
pub fn places(html: &str, page: &Url) -> (Url, Vec<String>) {
    let text_after = |mark: &str| {
        let rest = html.split_once(mark)?.1;
        rest.split_once(['"', '\'']).map(|(text, _)| text.to_owned())
    };
    let root = text_after("path_to_root = \"").and_then(|path| page.join(&path).ok());
    let root = root.or_else(|| page.join(".").ok()).unwrap_or_else(|| page.clone());
    let named = text_after("path_to_searchindex_js = \"");
    (root, named.into_iter().chain(["searchindex.json".to_owned(), "searchindex.js".to_owned()]).collect())
}

/// The sections that the index names.
pub fn read(index: &str, root: &Url) -> Option<Vec<Entry>> {
    let json: Value = serde_json::from_str(&json(index)?).ok()?;
    let documents = &json["index"]["documentStore"]["docs"];
    let entries = json["doc_urls"].as_array()?.iter().enumerate().filter_map(|(number, path)| {
        let document = &documents[number.to_string()];
        let text = |key: &str| document[key].as_str().unwrap_or_default().to_owned();
        Some(Entry { address: root.join(path.as_str()?).ok()?, title: text("breadcrumbs"), text: text("body") })
    });
    Some(entries.collect())
}

/// The JSON in a script: in a text that is parsed, or as it is.
fn json(index: &str) -> Option<String> {
    if let Some((_, rest)) = index.split_once("JSON.parse('") {
        return Some(unescaped(rest.rsplit_once("')")?.0));
    }
    let (start, end) = (index.find('{')?, index.rfind('}')?);
    index.get(start..=end).map(str::to_owned)
}

/// What a text between single quotes stands for.
fn unescaped(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    let mut letters = text.chars();
    while let Some(letter) = letters.next() {
        match (letter, letter == '\\') {
            (_, true) => match letters.next() {
                Some('n') => plain.push('\n'),
                Some(other) => plain.push(other),
                None => {}
            },
            (other, _) => plain.push(other),
        }
    }
    plain
}

#[cfg(test)]
mod tests {
    use super::*;

    const JSON: &str = r#"{"doc_urls":["a.html#b"],"index":{"documentStore":{"docs":{"0":{"body":"it's \"so\"","breadcrumbs":"A » B","id":"0","title":"B"}}}}}"#;

    #[track_caller]
    fn check(index: &str) {
        let root = Url::parse("https://a.example/book/").expect("an address");
        let entries = read(index, &root).expect("an index");
        assert_eq!(entries.len(), 1);
        assert_eq!(entries[0].address.as_str(), "https://a.example/book/a.html#b");
        assert_eq!((entries[0].title.as_str(), entries[0].text.as_str()), ("A » B", "it's \"so\""));
    }

    #[test]
    fn in_each_of_its_forms() {
        let quoted = JSON.replace('\\', "\\\\").replace('\'', "\\'");
        check(&format!("window.search = Object.assign(window.search, JSON.parse('{quoted}'));"));
        check(&format!("Object.assign(window.search, {JSON});"));
        check(JSON);
        assert!(read("<!DOCTYPE html>", &Url::parse("https://a.example/").expect("an address")).is_none());
    }

    #[test]
    fn a_page_says_where_it_is() {
        let page = Url::parse("https://a.example/book/x/y.html").expect("an address");
        let html = r#"const path_to_root = "../"; window.path_to_searchindex_js = "../searchindex-1.js";"#;
        let (root, names) = places(html, &page);
        assert_eq!(root.as_str(), "https://a.example/book/");
        assert_eq!(names[0], "../searchindex-1.js");
    }
}
