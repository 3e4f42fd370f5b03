//! The `/v1` wire form: bodies in, records out. One file for each shape of body, and what they share beside them.

mod any;
mod batch;
mod content_type;
mod document;
mod message_id;
mod records;
mod submission;
mod whole_post;

pub(crate) use content_type::ContentType;
pub(crate) use submission::{Target, submission};
