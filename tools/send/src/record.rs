//! What is scheduled: one post of up to three records, or one record of a file, under ids that stay the same whenever it is sent.

use posts::Kind;

/// One record with the id it keeps through retries and repeats.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Record {
    /// `<stem>/<position in the sending>`, which is also what the door makes of an Idempotency-Key; or the record's own id.
    pub(crate) id: String,
    /// As which kind it is sent. What its fields say, unless a wrong one was asked for; none where they do not tell.
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
    /// The records of one post, in the order pin, geo, user; a kind may be missing. `stem` names the post within everything the
    /// run sends.
    pub(crate) fn post(stem: &str, bodies: impl IntoIterator<Item = (Kind, String)>) -> Self {
        let records = bodies.into_iter().enumerate();
        let records: Vec<Record> = records
            .map(|(index, (kind, body))| Record { id: format!("{stem}/{index}"), kind: Some(kind), body })
            .collect();
        let whole_post = records.iter().map(|record| record.kind).eq(Kind::ALL.map(Some));
        Self { whole_post, records }
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

    /// The same rows under ids of their own, as if somebody had started the script again.
    pub(crate) fn into_new(mut self) -> Self {
        for record in &mut self.records {
            record.id = match record.id.rsplit_once('/') {
                Some((stem, position)) => format!("{stem}-again/{position}"),
                None => format!("{}-again", record.id),
            };
        }
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_pin_geo_and_user_together_are_a_whole_post() {
        let body = |kind| (kind, "{}".to_owned());
        assert!(Sending::post("run", Kind::ALL.map(body)).whole_post);
        assert!(!Sending::post("run", [body(Kind::Pin), body(Kind::User)]).whole_post);
        assert!(!Sending::post("run", [Kind::Geo, Kind::Pin, Kind::User].map(body)).whole_post);
    }

    #[test]
    fn a_row_that_comes_as_new_has_an_id_of_its_own_and_still_one_key() {
        let again = Sending::post("run-7", Kind::ALL.map(|kind| (kind, "{}".to_owned()))).into_new();
        assert_eq!(again.records[2].id, "run-7-again/2");
        assert_eq!(again.idempotency_key().as_deref(), Some("run-7-again"));
        assert_eq!(
            Sending::single("run", Some("mine".to_owned()), None, "1".to_owned()).into_new().records[0].id,
            "mine-again"
        );
    }
}
