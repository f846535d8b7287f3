use crate::{nearest, reader::Node};
use hob_core::{MemberName, Placeholder, placeholders};

/// Where a template stands, and with that what its placeholders can be.
pub(super) enum Scope<'a> {
    /// The id of a child.
    Id,
    /// The folder of a child.
    Folder,
    /// The parameters of a child.
    Params {
        /// The children that have completed by then.
        needs: &'a [MemberName],
        /// All of them.
        children: &'a [MemberName],
    },
    /// The result of the preset.
    Result {
        /// All of them; all are over by then.
        children: &'a [MemberName],
    },
}

/// What is wrong, and what to write instead.
struct Wrong(String, String);

impl Scope<'_> {
    /// Remembers what is wrong with the template `text` at `node`; whether it is right.
    pub(super) fn check(&self, node: &Node<'_>, text: &str) -> bool {
        let names = match placeholders(text) {
            Ok(names) => names,
            Err(error) => {
                node.wrong(error);
                return false;
            }
        };
        let wrong: Vec<Wrong> = names.iter().filter_map(|name| self.fits(name).err()).collect();
        for Wrong(message, hint) in &wrong {
            node.wrong_hint(message, hint);
        }
        wrong.is_empty()
    }

    fn fits(&self, name: &str) -> Result<(), Wrong> {
        match (self, Placeholder::of(name)) {
            (Self::Id, Placeholder::Group)
            | (Self::Folder, Placeholder::Cwd)
            | (Self::Params { .. } | Self::Result { .. }, Placeholder::Input | Placeholder::Cwd | Placeholder::Group) => {
                Ok(())
            }
            (Self::Params { needs, children }, Placeholder::Child(child, part)) => {
                self.of_child(name, child, part, children, &Placeholder::PARTS)?;
                if needs.iter().any(|need| need.as_str() == child) {
                    return Ok(());
                }
                let more: Vec<String> = needs.iter().map(MemberName::as_str).chain([child]).map(quoted).collect();
                Err(Wrong(
                    format!("`{{{name}}}` is a result that this child does not wait for"),
                    format!("needs = [{}]", more.join(", ")),
                ))
            }
            (Self::Result { children }, Placeholder::Child(child, part)) => {
                self.of_child(name, child, part, children, &Placeholder::PARTS_AT_THE_END)
            }
            (Self::Id | Self::Folder, _) => Err(self.unknown(name)),
        }
    }

    fn of_child(
        &self,
        name: &str,
        child: &str,
        part: Option<&str>,
        children: &[MemberName],
        parts: &[&str],
    ) -> Result<(), Wrong> {
        if !children.iter().any(|known| known.as_str() == child) {
            return Err(self.unknown(name));
        }
        match part {
            Some(part) if !parts.contains(&part) => {
                let known: Vec<String> = parts.iter().map(|part| format!("`{{{child}.{part}}}`")).collect();
                let hint = match nearest(part, parts.iter().copied()) {
                    Some(meant) => format!("did you mean `{{{child}.{meant}}}`?"),
                    None => format!("there are `{{{child}}}`, {}", known.join(", ")),
                };
                Err(Wrong(format!("`{{{name}}}` is nothing that a child has here"), hint))
            }
            _ => Ok(()),
        }
    }

    fn unknown(&self, name: &str) -> Wrong {
        let children: &[MemberName] = match self {
            Self::Id | Self::Folder => &[],
            Self::Params { children, .. } | Self::Result { children } => children,
        };
        let fixed: &[&str] = match self {
            Self::Id => &["group"],
            Self::Folder => &["cwd"],
            Self::Params { .. } | Self::Result { .. } => &["input", "cwd", "group"],
        };
        let known: Vec<&str> = fixed.iter().copied().chain(children.iter().map(MemberName::as_str)).collect();
        let hint = if let Some(meant) = nearest(name, known.iter().copied()) {
            format!("did you mean `{{{meant}}}`?")
        } else {
            let known: Vec<String> = known.iter().map(|name| format!("`{{{name}}}`")).collect();
            format!("there are {}; a brace that is meant as such is written `\\{{`", known.join(", "))
        };
        Wrong(format!("there is nothing called `{{{name}}}` here"), hint)
    }
}

fn quoted(name: &str) -> String {
    format!("\"{name}\"")
}
