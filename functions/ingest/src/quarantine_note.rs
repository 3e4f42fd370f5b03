//! The headers that name the records of a request which were stored and cannot be posts.
//!
//! A client of a borrowed dialect is answered as the real service answers, which has no place for that in its body.
//! `x-quarantine` is a list (RFC 9651): the record's place in the request, its reason and the field at fault.

use posts::quarantine::Quarantined;

use crate::outcome::Outcome;

/// Records named at most, so that headers stay within what a gateway passes on.
const MAX_NAMED: usize = 20;

/// The headers; none where every record can be a post.
pub(crate) fn headers(outcomes: &[Outcome]) -> Vec<(&'static str, String)> {
    let quarantined: Vec<(usize, Quarantined)> = outcomes.iter().enumerate().filter_map(noted).collect();
    if quarantined.is_empty() {
        return Vec::new();
    }
    let named: Vec<String> = quarantined.iter().take(MAX_NAMED).map(|(index, why)| item(*index, *why)).collect();
    vec![("x-quarantine", named.join(", ")), ("x-quarantine-count", quarantined.len().to_string())]
}

fn noted((index, outcome): (usize, &Outcome)) -> Option<(usize, Quarantined)> {
    match outcome {
        Outcome::Stored(receipt) => receipt.quarantined.map(|quarantined| (index, quarantined)),
        Outcome::Refused(_) | Outcome::Failed(_) => None,
    }
}

fn item(index: usize, Quarantined { reason, field }: Quarantined) -> String {
    match field {
        Some(field) => format!("{index};reason={};field={field}", reason.code()),
        None => format!("{index};reason={}", reason.code()),
    }
}

#[cfg(test)]
mod tests {
    use posts::fields::Column;
    use posts::quarantine::Reason;

    use super::*;
    use crate::outcome::Receipt;

    fn stored(quarantined: Option<Quarantined>) -> Outcome {
        let text = String::new;
        let receipt =
            Receipt { id: text(), kind: None, stream: text(), shard_id: text(), sequence_number: text(), quarantined };
        Outcome::Stored(receipt)
    }

    #[test]
    fn records_are_named_by_place_reason_and_field() {
        let missing = Reason::MissingField.in_column(Column::UniqueId);
        let outcomes = [stored(Some(missing)), stored(None), stored(Some(Reason::NotJson.alone()))];
        let want = "0;reason=missing_field;field=unique_id, 2;reason=not_json".to_owned();
        assert_eq!(headers(&outcomes), [("x-quarantine", want), ("x-quarantine-count", "2".to_owned())]);
        assert_eq!(headers(&[stored(None)]), []);
    }

    #[test]
    fn however_many_there_are_the_headers_stay_short() {
        let longest = Reason::MissingField.in_column(Column::IsImageOrVideo);
        let outcomes: Vec<_> = (0..500).map(|_| stored(Some(longest))).collect();
        let headers = headers(&outcomes);
        assert_eq!(headers[1].1, "500");
        assert!(headers[0].1.len() < 2_000, "{}", headers[0].1.len());
    }
}
