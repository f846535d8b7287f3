use crate::headings::{CLOSE, Heading, OPEN};

/// The part of a page from one heading to the next.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Section {
    /// The headings that it stands under, the outermost first, its own last, without markup. Empty for what
    /// is before the first one.
    pub headings: Vec<String>,
    /// The fragment that leads to it.
    pub anchor: Option<String>,
    /// 1 to 6; 0 for what is before the first heading.
    pub level: u8,
    /// Its content with its heading.
    pub markdown: String,
}

/// Cuts at the headings that were numbered; gives the Markdown without the numbers, and the parts.
pub fn cut(marked: &str, headings: &[Heading]) -> (String, Vec<Section>) {
    let mut markdown = String::with_capacity(marked.len());
    let mut sections = Vec::new();
    let mut path: Vec<(u8, String)> = Vec::new();
    let mut current = Section::default();
    let mut begins = 0;
    let mut rest = marked;
    for (number, heading) in headings.iter().enumerate() {
        let mark = format!("{OPEN}{number}{CLOSE}");
        // One that is missing was inside something that is not written.
        let Some((before, after)) = rest.split_once(&mark) else { continue };
        markdown.push_str(before);
        rest = after;
        let line = markdown.rfind('\n').map_or(0, |at| at + 1);
        // In a table or a link it is no heading.
        if !markdown[line..].starts_with('#') {
            continue;
        }
        markdown[begins..line].trim().clone_into(&mut current.markdown);
        sections.push(std::mem::take(&mut current));
        begins = line;
        path.retain(|(level, _)| *level < heading.level);
        path.push((heading.level, heading.text.clone()));
        current.headings = path.iter().map(|(_, text)| text.clone()).collect();
        current.anchor.clone_from(&heading.anchor);
        current.level = heading.level;
    }
    markdown.push_str(rest);
    markdown[begins..].trim().clone_into(&mut current.markdown);
    sections.push(current);
    sections.retain(|section| !section.markdown.is_empty());
    (markdown, sections)
}
