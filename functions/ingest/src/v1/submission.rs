//! A `/v1` request's records: content type, bounds, then the shape that its path takes.

use lambda_http::Body;
use posts::Kind;

use super::content_type::ContentType;
use super::document::{self, Document};
use super::{batch, records, whole_post};
use crate::problem::Problem;
use crate::record::Submission;

/// Which of the `/v1` paths the request came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Target {
    Records(Kind),
    WholePost,
    Batch,
}

/// Reads a body into records, or says what is wrong with the whole of it.
pub(crate) fn submission<'a>(
    target: Target,
    content_type: Option<&str>,
    body: &'a Body,
) -> Result<Submission<'a>, Problem> {
    let content_type = ContentType::of(content_type)?;
    let document = Document::parse(document::text(body)?, content_type)?;
    match target {
        Target::Records(kind) => Ok(records::submission(document, kind)),
        Target::WholePost => whole_post::submission(&document),
        Target::Batch => Ok(batch::submission(document)),
    }
}
