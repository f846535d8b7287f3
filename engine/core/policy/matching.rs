/// Whether the absolute guest path `path` is `folder` or below it. A path with `.` or `..` in it
/// is below nothing.
pub fn is_within(path: &str, folder: &str) -> bool {
    let parts = |text: &'_ str| text.split('/').filter(|part| !part.is_empty()).map(str::to_owned).collect::<Vec<_>>();
    let (path_parts, folder_parts) = (parts(path), parts(folder));
    path.starts_with('/')
        && !path_parts.iter().any(|part| part == "." || part == "..")
        && path_parts.starts_with(&folder_parts)
}

/// Whether `host` is what `pattern` names: itself, any name below `*.`, or anything for `*`.
pub fn host_matches(pattern: &str, host: &str) -> bool {
    let (pattern, host) = (pattern.trim_end_matches('.'), host.trim_end_matches('.'));
    if pattern == "*" {
        return true;
    }
    match pattern.strip_prefix("*.") {
        Some(domain) => {
            let length = host.len().checked_sub(domain.len() + 1);
            length
                .is_some_and(|at| at > 0 && host.as_bytes()[at] == b'.' && host[at + 1..].eq_ignore_ascii_case(domain))
        }
        None => pattern.eq_ignore_ascii_case(host),
    }
}

/// Whether `args` fit `patterns`: one pattern for each argument, `*` inside a pattern is any text,
/// and `**` alone any number of arguments.
pub fn args_match(patterns: &[String], args: &[String]) -> bool {
    match patterns.split_first() {
        None => args.is_empty(),
        Some((first, rest)) if first == "**" => (0..=args.len()).any(|skipped| args_match(rest, &args[skipped..])),
        Some((first, rest)) => match args.split_first() {
            Some((arg, others)) => text_matches(first.as_bytes(), arg.as_bytes()) && args_match(rest, others),
            None => false,
        },
    }
}

/// Whether `text` is what the pattern says, in which `*` is any text.
// Greedy with one step back to the last `*`: linear in practice, quadratic at worst.
pub fn text_matches(pattern: &[u8], text: &[u8]) -> bool {
    let (mut at, mut seen, mut star) = (0, 0, None);
    while seen < text.len() {
        if pattern.get(at) == Some(&b'*') {
            star = Some((at, seen));
            at += 1;
        } else if pattern.get(at) == Some(&text[seen]) {
            at += 1;
            seen += 1;
        } else if let Some((star_at, star_seen)) = star {
            star = Some((star_at, star_seen + 1));
            at = star_at + 1;
            seen = star_seen + 1;
        } else {
            return false;
        }
    }
    pattern[at..].iter().all(|byte| *byte == b'*')
}
