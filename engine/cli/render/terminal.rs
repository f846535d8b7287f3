/// Narrower than this, tables are cut no further.
const NARROWEST: usize = 60;

/// The width of the terminal that stdout is; none where it is none.
pub fn width() -> Option<usize> {
    let (terminal_size::Width(columns), _) = terminal_size::terminal_size_of(std::io::stdout())?;
    Some(usize::from(columns).max(NARROWEST))
}
