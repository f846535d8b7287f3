use crate::{
    document::{self, Document, Kind},
    exchange::{ask, read},
    kept::{self, Kept},
    missing::Missing,
    params::Format,
    retry,
    robots::Robots,
};
use hob_plugin::http::Response;
use jiff::Timestamp;
use requests::Turns;
use url::Url;

/// Redirects that are followed, as browsers and curl do it, more or less.
const REDIRECTS: usize = 10;

/// How the pages of a task are fetched.
pub struct Journey {
    pub format: Format,
    pub whole: bool,
    pub max_bytes: usize,
    pub seconds: u32,
    pub keep: bool,
    pub robots: Option<Robots>,
    /// Requests that wait for one shall not use their time up with it.
    pub turns: Turns,
}

/// A page, and where it was in the end.
pub struct Arrived {
    pub address: Url,
    pub document: Document,
}

impl Journey {
    /// Fetches one address.
    pub async fn fetch(&self, url: &Url) -> Result<Arrived, Missing> {
        let mut address = url.clone();
        let mut followed = 0;
        loop {
            let _turn = self.turns.of(&address).await;
            if let Some(robots) = &self.robots {
                robots.allow(&address).await?;
            }
            let known = kept::page(&address, self.kind()).filter(|_| self.keep);
            let response = ask(&address, self.headers(known.as_ref()), self.seconds).await?;
            if let (304, Some(kept)) = (response.status, known) {
                return Ok(Arrived { document: Document::unchanged(kept, self.max_bytes), address });
            }
            match redirect(&response, &address) {
                Some(_) if followed == REDIRECTS => {
                    return Err(Missing::new(format!("there were more than {REDIRECTS} redirects")));
                }
                Some(next) => address = next?,
                None => return Ok(Arrived { document: self.document(&response, &address).await?, address }),
            }
            followed += 1;
        }
    }

    /// The ways of reading, which are kept apart.
    fn kind(&self) -> &'static str {
        match (self.format, self.whole) {
            (Format::Html, _) => "html",
            (Format::Markdown, true) => "whole",
            (Format::Markdown, false) => "article",
        }
    }

    fn headers(&self, known: Option<&Kept>) -> Vec<(String, String)> {
        let accept = match self.format {
            // Some sites have their pages as Markdown for whoever asks.
            Format::Markdown => "text/markdown, text/html;q=0.9, application/xhtml+xml;q=0.9, text/*;q=0.8, */*;q=0.5",
            Format::Html => "text/html, application/xhtml+xml, */*;q=0.5",
        };
        let mut headers = vec![("accept".to_owned(), accept.to_owned())];
        if let Some(kept) = known {
            headers.extend(kept.etag.clone().map(|etag| ("if-none-match".to_owned(), etag)));
            headers.extend(kept.last_modified.clone().map(|date| ("if-modified-since".to_owned(), date)));
        }
        headers
    }

    async fn document(&self, response: &Response, address: &Url) -> Result<Document, Missing> {
        if !(200..300).contains(&response.status) {
            let after = response.header("retry-after").and_then(|value| retry::after(value, Timestamp::now()));
            return Err(Missing::status(response.status, after));
        }
        let fetched = Timestamp::now();
        let content_type = response.header("content-type");
        let kind = document::kind(content_type);
        let not_text = |what: &str| Missing {
            status: Some(response.status),
            ..Missing::new(format!("it is {what}, which is no text; a program can download it"))
        };
        if kind == Kind::Other {
            return Err(not_text(&document::media_type(content_type)));
        }
        // What is shown of a page comes of all of it; of a text, the beginning is enough.
        let most = if kind == Kind::Text { self.max_bytes } else { usize::MAX };
        let (body, is_all) = read(response, most).await?;
        let Some(kind) = kind.of_bytes(&body) else {
            return Err(not_text("of no declared type"));
        };
        let (text, charset) = page::decode(&body, content_type);
        let media_type = document::media_type(content_type);
        let mut kept = Kept {
            etag: response.header("etag").map(str::to_owned),
            last_modified: response.header("last-modified").map(str::to_owned),
            fetched,
            media_type,
            charset: charset.to_owned(),
            title: String::new(),
            language: response.header("content-language").map(str::to_owned),
            text,
        };
        let mut is_whole = is_all;
        if kind == Kind::Html && self.format == Format::Markdown {
            let extent = if self.whole { page::Extent::Whole } else { page::Extent::Article };
            let page = page::Page::read(&kept.text, address, extent);
            is_whole = is_all && !page.truncated;
            kept = Kept { title: page.title, language: page.language, text: page.markdown, ..kept };
        }
        let is_private = response.header("cache-control").is_some_and(|value| value.contains("no-store"));
        if self.keep && is_whole && !is_private {
            kept::keep_page(address, self.kind(), &kept);
        }
        Ok(Document::new(kept, is_whole, self.max_bytes))
    }
}

/// Where a redirect leads.
pub fn redirect(response: &Response, from: &Url) -> Option<Result<Url, Missing>> {
    if !matches!(response.status, 301 | 302 | 303 | 307 | 308) {
        return None;
    }
    let location = response.header("location")?;
    let nowhere = || Missing::new(format!("it redirects to `{location}`, which is no address of the web"));
    let next = from.join(location).ok().filter(|url| matches!(url.scheme(), "http" | "https"));
    Some(next.ok_or_else(nowhere).map(|mut url| {
        url.set_fragment(None);
        url
    }))
}
