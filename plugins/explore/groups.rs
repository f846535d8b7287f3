use hob_plugin::search::Line;
use std::mem;

/// Puts the lines of one file together, which may come in several portions.
#[derive(Default)]
pub struct Groups {
    open: Vec<Line>,
}

impl Groups {
    /// Takes the next portion; gives the files that are complete with it.
    pub fn add(&mut self, lines: Vec<Line>) -> Vec<Vec<Line>> {
        let mut whole = Vec::new();
        for line in lines {
            if self.open.first().is_some_and(|first| first.path != line.path) {
                whole.push(mem::take(&mut self.open));
            }
            self.open.push(line);
        }
        whole
    }

    /// The last file, if there is one.
    pub fn rest(&mut self) -> Vec<Vec<Line>> {
        let open = mem::take(&mut self.open);
        if open.is_empty() { Vec::new() } else { vec![open] }
    }
}

#[cfg(test)]
pub mod tests {
    use super::*;
    use hob_plugin::search::LineKind;

    pub fn hit(path: &str, number: u32, patterns: &[u32], text: &str) -> Line {
        let (kind, patterns) = (LineKind::Hit, patterns.to_vec());
        Line { path: path.to_owned(), number, column: 1, kind, patterns, text: text.to_owned() }
    }

    pub fn context(path: &str, number: u32, text: &str) -> Line {
        Line { column: 0, kind: LineKind::Context, ..hit(path, number, &[], text) }
    }

    #[test]
    fn a_file_in_two_portions_is_one_group() {
        let mut groups = Groups::default();
        assert!(groups.rest().is_empty());
        assert!(groups.add(vec![hit("a", 1, &[0], "")]).is_empty());
        let whole = groups.add(vec![hit("a", 2, &[0], ""), hit("b", 1, &[0], ""), hit("c", 1, &[0], "")]);
        assert_eq!(whole.iter().map(Vec::len).collect::<Vec<_>>(), [2, 1]);
        let rest = groups.rest();
        assert_eq!(rest[0][0].path, "c");
        assert!(groups.rest().is_empty());
    }
}
