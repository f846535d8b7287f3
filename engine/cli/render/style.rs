use anstyle::{AnsiColor, Style};
use hob_core::StateName;
use std::fmt::{self, Display};

/// No decoration.
pub const PLAIN: Style = Style::new();
/// Names and headings.
pub const BOLD: Style = Style::new().bold();
/// What matters less than its neighbours.
pub const DIM: Style = Style::new().dimmed();

/// The colour of a state.
pub fn of_state(state: StateName) -> Style {
    match state {
        StateName::Pending => AnsiColor::Yellow.on_default(),
        StateName::Running => AnsiColor::Cyan.on_default().bold(),
        StateName::Completed => AnsiColor::Green.on_default(),
        StateName::Failed => AnsiColor::Red.on_default().bold(),
        StateName::Cancelled => AnsiColor::Magenta.on_default(),
    }
}

/// A text in a style. The stream it goes to drops the style where it is no terminal.
pub struct Styled<T>(Style, T);

/// `text` in `style`.
pub fn styled<T: Display>(style: Style, text: T) -> Styled<T> {
    Styled(style, text)
}

impl<T: Display> Display for Styled<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self(style, text) = self;
        if style.is_plain() { text.fmt(f) } else { write!(f, "{style}{text}{style:#}") }
    }
}
