//! What a function's answer says of its batch ("Configuring partial batch response with Kinesis Data Streams").

use std::collections::HashMap;

use serde_json::Value;

/// What became of the records of one invocation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// All are done.
    Done,
    /// The records before this index are done; it and those after it are not.
    DoneBefore(usize),
    /// None counts as done.
    Failed,
}

/// Reads the answer to a batch with these sequence numbers, in their order.
///
/// An answer that is no object, or names an item in any other way than by a sequence number of the batch, fails the
/// whole batch: the function said that something went wrong, and nobody can tell what.
pub(crate) fn verdict(answer: &[u8], sequence_numbers: &[&str]) -> Verdict {
    let answer: Value = match serde_json::from_slice(answer) {
        Ok(answer) => answer,
        Err(_) if answer.is_empty() => Value::Null,
        Err(_) => return Verdict::Failed,
    };
    let failures = match &answer {
        Value::Null => return Verdict::Done,
        Value::Object(fields) => fields.get("batchItemFailures").unwrap_or(&Value::Null),
        _ => return Verdict::Failed,
    };
    match failures {
        Value::Null => Verdict::Done,
        Value::Array(items) => lowest(items, sequence_numbers),
        _ => Verdict::Failed,
    }
}

fn lowest(items: &[Value], sequence_numbers: &[&str]) -> Verdict {
    let places: HashMap<&str, usize> =
        sequence_numbers.iter().enumerate().map(|(place, &number)| (number, place)).collect();
    let mut lowest = sequence_numbers.len();
    for item in items {
        let place = item.get("itemIdentifier").and_then(Value::as_str).and_then(|number| places.get(number));
        match place {
            Some(&place) => lowest = lowest.min(place),
            None => return Verdict::Failed,
        }
    }
    match lowest {
        0 => Verdict::Failed,
        all if all == sequence_numbers.len() => Verdict::Done,
        place => Verdict::DoneBefore(place),
    }
}

#[cfg(test)]
mod tests {
    use super::{Verdict::*, verdict};

    #[test]
    fn answers_say_what_is_done() {
        for (answer, want) in [
            ("", Done),
            ("null", Done),
            ("{}", Done),
            (r#"{"batchItemFailures":null}"#, Done),
            (r#"{"batchItemFailures":[]}"#, Done),
            (r#"{"batchItemFailures":[{"itemIdentifier":"12"}]}"#, DoneBefore(2)),
            (r#"{"batchItemFailures":[{"itemIdentifier":"12"},{"itemIdentifier":"11"}]}"#, DoneBefore(1)),
            (r#"{"batchItemFailures":[{"itemIdentifier":"10"}]}"#, Failed),
            (r#"{"batchItemFailures":[{"itemIdentifier":""}]}"#, Failed),
            (r#"{"batchItemFailures":[{"itemIdentifier":null}]}"#, Failed),
            (r#"{"batchItemFailures":[{"itemIdentifier":"99"}]}"#, Failed),
            (r#"{"batchItemFailures":[{"itemIdentifier":"12"},{"itemIdentifier":"99"}]}"#, Failed),
            (r#"{"batchItemFailures":[{"identifier":"12"}]}"#, Failed),
            (r#"{"batchItemFailures":"12"}"#, Failed),
            ("\"ok\"", Failed),
            ("{", Failed),
        ] {
            assert_eq!(verdict(answer.as_bytes(), &["10", "11", "12"]), want, "{answer}");
        }
    }
}
