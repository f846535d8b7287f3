use hob_core::TaskId;

/// Ids named as what somebody may have meant. 3: fits one line.
const NAMED: usize = 3;

/// The ids that differ least from `text`, the most alike first; only those that differ by a third or less.
pub(crate) fn nearest(text: &str, known: Vec<TaskId>) -> Vec<TaskId> {
    let most = (text.len() / 3).max(1);
    let mut alike: Vec<(usize, TaskId)> = known
        .into_iter()
        .map(|id| (distance(text, id.as_str()), id))
        .filter(|(distance, _)| *distance <= most)
        .collect();
    alike.sort_by_key(|(distance, _)| *distance);
    alike.into_iter().take(NAMED).map(|(_, id)| id).collect()
}

/// How many letters have to be put in, taken out, changed or swapped with their neighbour.
fn distance(one: &str, other: &str) -> usize {
    let (one, other): (Vec<char>, Vec<char>) = (one.chars().collect(), other.chars().collect());
    let mut before: Vec<usize> = Vec::new();
    let mut above: Vec<usize> = (0..=other.len()).collect();
    for i in 1..=one.len() {
        let mut line = vec![i];
        for j in 1..=other.len() {
            let same = one[i - 1] == other[j - 1];
            let mut least = (above[j - 1] + usize::from(!same)).min(above[j] + 1).min(line[j - 1] + 1);
            if i > 1 && j > 1 && one[i - 1] == other[j - 2] && one[i - 2] == other[j - 1] {
                least = least.min(before[j - 2] + 1);
            }
            line.push(least);
        }
        before = std::mem::replace(&mut above, line);
    }
    above[other.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, known: &[&str], expect: &[&str]) {
        let known = known.iter().map(|id| id.parse().expect("an id")).collect();
        let found = nearest(text, known);
        assert_eq!(found.iter().map(TaskId::as_str).collect::<Vec<_>>(), expect, "{text}");
    }

    #[test]
    fn ids_that_look_alike() {
        check("serach-auth", &["search-auth", "search-auth2", "build"], &["search-auth", "search-auth2"]);
        check("bild", &["build", "guild"], &["build"]);
        check("xyz", &["abc"], &[]);
        check("", &["a", "ab"], &["a"]);
        check("tset", &["test", "test-1"], &["test"]);
    }

    #[test]
    fn distances() {
        assert_eq!(distance("abc", "abc"), 0);
        assert_eq!(distance("abc", "acb"), 1);
        assert_eq!(distance("", "abc"), 3);
        assert_eq!(distance("kitten", "sitting"), 3);
    }
}
