use dom_query::NodeRef;

/// How far around a `<pre>` its language may be said.
const AROUND: usize = 4;

/// The language of a code block, as the highlighters of the day write it: on the block, inside it or
/// around it.
pub fn of(pre: &NodeRef) -> Option<String> {
    let inside = pre.element_children().into_iter().find(|child| child.has_name("code"));
    let around = pre.ancestors_it(Some(AROUND)).take_while(|node| !is_content(node));
    inside
        .into_iter()
        .chain([*pre])
        .chain(around)
        .find_map(|node| said_by(&node))
        .map(|language| name(&language))
        .filter(|language| !language.is_empty())
}

/// What holds more than one block of code says nothing of each.
fn is_content(node: &NodeRef) -> bool {
    ["body", "main", "article", "section", "td", "li"].iter().any(|name| node.has_name(name))
}

fn said_by(node: &NodeRef) -> Option<String> {
    for attribute in ["data-lang", "data-language"] {
        if let Some(language) = node.attr(attribute) {
            return Some(language.to_string());
        }
    }
    let class = node.class()?;
    let classes: Vec<&str> = class.split_ascii_whitespace().collect();
    for class in &classes {
        // `highlight-source-x` is GitHub's, `highlight-x` Sphinx's.
        for prefix in ["language-", "lang-", "highlight-source-", "highlight-text-", "highlight-"] {
            if let Some(language) = class.strip_prefix(prefix) {
                return Some(language.to_owned());
            }
        }
    }
    // Pandoc, highlight.js and SyntaxHighlighter say it in a word of its own, beside one that says who they are.
    let beside = |who: &str| {
        let at = classes.iter().position(|class| *class == who)?;
        classes.get(at + 1).map(|language| (*language).to_owned())
    };
    if let Some(language) = beside("sourceCode").or_else(|| beside("hljs")).or_else(|| beside("brush:")) {
        return Some(language);
    }
    // rustdoc.
    (node.has_name("pre") && classes.contains(&"rust")).then(|| "rust".to_owned())
}

/// The name that a Markdown reader knows it by; empty where it is none.
fn name(said: &str) -> String {
    let said = said.trim_end_matches(';').to_ascii_lowercase();
    let known = match said.as_str() {
        "default" | "none" | "notranslate" | "wrapper" | "nohighlight" | "undefined" => "",
        "python3" | "ipython3" | "ipython" | "py" | "py3" => "python",
        "rs" => "rust",
        "js" => "javascript",
        "ts" => "typescript",
        "sh" => "shell",
        "plaintext" | "plain" => "text",
        other => other,
    };
    known.chars().filter(|c| c.is_ascii_alphanumeric() || "-_+.#".contains(*c)).collect()
}
