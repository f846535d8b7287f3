use std::fmt;

macro_rules! rules {
    ($($(#[$doc:meta])* $name:ident = $text:literal, $demand:literal;)*) => {
        /// One rule. The words are part of the JSON output.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum Rule { $($(#[$doc])* $name,)* }

        impl Rule {
            /// Every rule, in the order in which they are tried.
            pub const ALL: &'static [Self] = &[$(Self::$name,)*];

            /// The word for it.
            pub fn as_str(self) -> &'static str {
                match self { $(Self::$name => $text,)* }
            }

            /// What it demands, in one sentence.
            pub fn demand(self) -> &'static str {
                match self { $(Self::$name => $demand,)* }
            }
        }
    };
}

rules! {
    /// What it imports and exports.
    Contract = "contract", "It is a component for this version of the contract, and imports nothing but that and WASI 0.2.";
    /// What it says of itself.
    Describe = "describe", "What it says of itself is whole: names, sound schemas, and a reason for all that it asks for.";
    /// How often it says so.
    Stable = "stable", "It says the same of itself whenever it is asked.";
    /// What it makes of parameters that are wrong.
    Parameters = "parameters", "Its schema refuses wrong parameters, and those that slip through do not make it trap.";
    /// How it ends.
    Answer = "answer", "It ends with an answer, and its data are of the shape that it describes.";
    /// What it does when it is asked to stop.
    Cancellation = "cancellation", "Asked to stop, it does so within the grace.";
    /// When its output comes.
    Streaming = "streaming", "Where there is much output, it comes while it works and not in one piece at the end.";
    /// What it does without a grant.
    Denials = "denials", "With nothing granted it works on or answers `denied`, and passes the lines on that would allow it.";
    /// What it uses.
    Limits = "limits", "It works within the limits of an executor, and lower ones end it by name.";
}

impl fmt::Display for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// What came of a rule, and why, in words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It is kept.
    Passed(String),
    /// It is broken.
    Failed(String),
    /// It could not be tried, or says nothing of this component.
    NotApplicable(String),
}

impl Verdict {
    /// The word for it, as in JSON.
    pub fn as_str(&self) -> &'static str {
        match self {
            Self::Passed(_) => "passed",
            Self::Failed(_) => "failed",
            Self::NotApplicable(_) => "not-applicable",
        }
    }

    /// Why.
    pub fn why(&self) -> &str {
        match self {
            Self::Passed(why) | Self::Failed(why) | Self::NotApplicable(why) => why,
        }
    }

    /// Whether the rule is broken.
    pub fn is_failure(&self) -> bool {
        matches!(self, Self::Failed(_))
    }
}

/// A rule, and what came of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// The rule.
    pub rule: Rule,
    /// What came of it.
    pub verdict: Verdict,
}
