//! The one fault layer in front of Kinesis, DynamoDB and S3: what goes wrong, for which call, how often.
//!
//! Rules are matched by service and operation name, as a client sees them on the wire, so that a test can say "the
//! second `PutRecords` is applied and its answer lost". The layer refuses to look into records: apart from a partial
//! refusal and a transaction conflict, which need the entries counted, it never reads a body. The wire form of every
//! error is the service's own (AWS JSON 1.0 and 1.1 protocols; S3 "Error responses").

mod layer;
pub(crate) mod operation;
mod rule;
pub(crate) mod wire;

pub(crate) use layer::{Call, Hit};
pub use layer::{Faults, Injected};
pub use rule::{Fault, Lost, Rule, Service};
