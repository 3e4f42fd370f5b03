//! Requests: which records travel together.
//!
//! On Pinpulse's own routes a batch holds whole posts; in the other dialects it holds records of one kind. Either way it has at most
//! the door's number of records (500) and a body well below its limit (4 MiB).

use posts::Kind;
use tokio::time::Instant;

use crate::dialect::Dialect;
use crate::record::{Record, Sending};

/// The most records a batch may hold: the door's limit on `/v1/batch`, and that of PutRecords.
pub(crate) const MAX_BATCH_RECORDS: usize = 500;
/// Where a batch is closed early, in bytes of records: the door takes 4 MiB, the envelope of each record comes on top.
const MAX_BATCH_BYTES: usize = 3 * 1024 * 1024;

/// How sendings become requests.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Packing {
    /// A post is one request; a single record goes to its kind's route.
    Whole,
    /// Every record is a request of its own to its kind's route.
    Separate,
    /// At most so many records a request.
    Batch(usize),
}

/// The form of a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Form {
    /// The pin, the geo and the user of one post.
    Post,
    /// One record.
    One,
    /// A list of records, even of one.
    Batch,
}

/// One request and the records in it.
#[derive(Debug, Clone)]
pub(crate) struct Parcel {
    pub(crate) form: Form,
    /// The kind that its path names, where one does.
    pub(crate) kind: Option<Kind>,
    /// The Idempotency-Key under which the door gives the records the ids they have here; batches carry ids themselves.
    pub(crate) key: Option<String>,
    /// At least one.
    pub(crate) records: Vec<Record>,
    /// When it should have left; latency counts from here.
    pub(crate) due: Instant,
}

impl Parcel {
    /// What is left of it travels as a batch, whatever it was before, so that the records keep their ids.
    pub(crate) fn rebatched(&mut self, records: Vec<Record>) {
        self.records = records;
        self.form = Form::Batch;
        self.key = None;
    }

    /// A record by itself. Its own route gives it the id `<key>/0`; any other id, or no kind, needs the batch form.
    fn single(record: Record, due: Instant) -> Self {
        let key = record.id.strip_suffix("/0").map(ToOwned::to_owned);
        let form = if record.kind.is_some() && key.is_some() { Form::One } else { Form::Batch };
        let key = key.filter(|_| form == Form::One);
        Self { form, kind: record.kind, key, records: vec![record], due }
    }

    /// One of a post's records by itself, under a key of its own.
    fn apart(mut record: Record, due: Instant) -> Self {
        record.id.push_str("/0");
        Self::single(record, due)
    }

    /// A record by itself in a dialect that knows no ids.
    fn plain(record: Record, due: Instant) -> Self {
        Self { form: Form::One, kind: record.kind, key: None, records: vec![record], due }
    }
}

/// Sendings in, requests out.
#[derive(Debug)]
pub(crate) struct Packer {
    packing: Packing,
    dialect: Dialect,
    /// The batches still open: one, or one a kind.
    open: Vec<Open>,
}

/// A batch that waits for more.
#[derive(Debug)]
struct Open {
    kind: Option<Kind>,
    records: Vec<Record>,
    bytes: usize,
    /// When the latest record was due.
    due: Instant,
}

impl Open {
    fn close(self) -> Parcel {
        Parcel { form: Form::Batch, kind: self.kind, key: None, records: self.records, due: self.due }
    }
}

impl Packer {
    pub(crate) fn new(packing: Packing, dialect: Dialect) -> Self {
        Self { packing, dialect, open: Vec::new() }
    }

    /// The requests that are complete with this sending, in order.
    pub(crate) fn push(&mut self, sending: Sending, due: Instant) -> Vec<Parcel> {
        match self.packing {
            Packing::Batch(most) if self.dialect.mixes_kinds() => self.push_batched(None, sending.records, due, most),
            Packing::Batch(most) => {
                let records = sending.records.into_iter();
                records.flat_map(|record| self.push_batched(record.kind, vec![record], due, most)).collect()
            }
            _ if !self.dialect.mixes_kinds() => {
                sending.records.into_iter().map(|record| Parcel::plain(record, due)).collect()
            }
            Packing::Whole if sending.whole_post => {
                let key = sending.idempotency_key();
                vec![Parcel { form: Form::Post, kind: None, key, records: sending.records, due }]
            }
            Packing::Whole | Packing::Separate if sending.records.len() > 1 => {
                sending.records.into_iter().map(|record| Parcel::apart(record, due)).collect()
            }
            Packing::Whole | Packing::Separate => {
                sending.records.into_iter().map(|record| Parcel::single(record, due)).collect()
            }
        }
    }

    /// The batches still open.
    pub(crate) fn finish(&mut self) -> Vec<Parcel> {
        self.open.drain(..).map(Open::close).collect()
    }

    fn push_batched(&mut self, kind: Option<Kind>, records: Vec<Record>, due: Instant, most: usize) -> Vec<Parcel> {
        let bytes: usize = records.iter().map(|record| record.body.len()).sum();
        let mut complete = Vec::new();
        let position = self.open.iter().position(|open| open.kind == kind);
        let mut open = position.map(|position| self.open.remove(position));
        if let Some(full) =
            open.take_if(|open| open.records.len() + records.len() > most || open.bytes + bytes > MAX_BATCH_BYTES)
        {
            complete.push(full.close());
        }
        let mut open = open.unwrap_or(Open { kind, records: Vec::new(), bytes: 0, due });
        open.records.extend(records);
        open.bytes += bytes;
        open.due = due;
        if open.records.len() >= most {
            complete.push(open.close());
        } else {
            self.open.push(open);
        }
        complete
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dialect::{Speech, Wire};
    use crate::synthetic;

    fn sending(number: u64) -> Sending {
        Sending::post(&format!("run-{number}"), synthetic::post(100, number, 0.0).records)
    }

    fn packed(packing: Packing, sendings: impl IntoIterator<Item = Sending>) -> Vec<Parcel> {
        in_dialect(Dialect::V1, packing, sendings)
    }

    fn in_dialect(dialect: Dialect, packing: Packing, sendings: impl IntoIterator<Item = Sending>) -> Vec<Parcel> {
        let mut packer = Packer::new(packing, dialect);
        let mut parcels: Vec<Parcel> =
            sendings.into_iter().flat_map(|sending| packer.push(sending, Instant::now())).collect();
        parcels.extend(packer.finish());
        parcels
    }

    fn wires(dialect: Dialect, parcels: &[Parcel]) -> Vec<Wire> {
        let speech = Speech { dialect, user: "0a1b".to_owned() };
        parcels.iter().map(|parcel| speech.wire(parcel)).collect()
    }

    #[test]
    fn a_whole_post_is_one_request_under_one_key() {
        let wires = wires(Dialect::V1, &packed(Packing::Whole, [sending(7)]));
        assert_eq!(wires.len(), 1);
        assert_eq!((wires[0].path.as_str(), wires[0].idempotency_key.as_deref()), ("/v1/posts", Some("run-7")));
        let body: serde_json::Value = serde_json::from_str(&wires[0].body).unwrap();
        assert_eq!(
            (&body["pin"]["index"], &body["geo"]["ind"], &body["user"]["ind"]),
            (&7.into(), &7.into(), &7.into())
        );
    }

    #[test]
    fn separate_records_have_routes_and_keys_of_their_own() {
        let wires = wires(Dialect::V1, &packed(Packing::Separate, [sending(7)]));
        let seen: Vec<_> = wires.iter().map(|wire| (wire.path.as_str(), wire.idempotency_key.as_deref())).collect();
        assert_eq!(
            seen,
            [("/v1/pins", Some("run-7/0")), ("/v1/geos", Some("run-7/1")), ("/v1/users", Some("run-7/2"))]
        );
    }

    #[test]
    fn a_batch_holds_whole_posts_and_closes_with_the_last() {
        let parcels = packed(Packing::Batch(7), (0..5).map(sending));
        assert_eq!(parcels.iter().map(|parcel| parcel.records.len()).collect::<Vec<_>>(), [6, 6, 3]);
    }

    #[test]
    fn a_batch_of_heavy_records_closes_before_the_doors_limit() {
        let heavy = || Sending::single("run-0", None, None, "1".repeat(2 * 1024 * 1024));
        let mut packer = Packer::new(Packing::Batch(500), Dialect::V1);
        assert!(packer.push(heavy(), Instant::now()).is_empty());
        assert_eq!(packer.push(heavy(), Instant::now()).len(), 1);
    }

    #[test]
    fn a_record_with_an_id_of_its_own_travels_as_an_entry() {
        let own = Sending::single("run-0", Some("mine \"1\"".to_owned()), Some(Kind::Geo), "{}".to_owned());
        let wires = wires(Dialect::V1, &packed(Packing::Whole, [own]));
        assert_eq!(wires[0].path, "/v1/batch");
        assert_eq!(wires[0].body, r#"[{"kind":"geo","id":"mine \"1\"","data":{}}]"#);
    }

    #[test]
    fn the_courses_forms_are_the_courses() {
        let post = || Sending::post("run-7", Kind::ALL.map(|kind| (kind, format!(r#"{{"ind":"{kind}"}}"#))));
        let of = |dialect| wires(dialect, &in_dialect(dialect, Packing::Whole, [post()]));
        let shown = |wire: &Wire| format!("{:?} {} {} {}", wire.method, wire.path, wire.content_type, wire.body);

        let kafka: Vec<String> = of(Dialect::Kafka).iter().map(shown).collect();
        assert_eq!(kafka.len(), 3);
        assert_eq!(
            kafka[0],
            r#"Post /topics/0a1b.pin application/vnd.kafka.json.v2+json {"records":[{"value":{"ind":"pin"}}]}"#
        );
        let kinesis: Vec<String> = of(Dialect::Kinesis).iter().map(shown).collect();
        assert_eq!(
            kinesis[1],
            r#"Put /streams/streaming-0a1b-geo/record application/json {"StreamName":"streaming-0a1b-geo","Data":{"ind":"geo"},"PartitionKey":"run-7/1"}"#
        );
        let pin: Vec<String> = of(Dialect::Pin).iter().map(shown).collect();
        assert_eq!(pin[0], r#"Post /pin/ application/json {"ind":"pin"}"#);
        assert!(
            [Dialect::Kafka, Dialect::Kinesis, Dialect::Pin]
                .into_iter()
                .flat_map(of)
                .all(|wire| wire.idempotency_key.is_none())
        );
    }

    #[test]
    fn batches_of_the_course_hold_one_kind() {
        let two = || {
            [1, 2]
                .map(|number| Sending::post(&format!("run-{number}"), Kind::ALL.map(|kind| (kind, number.to_string()))))
        };
        let of = |dialect| wires(dialect, &in_dialect(dialect, Packing::Batch(500), two()));
        let users = |wires: Vec<Wire>| wires.into_iter().find(|wire| wire.path.contains("user")).unwrap();
        let kafka = users(of(Dialect::Kafka));
        assert_eq!(
            (kafka.path.as_str(), kafka.body.as_str()),
            ("/topics/0a1b.user", r#"{"records":[{"value":1},{"value":2}]}"#)
        );
        let kinesis = users(of(Dialect::Kinesis));
        assert_eq!(kinesis.path, "/streams/streaming-0a1b-user/records");
        assert_eq!(
            kinesis.body,
            r#"{"records":[{"data":1,"partition-key":"run-1/2"},{"data":2,"partition-key":"run-2/2"}]}"#
        );
        assert_eq!(in_dialect(Dialect::Kafka, Packing::Batch(3), (0..7).map(sending)).len(), 9);
    }
}
