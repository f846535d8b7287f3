use super::{Line, LineKind, MAX_LINE_BYTES, MAX_PATTERNS};

/// Lines of a file, in order, before they get the file's path. Their texts stand in one string: a
/// search may keep hundreds of thousands, and with memory of its own for each of them half the time
/// would go into asking for it.
#[derive(Debug, Default)]
pub(super) struct FoundLines {
    lines: Vec<FoundLine>,
    texts: String,
}

#[derive(Debug)]
struct FoundLine {
    number: u32,
    column: u32,
    kind: LineKind,
    patterns: PatternBits,
    /// Where its text ends, and that of the next one begins.
    end: usize,
}

/// Indices of patterns.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct PatternBits(u64);

const _: () = assert!(MAX_PATTERNS <= u64::BITS as usize);

impl PatternBits {
    pub(super) fn add(&mut self, index: usize) {
        self.0 |= 1 << index;
    }

    fn indices(self) -> Vec<u32> {
        let mut indices = Vec::with_capacity(self.0.count_ones() as usize);
        indices.extend((0..u64::BITS).filter(|index| self.0 & (1 << index) != 0));
        indices
    }
}

impl FoundLines {
    pub(super) fn push_hit(&mut self, number: u32, column: u32, patterns: PatternBits, text: &[u8]) {
        self.push(number, column, LineKind::Hit, patterns, text);
    }

    pub(super) fn push_context(&mut self, number: u32, text: &[u8]) {
        self.push(number, 0, LineKind::Context, PatternBits::default(), text);
    }

    fn push(&mut self, number: u32, column: u32, kind: LineKind, patterns: PatternBits, text: &[u8]) {
        push_text(&mut self.texts, text);
        self.lines.push(FoundLine { number, column, kind, patterns, end: self.texts.len() });
    }

    /// What they take.
    pub(super) fn bytes(&self) -> usize {
        self.lines.len() * size_of::<FoundLine>() + self.texts.len()
    }

    /// How many there are.
    pub(super) fn len(&self) -> usize {
        self.lines.len()
    }

    /// The line at `index`, of the file at `path`.
    pub(super) fn get(&self, index: usize, path: &str) -> Option<Line> {
        let FoundLine { number, column, kind, patterns, end } = *self.lines.get(index)?;
        let begin = index.checked_sub(1).map_or(0, |before| self.lines[before].end);
        let text = self.texts[begin..end].to_owned();
        Some(Line { path: path.to_owned(), number, column, kind, patterns: patterns.indices(), text })
    }

    /// Keeps the first `room` hits and the context of these.
    pub(super) fn cut(&mut self, room: usize, context_after: u32) {
        let lines = &mut self.lines;
        let mut hits = lines.iter().enumerate().filter(|(_, line)| line.kind == LineKind::Hit);
        let Some(last_at) = room.checked_sub(1) else { return lines.clear() };
        let last = hits.by_ref().nth(last_at).map(|(at, line)| (at, line.number));
        let (Some((last_at, last_number)), true) = (last, hits.next().is_some()) else { return };
        let end = last_number.saturating_add(context_after);
        let near = lines[last_at + 1..].iter().take_while(|line| line.number <= end).count();
        lines.truncate(last_at + 1 + near);
        for line in &mut lines[last_at + 1..] {
            (line.kind, line.column, line.patterns) = (LineKind::Context, 0, PatternBits::default());
        }
    }
}

/// Adds a line as the contract has it: without its end, invalid UTF-8 replaced, cut at a character.
fn push_text(texts: &mut String, line: &[u8]) {
    let line = line.strip_suffix(b"\r").unwrap_or(line);
    // Replacing never shortens below the cut: each byte becomes at least one byte.
    let line = &line[..line.len().min(MAX_LINE_BYTES + 4)];
    if let Ok(text) = str::from_utf8(line) {
        texts.push_str(&text[..text.floor_char_boundary(MAX_LINE_BYTES)]);
    } else {
        let text = String::from_utf8_lossy(line);
        texts.push_str(&text[..text.floor_char_boundary(MAX_LINE_BYTES)]);
    }
}
