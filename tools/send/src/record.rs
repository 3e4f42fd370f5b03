//! What is scheduled: one post of three records, or one record of a file, under ids that stay the same whenever it is sent.

use posts::Kind;

use crate::synthetic::SyntheticPost;

/// One record with the id it keeps through retries and repeats.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Record {
    /// `<stem>/<position in the sending>`, which is also what the door makes of an Idempotency-Key; or the record's own id.
    pub(crate) id: String,
    /// The kind, where its fields tell.
    pub(crate) kind: Option<Kind>,
    /// JSON text.
    pub(crate) body: String,
}

/// One unit of the schedule.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Sending {
    /// Whether the records are the pin, the geo and the user of one post, in this order.
    pub(crate) whole_post: bool,
    /// At least one.
    pub(crate) records: Vec<Record>,
}

impl Sending {
    /// A whole post. `stem` names it within everything the run sends.
    pub(crate) fn post(stem: &str, post: SyntheticPost) -> Self {
        Self::whole(stem, post.records)
    }

    /// Three records of one post, in the order pin, geo, user.
    pub(crate) fn whole(stem: &str, bodies: [(Kind, String); 3]) -> Self {
        let records = bodies.into_iter().enumerate();
        let records =
            records.map(|(index, (kind, body))| Record { id: format!("{stem}/{index}"), kind: Some(kind), body });
        Self { whole_post: true, records: records.collect() }
    }

    /// One record. Its id is `own_id` where the record brings one.
    pub(crate) fn single(stem: &str, own_id: Option<String>, kind: Option<Kind>, body: String) -> Self {
        let id = own_id.unwrap_or_else(|| format!("{stem}/0"));
        Self { whole_post: false, records: vec![Record { id, kind, body }] }
    }

    /// The key under which the records get the ids they have here, if one key can do that.
    pub(crate) fn idempotency_key(&self) -> Option<String> {
        self.records.first().and_then(|record| record.id.strip_suffix("/0")).map(ToOwned::to_owned)
    }
}
