//! What a record is on its way through this function: received, then refused or prepared.
//!
//! Holds no rules: a dialect makes these values, the decision judges them, the answer names them.

use std::borrow::Cow;

use posts::Kind;

use crate::bounds::MAX_POINTER_NAME_CHARS;

/// A record as a dialect took it out of a body.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Received<'a> {
    /// Where the post begins in the body (RFC 6901); lines count as elements of an array.
    pub(crate) pointer: String,
    /// What the path or the wrapper says the record is, if they say it; the record's own fields come first.
    pub(crate) hint: Option<Kind>,
    /// The client's own id for this message.
    pub(crate) id: Option<String>,
    /// The post's JSON as received, without the client's id. In a borrowed dialect it may be no JSON at all.
    pub(crate) body: Cow<'a, str>,
}

/// Why a record was not taken. Holds nothing of the record's values.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Refusal {
    /// Stable, in snake case.
    pub(crate) code: &'static str,
    /// What is wrong, as a pointer into the request's body.
    pub(crate) pointer: String,
    /// For people.
    pub(crate) detail: String,
}

impl Refusal {
    pub(crate) fn new(code: &'static str, pointer: impl Into<String>, detail: impl Into<String>) -> Self {
        Self { code, pointer: pointer.into(), detail: detail.into() }
    }
}

/// The records of one request, in its order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Submission<'a> {
    pub(crate) form: Form,
    pub(crate) records: Vec<Result<Received<'a>, Refusal>>,
}

/// What the records of a request are to each other.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Form {
    /// There is one, sent as itself: what is wrong with it is wrong with the request.
    One,
    /// Independent of each other.
    Many,
}

/// A pointer one level deeper. A name is the client's text: one too long to be a name is left out.
pub(crate) fn member(pointer: &str, name: &str) -> String {
    if name.chars().nth(MAX_POINTER_NAME_CHARS).is_some() {
        return pointer.to_owned();
    }
    format!("{pointer}/{}", name.replace('~', "~0").replace('/', "~1"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pointers_escape_what_rfc_6901_escapes() {
        assert_eq!(member("/3", "data"), "/3/data");
        assert_eq!(member("", "a/b~c"), "/a~1b~0c");
        assert_eq!(member("", ""), "/");
    }

    #[test]
    fn a_name_too_long_to_be_one_is_not_repeated() {
        let name = "é".repeat(MAX_POINTER_NAME_CHARS);
        assert_eq!(member("/3", &name), format!("/3/{name}"));
        assert_eq!(member("/3", &format!("{name}é")), "/3");
    }
}
