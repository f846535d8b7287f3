//! Markdown cut at its headings, with the anchors that renderers give them.

use page::Section;
use pulldown_cmark::{Event, HeadingLevel, Options, Parser, Tag, TagEnd};
use std::collections::HashMap;

/// The title of a text and its sections.
pub fn read(text: &str) -> (String, Vec<Section>) {
    let mut sections: Vec<Section> = Vec::new();
    let mut path: Vec<(usize, String)> = Vec::new();
    let mut seen: HashMap<String, usize> = HashMap::new();
    let mut from = 0;
    let mut heading: Option<(usize, usize, String)> = None;
    let mut current: Option<(usize, Option<String>)> = None;
    let front = front_matter(text);
    let body = &text[front..];
    for (event, range) in Parser::new_ext(body, Options::ENABLE_TABLES).into_offset_iter() {
        match event {
            Event::Start(Tag::Heading { level, .. }) => heading = Some((number(level), range.start, String::new())),
            Event::Text(words) | Event::Code(words) => {
                if let Some((_, _, title)) = &mut heading {
                    title.push_str(&words);
                }
            }
            Event::End(TagEnd::Heading(_)) => {
                let Some((level, start, title)) = heading.take() else { continue };
                push(&mut sections, &path, current.take(), &body[from..start]);
                path.retain(|(above, _)| *above < level);
                let anchor = anchor(&title, &mut seen);
                path.push((level, title));
                current = Some((level, Some(anchor)));
                from = range.end;
            }
            _ => {}
        }
    }
    push(&mut sections, &path, current, &body[from..]);
    let title = sections.iter().find_map(|section| section.headings.first()).cloned().unwrap_or_default();
    (title, sections)
}

fn push(
    sections: &mut Vec<Section>,
    path: &[(usize, String)],
    current: Option<(usize, Option<String>)>,
    markdown: &str,
) {
    let (level, anchor) = current.unwrap_or_default();
    if anchor.is_none() && markdown.trim().is_empty() {
        return;
    }
    sections.push(Section {
        headings: path.iter().map(|(_, title)| title.clone()).collect(),
        anchor,
        level: u8::try_from(level).unwrap_or(6),
        markdown: markdown.trim().to_owned(),
    });
}

/// Bytes of a block of YAML or TOML before the text.
fn front_matter(text: &str) -> usize {
    for fence in ["---\n", "+++\n"] {
        if let Some(rest) = text.strip_prefix(fence)
            && let Some(end) = rest.find(&format!("\n{fence}"))
        {
            return end + 2 * fence.len() + 1;
        }
    }
    0
}

/// As GitHub makes them: small letters, digits, `-` and `_`; a number behind a repeated one.
fn anchor(title: &str, seen: &mut HashMap<String, usize>) -> String {
    let lower = title.to_lowercase();
    let kept = lower.chars().filter(|c| c.is_alphanumeric() || matches!(c, ' ' | '-' | '_'));
    let anchor: String = kept.map(|c| if c == ' ' { '-' } else { c }).collect();
    let count = seen.entry(anchor.clone()).and_modify(|count| *count += 1).or_default();
    if *count == 0 { anchor } else { format!("{anchor}-{count}") }
}

fn number(level: HeadingLevel) -> usize {
    level as usize
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headings_lead_to_sections() {
        let text =
            "---\ntitle: x\n---\nbefore\n\n# One\n\n## The `Two`, again!\ntext\n```sh\n# no heading\n```\n## One\n";
        let (title, sections) = read(text);
        assert_eq!(title, "One");
        let shown: Vec<(String, Option<&str>, &str)> = sections
            .iter()
            .map(|section| (section.headings.join("/"), section.anchor.as_deref(), section.markdown.as_str()))
            .collect();
        assert_eq!(
            shown,
            [
                (String::new(), None, "before"),
                ("One".to_owned(), Some("one"), ""),
                ("One/The Two, again!".to_owned(), Some("the-two-again"), "text\n```sh\n# no heading\n```"),
                ("One/One".to_owned(), Some("one-1"), ""),
            ]
        );
    }
}
