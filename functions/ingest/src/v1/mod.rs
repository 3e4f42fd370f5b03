//! The `/v1` wire form: bodies in, records out. One file for each shape of body, and what they share beside them.

mod batch;
mod content_type;
mod document;
mod idempotency_key;
mod members;
mod message_id;
mod records;
mod submission;
mod whole_post;

pub(crate) use idempotency_key::IdempotencyKey;
pub(crate) use members::Members;
pub(crate) use submission::{Target, submission};
