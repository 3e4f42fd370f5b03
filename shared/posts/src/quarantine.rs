//! Why a record is not a post.
//!
//! A quarantined record is data, not an error: it is kept, counted and shown by its reason. What is said about it
//! names a reason and at most a column, never a value: bodies, names and ages do not leave through this door.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::column::Column;

/// Why a record could not become a clean post.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Reason {
    /// Not one complete JSON text in UTF-8.
    NotJson,
    /// JSON, but an array, a text, a number, a boolean or null.
    NotObject,
    /// Neither its fields nor its road say which kind it is.
    UnknownKind,
    /// A required field is missing, null or blank.
    MissingField,
    /// A number is needed and something else stands there.
    BadNumber,
    /// A number that no post can have.
    OutOfRange,
    /// A time in none of the accepted forms, or one that no calendar holds.
    BadTimestamp,
    /// A text is needed and something else stands there.
    BadText,
    /// More bytes than one record may have.
    TooLarge,
    /// Nested deeper than a reader follows.
    TooDeep,
    /// An envelope whose parts contradict its version.
    BadEnvelope,
    /// The id was already counted with another body.
    IdConflict,
    /// An aggregated record that cannot be taken apart.
    Aggregated,
}

impl Reason {
    /// Every reason, in the order in which they are looked for.
    pub const ALL: [Self; 13] = [
        Self::NotJson,
        Self::NotObject,
        Self::UnknownKind,
        Self::MissingField,
        Self::BadNumber,
        Self::OutOfRange,
        Self::BadTimestamp,
        Self::BadText,
        Self::TooLarge,
        Self::TooDeep,
        Self::BadEnvelope,
        Self::IdConflict,
        Self::Aggregated,
    ];

    /// The reason at rest and in answers, in `snake_case`.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::NotJson => "not_json",
            Self::NotObject => "not_object",
            Self::UnknownKind => "unknown_kind",
            Self::MissingField => "missing_field",
            Self::BadNumber => "bad_number",
            Self::OutOfRange => "out_of_range",
            Self::BadTimestamp => "bad_timestamp",
            Self::BadText => "bad_text",
            Self::TooLarge => "too_large",
            Self::TooDeep => "too_deep",
            Self::BadEnvelope => "bad_envelope",
            Self::IdConflict => "id_conflict",
            Self::Aggregated => "aggregated",
        }
    }

    /// One line for a person, without a full stop.
    #[must_use]
    pub const fn explain(self) -> &'static str {
        match self {
            Self::NotJson => "the record is not one complete JSON text in UTF-8",
            Self::NotObject => "the record is JSON but not an object",
            Self::UnknownKind => "neither the fields nor the path say whether this is a pin, a geo or a user",
            Self::MissingField => "a required field is missing, null or blank",
            Self::BadNumber => "a field that must be a number is not one",
            Self::OutOfRange => "a number lies outside what a post can have",
            Self::BadTimestamp => "a time is in none of the accepted forms or in no calendar",
            Self::BadText => "a field that must be a text is not one",
            Self::TooLarge => "the record is larger than a record may be",
            Self::TooDeep => "the record is nested too deeply",
            Self::BadEnvelope => "the envelope around the record is damaged or of an unknown version",
            Self::IdConflict => "the same id was counted shortly before with another body",
            Self::Aggregated => "the aggregated record cannot be taken apart",
        }
    }

    /// The quarantine of a record for this reason, found in `column`.
    #[must_use]
    pub const fn in_column(self, column: Column) -> Quarantined {
        Quarantined { reason: self, field: Some(column.name()) }
    }

    /// The quarantine of a record for this reason, found in no column in particular.
    #[must_use]
    pub const fn alone(self) -> Quarantined {
        Quarantined { reason: self, field: None }
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(self.code())
    }
}

/// A record that is not a post, and why.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
pub struct Quarantined {
    /// Why.
    pub reason: Reason,
    /// The column at fault, by its cleaned name; none where the whole record is.
    pub field: Option<&'static str>,
}

impl fmt::Display for Quarantined {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(self.reason.explain())?;
        match self.field {
            Some(field) => write!(out, ": {field}"),
            None => Ok(()),
        }
    }
}

impl std::error::Error for Quarantined {}

#[cfg(test)]
mod tests {
    use super::{Column, Reason};
    use std::collections::BTreeSet;

    #[test]
    fn every_reason_has_its_own_code_and_the_code_is_its_json() {
        let codes: BTreeSet<_> = Reason::ALL.iter().map(|reason| reason.code()).collect();
        assert_eq!(codes.len(), Reason::ALL.len());
        for reason in Reason::ALL {
            let json = serde_json::to_string(&reason).unwrap();
            assert_eq!(json, format!("{:?}", reason.code()));
            assert_eq!(serde_json::from_str::<Reason>(&json).unwrap(), reason);
        }
    }

    #[test]
    fn explanations_are_one_lower_case_fragment_each() {
        let lines: BTreeSet<_> = Reason::ALL.iter().map(|reason| reason.explain()).collect();
        assert_eq!(lines.len(), Reason::ALL.len());
        for line in lines {
            assert!(line.starts_with(|first: char| first.is_ascii_lowercase()), "{line:?}");
            assert!(!line.ends_with('.') && !line.contains('\n'), "{line:?}");
        }
    }

    #[test]
    fn a_quarantined_record_says_the_reason_and_the_column() {
        let quarantined = Reason::BadNumber.in_column(Column::Age);
        assert_eq!(quarantined.to_string(), "a field that must be a number is not one: age");
        assert_eq!(serde_json::to_string(&quarantined).unwrap(), r#"{"reason":"bad_number","field":"age"}"#);
        let quarantined = Reason::NotJson.alone();
        assert_eq!(quarantined.to_string(), Reason::NotJson.explain());
        assert_eq!(serde_json::to_string(&quarantined).unwrap(), r#"{"reason":"not_json","field":null}"#);
    }
}
