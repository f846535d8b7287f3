use super::{Case, MAX_PATTERN_BYTES, MAX_PATTERNS, Query, SearchError, finder::LineFinder};
use grep_regex::{RegexMatcher, RegexMatcherBuilder};
use regex_automata::{Input, MatchKind, PatternSet, meta};
use regex_syntax::{
    ast::{self, Ast, ClassSetItem},
    hir::{self, Hir, Look},
};

/// Bytes that the program of a query may take. 10 MiB, the default of the regex crate: a pattern
/// such as `\w{999}{999}` ends here instead of in swap.
const PROGRAM_BYTES: usize = 10 << 20;

/// Bytes that one thread may spend on states it met. 16 MiB: no search of ours came near it.
const CACHE_BYTES: usize = 16 << 20;

/// Finds the lines that any pattern is in, and says which patterns are in a line.
#[derive(Clone)]
pub(super) struct Patterns {
    /// Finds lines.
    pub(super) finder: LineFinder,
    /// Which patterns are in a line; none where there is only one.
    attribution: Option<meta::Regex>,
    count: usize,
}

impl Patterns {
    pub(super) fn new(query: &Query) -> Result<Self, SearchError> {
        let patterns = &query.patterns;
        let bytes = patterns.iter().map(String::len).sum();
        if patterns.is_empty() {
            return Err(SearchError::NoPattern);
        }
        if patterns.len() > MAX_PATTERNS || bytes > MAX_PATTERN_BYTES {
            return Err(SearchError::TooMany { count: patterns.len(), bytes });
        }
        let parse = |(index, pattern): (usize, &String)| {
            parse(pattern, query).map_err(|reason| SearchError::Pattern { index, pattern: pattern.clone(), reason })
        };
        let parsed = patterns.iter().enumerate().map(parse).collect::<Result<Vec<Hir>, SearchError>>()?;
        let exact = find_lines(&Hir::alternation(parsed.clone())).map_err(|error| {
            let one_by_one = parsed.iter().map(find_lines).position(|result| result.is_err());
            match one_by_one {
                Some(index) => SearchError::Pattern { index, pattern: patterns[index].clone(), reason: error },
                None => SearchError::Patterns(error),
            }
        })?;
        let attribution = (parsed.len() > 1).then(|| attribution(&parsed)).transpose()?;
        Ok(Self { finder: LineFinder::new(exact, &parsed), attribution, count: parsed.len() })
    }

    /// How many there are.
    pub(super) fn count(&self) -> usize {
        self.count
    }

    /// A set for [`Self::in_line`], to be used again and again.
    pub(super) fn none(&self) -> PatternSet {
        PatternSet::new(self.count)
    }

    /// The patterns that are in `line`, which is known to have at least one.
    pub(super) fn in_line(&self, line: &[u8], found: &mut PatternSet, mut each: impl FnMut(usize)) {
        let Some(regex) = &self.attribution else {
            return each(0);
        };
        found.clear();
        regex.which_overlapping_matches(&Input::new(line), found);
        found.iter().for_each(|id| each(id.as_usize()));
    }
}

fn attribution(parsed: &[Hir]) -> Result<meta::Regex, SearchError> {
    let config = meta::Config::new()
        .match_kind(MatchKind::All)
        .utf8_empty(false)
        .nfa_size_limit(Some(PROGRAM_BYTES))
        .hybrid_cache_capacity(CACHE_BYTES);
    let built = meta::Builder::new().configure(config).build_many_from_hir(parsed);
    built.map_err(|error| SearchError::Patterns(innermost(&error)))
}

fn find_lines(hir: &Hir) -> Result<RegexMatcher, String> {
    let built = RegexMatcherBuilder::new()
        .multi_line(true)
        .line_terminator(Some(b'\n'))
        .size_limit(PROGRAM_BYTES)
        .dfa_size_limit(CACHE_BYTES)
        .build(&hir.to_string());
    built.map_err(|error| innermost(&error))
}

/// One pattern, with its case and word boundaries worked in, so that patterns of different case can
/// stand side by side.
fn parse(pattern: &str, query: &Query) -> Result<Hir, String> {
    let escaped;
    let text = if query.literal {
        escaped = regex_syntax::escape(pattern);
        &escaped
    } else {
        pattern
    };
    let ast = ast::parse::Parser::new().parse(text).map_err(|error| error.to_string())?;
    let insensitive = match query.case {
        Case::Sensitive => false,
        Case::Insensitive => true,
        Case::Smart => !has_upper_case(&ast),
    };
    let translated = hir::translate::TranslatorBuilder::new()
        .utf8(false)
        .multi_line(true)
        .case_insensitive(insensitive)
        .build()
        .translate(text, &ast);
    let hir = translated.map_err(|error| error.to_string())?;
    Ok(if query.whole_words {
        Hir::concat(vec![Hir::look(Look::WordStartHalfUnicode), hir, Hir::look(Look::WordEndHalfUnicode)])
    } else {
        hir
    })
}

/// Whether a pattern has an upper-case letter that it matches; those of escapes such as `\S` are none.
fn has_upper_case(ast: &Ast) -> bool {
    struct Letters(bool);
    impl ast::Visitor for Letters {
        type Output = bool;
        type Err = std::convert::Infallible;
        fn finish(self) -> Result<bool, Self::Err> {
            Ok(self.0)
        }
        fn visit_pre(&mut self, ast: &Ast) -> Result<(), Self::Err> {
            if let Ast::Literal(literal) = ast {
                self.0 |= literal.c.is_uppercase();
            }
            Ok(())
        }
        fn visit_class_set_item_pre(&mut self, item: &ClassSetItem) -> Result<(), Self::Err> {
            match item {
                ClassSetItem::Literal(literal) => self.0 |= literal.c.is_uppercase(),
                ClassSetItem::Range(range) => self.0 |= range.start.c.is_uppercase() || range.end.c.is_uppercase(),
                _ => {}
            }
            Ok(())
        }
    }
    let Ok(found) = ast::visit(ast, Letters(false));
    found
}

fn innermost(error: &dyn std::error::Error) -> String {
    error.source().map_or_else(|| error.to_string(), innermost)
}
