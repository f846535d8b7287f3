use serde_json::Value;
use std::fmt;

/// Who answered, and what it took, from the data of a task that an agent or a model did: keys `agent`,
/// `program`, `model`, `tokens`, `cost_usd`, `turns`, `session`. None where the data are of another kind.
pub fn usage(data: Option<&Value>) -> Option<Usage> {
    let data = data?;
    let text = |key: &str| data.get(key).and_then(Value::as_str).filter(|text| !text.is_empty());
    let agent = text("agent")?;
    let who = [Some(agent), text("model")].into_iter().flatten().collect::<Vec<_>>().join(", ");
    let turns = data.get("turns").and_then(Value::as_u64).map(|turns| match turns {
        1 => "1 turn".to_owned(),
        turns => format!("{turns} turns"),
    });
    let parts = [
        data.get("tokens").and_then(tokens),
        data.get("cost_usd").and_then(Value::as_f64).map(cost),
        turns,
        text("session").map(|session| format!("session {session}")),
        data.get("refused_tools").and_then(refused),
    ];
    let took = parts.into_iter().flatten().collect::<Vec<_>>().join(" · ");
    Some(Usage { who, took: Some(took).filter(|took| !took.is_empty()) })
}

/// Two lines about a task.
#[derive(Debug, PartialEq, Eq)]
pub struct Usage {
    /// `claude-code, claude-sonnet-5`
    pub who: String,
    /// `tokens 1,204 in (77 cached), 311 out · $0.0120 · 2 turns · session …`
    pub took: Option<String>,
}

impl fmt::Display for Usage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.who)?;
        self.took.as_ref().map_or(Ok(()), |took| write!(f, " · {took}"))
    }
}

fn refused(tools: &Value) -> Option<String> {
    let tools: Vec<&str> = tools.as_array()?.iter().filter_map(Value::as_str).collect();
    (!tools.is_empty()).then(|| format!("was not allowed to use {}", tools.join(", ")))
}

fn tokens(tokens: &Value) -> Option<String> {
    let count = |key: &str| tokens.get(key).and_then(Value::as_u64);
    let part = |key: &str, word: &str| {
        let count = count(key).filter(|count| *count > 0);
        count.map(|count| format!(" ({} {word})", thousands(count))).unwrap_or_default()
    };
    Some(format!(
        "tokens {} in{}, {} out{}",
        thousands(count("input")?),
        part("cached", "cached"),
        thousands(count("output")?),
        part("reasoning", "reasoning")
    ))
}

/// `1,204`
fn thousands(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// Dollars, with more digits where it is little.
fn cost(dollars: f64) -> String {
    if dollars < 0.1 { format!("${dollars:.4}") } else { format!("${dollars:.2}") }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn what_it_took() {
        let data = json!({
            "agent": "codex", "model": "m-1", "session": "s-1", "cost_usd": 0.01201, "turns": 2, "refused_tools": ["Bash"],
            "tokens": { "input": 1_204_000, "cached": 77, "output": 311, "reasoning": 0 },
        });
        let took =
            "tokens 1,204,000 in (77 cached), 311 out · $0.0120 · 2 turns · session s-1 · was not allowed to use Bash"
                .to_owned();
        assert_eq!(usage(Some(&data)), Some(Usage { who: "codex, m-1".to_owned(), took: Some(took) }));
        let bare = usage(Some(&json!({ "agent": "mine", "exit_code": 0 })));
        assert_eq!(bare, Some(Usage { who: "mine".to_owned(), took: None }));
        assert_eq!(usage(Some(&json!({ "exit_code": 0 }))), None);
        assert_eq!(usage(None), None);
    }

    #[test]
    fn numbers_are_grouped() {
        for (number, text) in [(0, "0"), (999, "999"), (1_000, "1,000"), (123_456, "123,456"), (1_234_567, "1,234,567")]
        {
            assert_eq!(thousands(number), text);
        }
        assert_eq!((cost(1.5).as_str(), cost(0.001_749).as_str()), ("$1.50", "$0.0017"));
    }
}
