//! Requests: which records travel together, on which route, in which form.
//!
//! A batch holds whole posts, at most the door's number of records (500) and a body well below its limit (4 MiB).

use posts::Kind;
use tokio::time::Instant;

use crate::record::{Record, Sending};

/// The most records a batch may hold: the door's limit on `/v1/batch`.
pub(crate) const MAX_BATCH_RECORDS: usize = 500;
/// Where a batch is closed early, in bytes of records: the door takes 4 MiB, the envelope of each record comes on top.
const MAX_BATCH_BYTES: usize = 3 * 1024 * 1024;

/// How sendings become requests.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Packing {
    /// A post is one request to `/v1/posts`; a single record goes to its kind's route.
    Whole,
    /// Every record is a request of its own to its kind's route.
    Separate,
    /// At most so many records a request to `/v1/batch`.
    Batch(usize),
}

/// The form of a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Route {
    Posts,
    One(Kind),
    Batch,
}

/// One request and the records in it.
#[derive(Debug, Clone)]
pub(crate) struct Parcel {
    route: Route,
    key: Option<String>,
    /// At least one.
    pub(crate) records: Vec<Record>,
    /// When it should have left; latency counts from here.
    pub(crate) due: Instant,
}

impl Parcel {
    /// The path of its route.
    pub(crate) fn path(&self) -> &'static str {
        match self.route {
            Route::Posts => "/v1/posts",
            Route::One(Kind::Pin) => "/v1/pins",
            Route::One(Kind::Geo) => "/v1/geos",
            Route::One(Kind::User) => "/v1/users",
            Route::Batch => "/v1/batch",
        }
    }

    /// The Idempotency-Key under which the door gives the records the ids they have here; batches carry ids themselves.
    pub(crate) fn idempotency_key(&self) -> Option<&str> {
        self.key.as_deref()
    }

    /// The request's body.
    pub(crate) fn body(&self) -> String {
        match self.route {
            Route::Posts => {
                let part = |index: usize| self.records.get(index).map_or("null", |record| record.body.as_str());
                format!(r#"{{"pin":{},"geo":{},"user":{}}}"#, part(0), part(1), part(2))
            }
            Route::One(_) => self.records.first().map(|record| record.body.clone()).unwrap_or_default(),
            Route::Batch => {
                let entries: Vec<String> = self.records.iter().map(entry).collect();
                format!("[{}]", entries.join(","))
            }
        }
    }

    /// Leaves the marked records only, under the ids they had: as a batch, whatever they were before.
    pub(crate) fn keep(&mut self, marks: &[bool]) {
        let mut marks = marks.iter();
        self.records.retain(|_| marks.next().copied().unwrap_or_default());
        self.route = Route::Batch;
        self.key = None;
    }

    fn of(route: Route, key: Option<String>, records: Vec<Record>, due: Instant) -> Self {
        Self { route, key, records, due }
    }

    /// A record by itself. Its own route gives it the id `<key>/0`; any other id, or no kind, needs the batch form.
    fn single(record: Record, due: Instant) -> Self {
        let key = record.id.strip_suffix("/0").map(ToOwned::to_owned);
        match (record.kind, key) {
            (Some(kind), Some(key)) => Self::of(Route::One(kind), Some(key), vec![record], due),
            _ => Self::of(Route::Batch, None, vec![record], due),
        }
    }

    /// One of a post's records by itself, under a key of its own.
    fn apart(mut record: Record, due: Instant) -> Self {
        record.id.push_str("/0");
        Self::single(record, due)
    }
}

fn entry(record: &Record) -> String {
    let id = serde_json::Value::from(record.id.as_str());
    match record.kind {
        Some(kind) => format!(r#"{{"kind":"{}","id":{id},"data":{}}}"#, kind.as_str(), record.body),
        None => format!(r#"{{"id":{id},"data":{}}}"#, record.body),
    }
}

/// Sendings in, requests out.
#[derive(Debug)]
pub(crate) struct Packer {
    packing: Packing,
    open: Vec<Record>,
    open_bytes: usize,
    /// When the latest record of the open batch was due.
    due: Option<Instant>,
}

impl Packer {
    pub(crate) fn new(packing: Packing) -> Self {
        Self { packing, open: Vec::new(), open_bytes: 0, due: None }
    }

    /// The requests that are complete with this sending, in order.
    pub(crate) fn push(&mut self, sending: Sending, due: Instant) -> Vec<Parcel> {
        match self.packing {
            Packing::Whole if sending.whole_post => {
                let key = sending.idempotency_key();
                vec![Parcel::of(Route::Posts, key, sending.records, due)]
            }
            Packing::Separate if sending.whole_post => {
                sending.records.into_iter().map(|record| Parcel::apart(record, due)).collect()
            }
            Packing::Whole | Packing::Separate => {
                sending.records.into_iter().map(|record| Parcel::single(record, due)).collect()
            }
            Packing::Batch(most) => self.push_batched(sending, due, most),
        }
    }

    /// The batch still open, if there is one.
    pub(crate) fn finish(&mut self) -> Option<Parcel> {
        let due = self.due.take()?;
        self.open_bytes = 0;
        Some(Parcel::of(Route::Batch, None, std::mem::take(&mut self.open), due))
    }

    fn push_batched(&mut self, sending: Sending, due: Instant, most: usize) -> Vec<Parcel> {
        let bytes: usize = sending.records.iter().map(|record| record.body.len()).sum();
        let full = self.open.len() + sending.records.len() > most || self.open_bytes + bytes > MAX_BATCH_BYTES;
        let mut complete = Vec::new();
        if full {
            complete.extend(self.finish());
        }
        self.open.extend(sending.records);
        self.open_bytes += bytes;
        self.due = Some(due);
        if self.open.len() >= most {
            complete.extend(self.finish());
        }
        complete
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::synthetic;

    fn sending(number: u64) -> Sending {
        Sending::post(&format!("run-{number}"), synthetic::post(100, number, 0.0))
    }

    #[test]
    fn a_whole_post_is_one_request_under_one_key() {
        let parcels = Packer::new(Packing::Whole).push(sending(7), Instant::now());
        assert_eq!(parcels.len(), 1);
        assert_eq!((parcels[0].path(), parcels[0].idempotency_key()), ("/v1/posts", Some("run-7")));
        let body: serde_json::Value = serde_json::from_str(&parcels[0].body()).unwrap();
        assert_eq!(
            (&body["pin"]["index"], &body["geo"]["ind"], &body["user"]["ind"]),
            (&7.into(), &7.into(), &7.into())
        );
    }

    #[test]
    fn separate_records_have_routes_and_keys_of_their_own() {
        let parcels = Packer::new(Packing::Separate).push(sending(7), Instant::now());
        let seen: Vec<_> = parcels.iter().map(|parcel| (parcel.path(), parcel.idempotency_key())).collect();
        assert_eq!(
            seen,
            [("/v1/pins", Some("run-7/0")), ("/v1/geos", Some("run-7/1")), ("/v1/users", Some("run-7/2"))]
        );
    }

    #[test]
    fn a_batch_holds_whole_posts_and_closes_with_the_last() {
        let mut packer = Packer::new(Packing::Batch(7));
        let mut sizes: Vec<usize> = Vec::new();
        for number in 0..5 {
            sizes.extend(packer.push(sending(number), Instant::now()).iter().map(|parcel| parcel.records.len()));
        }
        assert_eq!(sizes, [6, 6]);
        assert_eq!(packer.finish().map(|parcel| parcel.records.len()), Some(3));
        assert!(packer.finish().is_none());
    }

    #[test]
    fn a_batch_of_heavy_records_closes_before_the_doors_limit() {
        let heavy = || Sending::single("run-0", None, None, "1".repeat(2 * 1024 * 1024));
        let mut packer = Packer::new(Packing::Batch(500));
        assert!(packer.push(heavy(), Instant::now()).is_empty());
        assert_eq!(packer.push(heavy(), Instant::now()).len(), 1);
    }

    #[test]
    fn a_record_with_an_id_of_its_own_travels_as_an_entry() {
        let own = Sending::single("run-0", Some("mine \"1\"".to_owned()), Some(Kind::Geo), "{}".to_owned());
        let parcels = Packer::new(Packing::Whole).push(own, Instant::now());
        assert_eq!(parcels[0].path(), "/v1/batch");
        assert_eq!(parcels[0].body(), r#"[{"kind":"geo","id":"mine \"1\"","data":{}}]"#);
    }
}
