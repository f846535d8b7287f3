use std::fmt::Write as _;

/// An archive that apt knows.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Source {
    pub uri: String,
    pub suites: Vec<String>,
    /// As it stands in a `.sources` file, which may be a whole key in several lines.
    pub signed_by: Option<String>,
}

impl Source {
    /// The same archive as a stanza of a `.sources` file, for other suites.
    pub fn stanza(&self, suites: &[String]) -> String {
        let mut text = format!("Types: deb\nURIs: {}\nSuites: {}\nComponents: main\n", self.uri, suites.join(" "));
        if let Some(signed_by) = &self.signed_by {
            // Writing to a String cannot fail.
            let _ = writeln!(text, "Signed-By: {signed_by}");
        }
        text
    }
}

/// Reads `sources.list` and `*.list`: a line for each archive.
pub fn read_lines(text: &str) -> Vec<Source> {
    text.lines().filter_map(read_line).collect()
}

fn read_line(line: &str) -> Option<Source> {
    let line = line.split('#').next()?.trim();
    let rest = line.strip_prefix("deb")?;
    if !rest.starts_with([' ', '\t']) {
        return None;
    }
    let rest = rest.trim_start();
    let (options, rest) = match rest.strip_prefix('[') {
        Some(rest) => rest.split_once(']')?,
        None => ("", rest),
    };
    let mut words = rest.split_whitespace();
    let uri = words.next()?.to_owned();
    let suites = vec![words.next()?.to_owned()];
    let signed_by = options.split_whitespace().find_map(|option| option.strip_prefix("signed-by="));
    Some(Source { uri, suites, signed_by: signed_by.map(|keys| keys.replace(',', " ")) })
}

/// Reads `*.sources`: a stanza for each archive, or for several addresses of it.
pub fn read_stanzas(text: &str) -> Vec<Source> {
    let mut sources = Vec::new();
    for stanza in stanzas(text) {
        let value = |name: &str| {
            let found = stanza.iter().find(|(key, _)| key.eq_ignore_ascii_case(name));
            found.map(|(_, value)| value.as_str())
        };
        let words = |name| value(name).unwrap_or_default().split_whitespace();
        let disabled = value("Enabled").is_some_and(|value| matches!(value.trim(), "no" | "false" | "0"));
        if disabled || !words("Types").any(|kind| kind == "deb") {
            continue;
        }
        let signed_by = value("Signed-By").map(str::to_owned);
        let suites: Vec<String> = words("Suites").map(str::to_owned).collect();
        let source = |uri: &str| Source { uri: uri.to_owned(), suites: suites.clone(), signed_by: signed_by.clone() };
        sources.extend(words("URIs").map(source));
    }
    sources
}

fn stanzas(text: &str) -> Vec<Vec<(String, String)>> {
    let mut stanzas = vec![Vec::<(String, String)>::new()];
    for line in text.lines().filter(|line| !line.starts_with('#')) {
        let Some(stanza) = stanzas.last_mut() else { break };
        if line.trim().is_empty() {
            stanzas.push(Vec::new());
        } else if line.starts_with([' ', '\t']) {
            if let Some((_, value)) = stanza.last_mut() {
                value.push('\n');
                value.push_str(line);
            }
        } else if let Some((key, value)) = line.split_once(':') {
            stanza.push((key.trim().to_owned(), value.trim().to_owned()));
        }
    }
    stanzas.retain(|stanza| !stanza.is_empty());
    stanzas
}

/// The archive among `sources` that holds a suite.
pub fn archive_of<'a>(sources: &'a [Source], suite: &str) -> Option<&'a Source> {
    let holds = |source: &&Source| source.suites.iter().any(|held| held.trim_end_matches('/') == suite);
    sources.iter().find(holds)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn source(uri: &str, suites: &[&str], signed_by: Option<&str>) -> Source {
        let suites = suites.iter().map(|&suite| suite.to_owned()).collect();
        Source { uri: uri.to_owned(), suites, signed_by: signed_by.map(str::to_owned) }
    }

    #[test]
    fn lines() {
        let text = "# deb http://commented stable main\n\
                    deb http://mirror/debian bookworm main contrib # the mirror\n\
                    deb-src http://mirror/debian bookworm main\n\
                    deb [arch=amd64 signed-by=/k.gpg] https://other/apt suite main\n\
                    debhelper\n";
        let expect = [
            source("http://mirror/debian", &["bookworm"], None),
            source("https://other/apt", &["suite"], Some("/k.gpg")),
        ];
        assert_eq!(read_lines(text), expect);
    }

    #[test]
    fn stanzas_of_a_sources_file() {
        let text = "Types: deb deb-src\n# a comment\nURIs: http://mirror/debian\nSuites: bookworm bookworm-updates\n\
                    Components: main\nSigned-By: /k.gpg\n\n\n\
                    types: deb\nuris: http://mirror/security http://second/security\nsuites: bookworm-security\n\n\
                    Types: deb-src\nURIs: http://mirror/debian\nSuites: sid\n\n\
                    Enabled: no\nTypes: deb\nURIs: http://off\nSuites: bookworm\n";
        let expect = [
            source("http://mirror/debian", &["bookworm", "bookworm-updates"], Some("/k.gpg")),
            source("http://mirror/security", &["bookworm-security"], None),
            source("http://second/security", &["bookworm-security"], None),
        ];
        assert_eq!(read_stanzas(text), expect);
        assert_eq!(archive_of(&expect, "bookworm-security"), Some(&expect[1]));
        assert_eq!(archive_of(&expect, "trixie"), None);
    }

    #[test]
    fn a_key_in_several_lines_survives() {
        let text = "Types: deb\nURIs: http://m\nSuites: s\nComponents: main\nSigned-By:\n -----BEGIN\n .\n abc\n";
        let read = read_stanzas(text);
        assert_eq!(read[0].signed_by.as_deref(), Some("\n -----BEGIN\n .\n abc"));
        let again = read_stanzas(&read[0].stanza(&["s".to_owned()]));
        assert_eq!(again, read);
    }
}
