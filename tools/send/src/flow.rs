//! The run itself: take a sending when it is due, put it into requests, keep a bounded number of them in flight, book answers.
//!
//! Producing stops when the source ends, the time is over, somebody asks, or nobody has ever answered. What is in flight is finished.

use std::pin::pin;
use std::time::Duration;

use futures::future::BoxFuture;
use futures::stream::FuturesUnordered;
use futures::{FutureExt as _, StreamExt as _};
use tokio::sync::watch;
use tokio::time::Instant;

use crate::delivery::{Delivery, Outcome};
use crate::failed::Failures;
use crate::pace::Schedule;
use crate::parcel::{Packer, Packing, Parcel};
use crate::progress::Progress;
use crate::record::Sending;
use crate::repeats::{Mark, Repeats};
use crate::report::{Summary, Tally};
use crate::source::SourceError;

/// How a run is paced and bounded.
pub(crate) struct Flow {
    pub(crate) schedule: Schedule,
    pub(crate) packing: Packing,
    /// The most requests in flight, at least 1.
    pub(crate) concurrency: usize,
    /// How long posts are produced.
    pub(crate) duration: Option<Duration>,
    /// Whether to stop once a request found nobody there, and nobody ever was.
    pub(crate) give_up: bool,
    pub(crate) delivery: Delivery,
    /// Where records go that were not accepted.
    pub(crate) failures: Failures,
    /// True, or a sender that is gone, stops producing.
    pub(crate) stop: watch::Receiver<bool>,
}

impl Flow {
    /// Sends what the source gives.
    pub(crate) async fn run(mut self, mut source: Repeats, progress: &Progress) -> Summary {
        let start = Instant::now();
        let delivery = self.delivery.clone();
        let failures = std::mem::replace(&mut self.failures, Failures::nowhere());
        let mut in_flight = InFlight::new(&delivery, failures, self.concurrency);
        let mut packer = Packer::new(self.packing, delivery.speech.dialect);
        while let Some(sending) = self.next_sending(&mut source, &mut in_flight).await {
            // A schedule beyond the end of time never comes due; without a schedule everything is due at once.
            let due = self.schedule.next().map_or_else(|| Some(Instant::now()), |after| start.checked_add(after));
            let Some(due) = due else { break };
            if !self.wait_until_due(start, due, &mut in_flight).await {
                break;
            }
            if !take(sending, due, &mut packer, &mut in_flight, progress).await {
                break;
            }
            progress.update(&in_flight.tally);
        }
        for parcel in packer.finish() {
            in_flight.send(parcel).await;
        }
        while in_flight.book_next().await {
            progress.update(&in_flight.tally);
        }
        let mut summary = in_flight.tally.summary(start.elapsed());
        summary.file_error = in_flight.failures.error;
        summary
    }

    /// What the source gives next, booking answers meanwhile. None at its end, or if there is to be no further sending.
    async fn next_sending(
        &mut self,
        source: &mut Repeats,
        in_flight: &mut InFlight<'_>,
    ) -> Option<Result<(Sending, Mark), SourceError>> {
        loop {
            if *self.stop.borrow() {
                return None;
            }
            tokio::select! {
                biased;
                changed = self.stop.changed() => if changed.is_err() { return None },
                next = source.next() => return next,
                true = in_flight.book_next() => {}
            }
        }
    }

    /// Waits, booking answers meanwhile. False if there is to be no further sending.
    async fn wait_until_due(&mut self, start: Instant, due: Instant, in_flight: &mut InFlight<'_>) -> bool {
        let end = self.duration.and_then(|length| start.checked_add(length));
        if end.is_some_and(|end| due >= end || Instant::now() >= end) {
            return false;
        }
        // The timer counts in milliseconds and would hold back what is due already.
        let mut alarm = pin!(async {
            if due > Instant::now() {
                tokio::time::sleep_until(due).await;
            }
        });
        loop {
            if (self.give_up && in_flight.tally.is_unreachable()) || *self.stop.borrow() {
                return false;
            }
            tokio::select! {
                biased;
                changed = self.stop.changed() => if changed.is_err() { return false },
                true = in_flight.book_next() => {}
                () = &mut alarm => return true,
            }
        }
    }
}

/// Hands one sending on. False if the source can give no more.
async fn take(
    sending: Result<(Sending, Mark), SourceError>,
    due: Instant,
    packer: &mut Packer,
    in_flight: &mut InFlight<'_>,
    progress: &Progress,
) -> bool {
    let tally = &mut in_flight.tally;
    match sending {
        Ok((mut sending, mark)) => {
            *(match mark {
                Mark::First => &mut tally.posts,
                Mark::SameIds => &mut tally.repeats,
                Mark::NewIds => &mut tally.row_repeats,
            }) += 1;
            let all = sending.records.len();
            let dialect = in_flight.delivery.speech.dialect;
            sending.records.retain(|record| dialect.says(record.kind));
            tally.left_out += u64::try_from(all - sending.records.len()).unwrap_or(u64::MAX);
            for parcel in packer.push(sending, due) {
                in_flight.send(parcel).await;
            }
        }
        Err(SourceError::NoRow(_)) => tally.missing_rows += 1,
        Err(error @ (SourceError::Line { .. } | SourceError::Row { .. })) => {
            tally.unreadable += 1;
            progress.talk(&format!("failed to {error}"));
        }
        Err(error @ (SourceError::File { .. } | SourceError::Database { .. })) => {
            tally.source_error = Some(error.to_string());
            return false;
        }
    }
    true
}

/// The requests that wait for their answers, and the account of those that have them.
struct InFlight<'a> {
    delivery: &'a Delivery,
    most: usize,
    requests: FuturesUnordered<BoxFuture<'a, (Outcome, Duration)>>,
    tally: Tally,
    failures: Failures,
}

impl<'a> InFlight<'a> {
    fn new(delivery: &'a Delivery, failures: Failures, most: usize) -> Self {
        Self { delivery, most: most.max(1), requests: FuturesUnordered::new(), tally: Tally::new(), failures }
    }

    /// Sends as soon as one more request may be in flight.
    async fn send(&mut self, parcel: Parcel) {
        while self.requests.len() >= self.most {
            self.book_next().await;
        }
        self.tally.requests += 1;
        self.tally.sent += u64::try_from(parcel.records.len()).unwrap_or(u64::MAX);
        let (delivery, due) = (self.delivery, parcel.due);
        self.requests.push(async move { (delivery.deliver(parcel).await, due.elapsed()) }.boxed());
    }

    /// Books the next request to end. False if none is in flight. Nothing is lost if it is not awaited to the end.
    async fn book_next(&mut self) -> bool {
        let Some((outcome, latency)) = self.requests.next().await else {
            return false;
        };
        self.failures.keep(&outcome.lost);
        self.tally.book(outcome, latency);
        true
    }
}
