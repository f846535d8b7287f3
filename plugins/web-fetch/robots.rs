use crate::{
    exchange::{ask, read},
    kept,
    missing::Missing,
};
use requests::together;
use robotstxt::DefaultMatcher;
use std::{cell::RefCell, collections::HashMap};
use url::Url;

/// The name that robots.txt may have rules for.
const NAME: &str = "hob";

/// Bytes of a robots.txt that count; RFC 9309 wants 500 KiB at least.
const MOST: usize = 512 * 1024;

/// Redirects to a robots.txt that are followed; RFC 9309 wants five.
const REDIRECTS: usize = 5;

/// What the sites of a task ask robots to leave alone.
pub struct Robots {
    /// The name whose settings can switch this off.
    executor: String,
    seconds: u32,
    keep: bool,
    sites: RefCell<HashMap<String, Site>>,
}

#[derive(Clone)]
enum Site {
    /// Another page of the same site asked for them.
    OnTheirWay,
    Rules(Result<String, Missing>),
}

impl Robots {
    pub fn new(executor: &str, seconds: u32, keep: bool) -> Self {
        Self { executor: executor.to_owned(), seconds, keep, sites: RefCell::default() }
    }

    /// Whether the address may be fetched; the error says why not.
    pub async fn allow(&self, url: &Url) -> Result<(), Missing> {
        let origin = url.origin().ascii_serialization();
        let rules = self.rules(&origin, url).await?;
        if is_allowed(&rules, url) {
            return Ok(());
        }
        Err(Missing::new(format!(
            "{origin}/robots.txt asks robots to leave this alone. To fetch it all the same, put this into hob.toml \
             (`hob config path` shows where):\n\n[executors.{}.settings]\nrobots = false",
            self.executor
        )))
    }

    async fn rules(&self, origin: &str, url: &Url) -> Result<String, Missing> {
        let first = !self.sites.borrow().contains_key(origin);
        if first {
            self.sites.borrow_mut().insert(origin.to_owned(), Site::OnTheirWay);
            let rules = self.fetch(origin, url).await;
            self.sites.borrow_mut().insert(origin.to_owned(), Site::Rules(rules));
            together::happened();
        }
        together::until(|| match self.sites.borrow().get(origin) {
            Some(Site::Rules(rules)) => Some(rules.clone()),
            _ => None,
        })
        .await
    }

    async fn fetch(&self, origin: &str, url: &Url) -> Result<String, Missing> {
        if let Some(rules) = kept::rules(origin).filter(|_| self.keep) {
            return Ok(rules);
        }
        let mut address = url.join("/robots.txt").map_err(|error| Missing::new(error.to_string()))?;
        let mut redirects = 0;
        let response = loop {
            let response = ask(&address, Vec::new(), self.seconds).await?;
            match crate::journey::redirect(&response, &address) {
                Some(next) if redirects < REDIRECTS => address = next?,
                _ => break response,
            }
            redirects += 1;
        };
        let rules = match response.status {
            200..=299 => String::from_utf8_lossy(&read(&response, MOST).await?.0).into_owned(),
            // RFC 9309: a site that has trouble is left alone, one without rules has none.
            500..=599 | 429 => {
                let missing = Missing::status(response.status, None);
                return Err(Missing { text: format!("{origin}/robots.txt: {missing}"), is_retryable: true, ..missing });
            }
            _ => String::new(),
        };
        if self.keep {
            kept::keep_rules(origin, &rules);
        }
        Ok(rules)
    }
}

fn is_allowed(rules: &str, url: &Url) -> bool {
    DefaultMatcher::default().one_agent_allowed_by_robots(rules, NAME, url.as_str())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn allowed(rules: &str, path: &str) -> bool {
        is_allowed(rules, &Url::parse("https://a.example").and_then(|url| url.join(path)).expect("an address"))
    }

    #[test]
    fn rules() {
        let rules = "User-agent: *\nDisallow: /private/\nAllow: /private/open\n\nUser-agent: other\nDisallow: /\n";
        for (path, expect) in [("/", true), ("/private/x", false), ("/private/open.html", true), ("/privat", true)] {
            assert_eq!(allowed(rules, path), expect, "{path}");
        }
        let ours = "User-agent: *\nDisallow: /\n\nUser-agent: Hob\nDisallow: /*.pdf$\n";
        assert!(allowed(ours, "/x") && !allowed(ours, "/x.pdf"));
        assert!(allowed("", "/x") && allowed("<html>Not Found</html>", "/x"));
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn any_text_is_read(rules in "(?s)([Uu]ser-agent|Disallow|Allow|Sitemap|.{0,9})[: ]{0,2}.{0,20}[\n\r]{0,2}.{0,99}", path: String) {
            let mut url = Url::parse("https://a.example/").expect("an address");
            // Joined, `//x` would be another host.
            url.set_path(&path);
            let _ = is_allowed(&rules, &url);
        }
    }
}
