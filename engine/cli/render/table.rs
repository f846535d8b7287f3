use super::style::styled;
use anstyle::Style;
use hob_core::sanitize_line;
use std::io::{self, Write};
use unicode_width::{UnicodeWidthChar as _, UnicodeWidthStr as _};

/// Spaces between two columns.
const GAP: usize = 2;
/// A flexible column is never narrower than this, however narrow the terminal is.
const NARROWEST: usize = 12;
/// Longest text that a cell keeps where no terminal sets a width.
const LONGEST: usize = 400;

/// One cell: a line of text and how it looks.
#[derive(Clone, Debug)]
pub struct Cell {
    text: String,
    style: Style,
}

impl Cell {
    /// A cell with `text`, made safe to show, in `style`.
    pub fn new(style: Style, text: impl AsRef<str>) -> Self {
        Self { text: sanitize_line(text.as_ref(), LONGEST), style }
    }
}

/// Aligned columns. The last column takes what is left of the width and is cut there.
#[derive(Clone, Debug, Default)]
pub struct Table {
    head: Vec<&'static str>,
    right: Vec<bool>,
    rows: Vec<Vec<Cell>>,
}

impl Table {
    /// A table with these headings; one that begins with `>` is aligned to the right.
    pub fn new(head: &[&'static str]) -> Self {
        Self {
            head: head.iter().map(|name| name.trim_start_matches('>')).collect(),
            right: head.iter().map(|name| name.starts_with('>')).collect(),
            rows: Vec::new(),
        }
    }

    /// Adds a row; as many cells as there are headings.
    pub fn row(&mut self, cells: Vec<Cell>) {
        self.rows.push(cells);
    }

    /// Writes it, `width` columns wide where the terminal has one.
    pub fn write(&self, to: &mut dyn Write, width: Option<usize>) -> io::Result<()> {
        let widths = self.widths(width);
        let head: Vec<Cell> = self.head.iter().map(|name| Cell::new(super::DIM, name)).collect();
        for row in std::iter::once(&head).chain(&self.rows) {
            self.write_row(to, row, &widths)?;
        }
        Ok(())
    }

    fn widths(&self, width: Option<usize>) -> Vec<usize> {
        let mut widths: Vec<usize> = self.head.iter().map(|name| name.width()).collect();
        for row in &self.rows {
            for (wide, cell) in widths.iter_mut().zip(row) {
                *wide = (*wide).max(cell.text.width());
            }
        }
        if let (Some(width), Some((last, others))) = (width, widths.split_last_mut()) {
            let taken: usize = others.iter().map(|wide| wide + GAP).sum();
            *last = (*last).min(width.saturating_sub(taken).max(NARROWEST));
        }
        widths
    }

    fn write_row(&self, to: &mut dyn Write, row: &[Cell], widths: &[usize]) -> io::Result<()> {
        let last = widths.len().saturating_sub(1);
        for (column, (cell, wide)) in row.iter().zip(widths).enumerate() {
            let text = cut(&cell.text, *wide);
            let pad = wide.saturating_sub(text.width());
            let (before, after) = if self.right[column] { (pad, 0) } else { (0, pad) };
            write!(to, "{:before$}{}", "", styled(cell.style, &text))?;
            if column < last {
                write!(to, "{:1$}", "", after + GAP)?;
            }
        }
        writeln!(to)
    }
}

/// `text` in at most `width` columns, with `…` where it was cut.
fn cut(text: &str, width: usize) -> String {
    if text.width() <= width {
        return text.to_owned();
    }
    let mut kept = String::new();
    let mut used = 1;
    for c in text.chars() {
        used += c.width().unwrap_or(0);
        if used > width {
            break;
        }
        kept.push(c);
    }
    kept.push('…');
    kept
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::render::PLAIN;

    fn written(rows: &[[&str; 3]], width: Option<usize>) -> String {
        let mut table = Table::new(&["ID", ">TIME", "WHAT"]);
        for row in rows {
            table.row(row.iter().map(|text| Cell::new(PLAIN, text)).collect());
        }
        let mut text = Vec::new();
        table.write(&mut text, width).expect("a vector takes all");
        anstream::adapter::strip_str(&String::from_utf8(text).expect("text")).to_string()
    }

    #[test]
    fn columns_are_aligned_and_the_last_is_cut() {
        let rows = [["search-1", "1.2s", "a rather long text that does not fit"], ["日本", "12s", "b\nc"]];
        insta::assert_snapshot!(written(&rows, Some(40)), @r"
        ID        TIME  WHAT
        search-1  1.2s  a rather long text that…
        日本       12s  b c
        ");
    }

    #[test]
    fn without_a_terminal_nothing_is_cut() {
        let rows = [["a", "1s", "a rather long text that does not fit"]];
        assert!(written(&rows, None).contains("does not fit"));
    }

    #[test]
    fn wide_characters_count_twice() {
        assert_eq!(cut("日本語", 5), "日本…");
        assert_eq!(cut("日本語", 4), "日…");
        assert_eq!(cut("abc", 3), "abc");
    }
}
