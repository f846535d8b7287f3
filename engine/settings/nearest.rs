/// Of `known`, what `name` most probably was meant to be; none where nothing resembles it.
pub fn nearest<'a>(name: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    /// Longer than any name that is known; comparing costs time by length.
    const LONGEST: usize = 64;
    /// Two letters wrong in six, and swapped neighbours count as one.
    const WRONG_OF_THREE: usize = 1;
    if name.len() > LONGEST {
        return None;
    }
    let lower = name.to_lowercase().replace('-', "_");
    let distance = |known: &str| strsim::osa_distance(&lower, &known.to_lowercase().replace('-', "_"));
    let closest = known.into_iter().map(|known| (distance(known), known)).min_by_key(|(distance, _)| *distance);
    let allowed = (lower.chars().count() * WRONG_OF_THREE / 3).max(1);
    closest.filter(|(distance, _)| *distance <= allowed).map(|(_, known)| known)
}

#[cfg(test)]
mod tests {
    use super::nearest;

    #[test]
    fn names() {
        let known = ["explore", "shell", "librarian"];
        assert_eq!(nearest("exlpore", known), Some("explore"));
        assert_eq!(nearest("Shell", known), Some("shell"));
        assert_eq!(nearest("libarian", known), Some("librarian"));
        assert_eq!(nearest("browser", known), None);
        assert_eq!(nearest("", known), None);
        assert_eq!(nearest(&"x".repeat(100_000), known), None);
        assert_eq!(nearest("max-background-tasks", ["max_background_tasks"]), Some("max_background_tasks"));
    }
}
