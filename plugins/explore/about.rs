//! Which hits show best what a sentence is about.

use crate::params::Params;
use hob_plugin::search::{Line, LineKind};
use std::collections::BTreeSet;

/// The groups, those that have most of the sentence first, cut to the best lines of each and to `all` of them together.
///
/// A word that is in many files says little about one of them. Lines that have several words count once more.
pub fn best(groups: Vec<Vec<Line>>, params: &Params) -> Vec<Vec<Line>> {
    let (per_file, all) = params.best();
    let size = |count: u32| usize::try_from(count).unwrap_or(usize::MAX);
    // Lines that have context cannot be taken apart.
    let per_file = (!params.has_context()).then(|| size(per_file));
    choose(groups, params.pattern.len(), per_file, size(all))
}

fn choose(groups: Vec<Vec<Line>>, patterns: usize, per_file: Option<usize>, all: usize) -> Vec<Vec<Line>> {
    let weights = weights(&groups, patterns);
    let mut scored: Vec<(f64, Vec<Line>)> = groups.into_iter().map(|group| (score(&group, &weights), group)).collect();
    // Stable: those of the same score stay in the order of their paths.
    scored.sort_by(|(one, _), (other, _)| other.total_cmp(one));
    let mut room = all;
    let mut kept = Vec::new();
    for (_, mut group) in scored {
        if let Some(most) = per_file {
            group = lines(group, &weights, most.min(room));
        }
        room = room.saturating_sub(group.iter().filter(|line| is_hit(line)).count());
        kept.push(group);
        if room == 0 {
            break;
        }
    }
    kept
}

/// What each word says: the more, the fewer files have it.
fn weights(groups: &[Vec<Line>], patterns: usize) -> Vec<f64> {
    let mut files = vec![0_u32; patterns];
    for group in groups {
        for pattern in different(group) {
            if let Some(count) = files.get_mut(pattern) {
                *count += 1;
            }
        }
    }
    let all = f64::from(u32::try_from(groups.len()).unwrap_or(u32::MAX));
    files.iter().map(|count| (1.0 + all / f64::from((*count).max(1))).ln()).collect()
}

fn different(group: &[Line]) -> BTreeSet<usize> {
    group.iter().flat_map(|line| &line.patterns).filter_map(|index| usize::try_from(*index).ok()).collect()
}

/// The words of a file, and those of its best line.
fn score(group: &[Line], weights: &[f64]) -> f64 {
    let words: f64 = different(group).iter().filter_map(|index| weights.get(*index)).sum();
    group.iter().map(|line| of_line(line, weights)).fold(0.0, f64::max) + words
}

fn of_line(line: &Line, weights: &[f64]) -> f64 {
    line.patterns.iter().filter_map(|index| weights.get(usize::try_from(*index).ok()?)).sum()
}

/// The best lines, in the order of the file.
fn lines(mut group: Vec<Line>, weights: &[f64], most: usize) -> Vec<Line> {
    group.sort_by(|one, other| of_line(other, weights).total_cmp(&of_line(one, weights)));
    group.truncate(most);
    group.sort_by_key(|line| line.number);
    group
}

fn is_hit(line: &Line) -> bool {
    matches!(line.kind, LineKind::Hit)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::groups::tests::hit;

    fn shown(groups: Vec<Vec<Line>>, per_file: Option<usize>, all: usize) -> Vec<String> {
        let kept = choose(groups, 3, per_file, all);
        kept.iter().flatten().map(|line| format!("{}:{}", line.path, line.number)).collect()
    }

    /// 0 is everywhere, 1 in two files, 2 in one.
    fn groups() -> Vec<Vec<Line>> {
        vec![
            vec![hit("a", 1, &[0], ""), hit("a", 2, &[0], ""), hit("a", 3, &[0], "")],
            vec![hit("b", 1, &[0], ""), hit("b", 2, &[1], ""), hit("b", 3, &[2], "")],
            vec![hit("c", 1, &[0], ""), hit("c", 8, &[0], ""), hit("c", 9, &[0, 1], "")],
        ]
    }

    #[test]
    fn what_has_most_of_it_is_first_and_shows_its_best_lines() {
        assert_eq!(shown(groups(), Some(2), 100), ["b:2", "b:3", "c:1", "c:9", "a:1", "a:2"]);
        assert_eq!(shown(groups(), Some(2), 3), ["b:2", "b:3", "c:9"]);
        assert_eq!(shown(groups(), None, 1), ["b:1", "b:2", "b:3"], "a group with context stays whole");
        assert!(shown(Vec::new(), Some(2), 3).is_empty());
    }

    #[test]
    fn words_in_one_line_count_more_than_in_two() {
        let groups = vec![vec![hit("a", 1, &[0], ""), hit("a", 2, &[1], "")], vec![hit("b", 1, &[0, 1], "")]];
        assert_eq!(shown(groups, Some(5), 100), ["b:1", "a:1", "a:2"]);
    }
}
