//! `sitemap.xml`: addresses, or further sitemaps.

use roxmltree::{Document, ParsingOptions};
use url::Url;

/// What a sitemap names.
#[derive(Debug, Default, PartialEq)]
pub struct Sitemap {
    pub pages: Vec<Url>,
    pub sitemaps: Vec<Url>,
}

/// Reads a sitemap or an index of sitemaps; relative addresses, which the format forbids, are taken as meant.
pub fn read(xml: &str, at: &Url) -> Option<Sitemap> {
    let options = ParsingOptions { allow_dtd: false, nodes_limit: 1_000_000, ..ParsingOptions::default() };
    let document = Document::parse_with_options(xml.trim_start_matches('\u{feff}'), options).ok()?;
    let root = document.root_element().tag_name().name();
    let locations = document.descendants().filter(|node| node.tag_name().name() == "loc");
    let addresses = locations.filter_map(|node| at.join(node.text()?.trim()).ok());
    match root {
        "urlset" => Some(Sitemap { pages: addresses.collect(), sitemaps: Vec::new() }),
        "sitemapindex" => Some(Sitemap { pages: Vec::new(), sitemaps: addresses.collect() }),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(xml: &str, pages: &[&str], sitemaps: &[&str]) {
        let at = Url::parse("https://a.example/sitemap.xml").expect("an address");
        let read = read(xml, &at).expect("a sitemap");
        assert_eq!(read.pages.iter().map(Url::as_str).collect::<Vec<_>>(), pages);
        assert_eq!(read.sitemaps.iter().map(Url::as_str).collect::<Vec<_>>(), sitemaps);
    }

    #[test]
    fn pages_or_sitemaps() {
        let set = r#"<?xml version="1.0"?><urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9">
            <url><loc> https://a.example/b </loc></url><url><loc>/c</loc></url></urlset>"#;
        check(set, &["https://a.example/b", "https://a.example/c"], &[]);
        let index = "<sitemapindex><sitemap><loc>https://a.example/1.xml</loc></sitemap></sitemapindex>";
        check(index, &[], &["https://a.example/1.xml"]);
        let at = Url::parse("https://a.example/").expect("an address");
        assert!(read("<html></html>", &at).is_none() && read("no", &at).is_none());
    }
}
