//! A `/v1` request's records: content type, bounds, then the shape that its path takes.

use posts::Kind;

use super::content_type::ContentType;
use super::document::Document;
use super::{any, batch, records, whole_post};
use crate::problem::Problem;
use crate::record::Submission;

/// Which of the `/v1` paths the request came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Target {
    Records(Kind),
    WholePost,
    Batch,
    /// Any of the shapes above.
    Any,
}

/// Reads a body's text into records, or says what is wrong with the whole of it.
pub(crate) fn submission(target: Target, content_type: ContentType, text: &str) -> Result<Submission<'_>, Problem> {
    let document = Document::parse(text, content_type)?;
    match target {
        Target::Records(kind) => Ok(records::submission(document, Some(kind))),
        Target::WholePost => whole_post::submission(&document),
        Target::Batch => Ok(batch::submission(document)),
        Target::Any => any::submission(document),
    }
}
