//! What a function used, kept by day beside the pages: `cost#<day>`, one item a function, counters that only grow.
//!
//! Written by the functions that every record passes, with ADD, after every hundred write units or a minute, so that the
//! counting costs a hundredth of what it counts. An instance that ends between two writes takes less than that with it; a
//! write whose answer was lost may count twice. These are the numbers of a bill and not of a page: nothing is decided by them.

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use aws_sdk_dynamodb::types::ReturnConsumedCapacity;
use posts::arrival::Day;
use posts::layout::{EXPIRES, PK, SK, cost_pk, expires_s};

use crate::bucket::Bucket;
use crate::failure::CallError;
use crate::item::{Item, get_number, get_text, number, text};
use crate::live::LiveTable;

/// Write units after which they are written down.
const MANY_WRITES: u64 = 100;

/// How long the rest may wait.
const SOON: Duration = Duration::from_mins(1);

/// The variable that Lambda sets to a function's memory, in MB.
const MEMORY_MB: &str = "AWS_LAMBDA_FUNCTION_MEMORY_SIZE";

/// What was used.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Spent {
    /// Write units of the live table.
    pub writes: u64,
    /// Halves of its read units.
    pub half_reads: u64,
    /// Invocations of the function.
    pub invocations: u64,
    /// How long they took, each millisecond times the function's memory in MB; 0 where that is not known.
    pub mb_ms: u64,
    /// Objects put.
    pub puts: u64,
}

/// The counters by their attribute.
const COUNTERS: [&str; 5] = ["writes", "half_reads", "invocations", "mb_ms", "puts"];

impl Spent {
    fn values(self) -> [u64; 5] {
        [self.writes, self.half_reads, self.invocations, self.mb_ms, self.puts]
    }

    fn of_item(item: &Item) -> Self {
        let [writes, half_reads, invocations, mb_ms, puts] =
            COUNTERS.map(|counter| get_number(item, counter).unwrap_or_default());
        Self { writes, half_reads, invocations, mb_ms, puts }
    }

    /// Both together.
    #[must_use]
    pub fn plus(self, more: Self) -> Self {
        Self {
            writes: self.writes.saturating_add(more.writes),
            half_reads: self.half_reads.saturating_add(more.half_reads),
            invocations: self.invocations.saturating_add(more.invocations),
            mb_ms: self.mb_ms.saturating_add(more.mb_ms),
            puts: self.puts.saturating_add(more.puts),
        }
    }
}

/// A function's account.
#[derive(Debug)]
pub struct Spending {
    function: &'static str,
    memory_mb: u64,
    table: LiveTable,
    bucket: Option<Bucket>,
    open: Mutex<Open>,
}

/// What is not written down yet.
#[derive(Debug, Default)]
struct Open {
    spent: Spent,
    written: Option<Instant>,
}

impl Spending {
    /// Of a function that uses a table and perhaps a bucket: the very ones that are counted, or clones of them.
    #[must_use]
    pub fn of(function: &'static str, table: LiveTable, bucket: Option<Bucket>) -> Self {
        let memory_mb = crate::env::process(MEMORY_MB).and_then(|memory| memory.parse().ok()).unwrap_or_default();
        Self { function, memory_mb, table, bucket, open: Mutex::default() }
    }

    /// Takes in an invocation that began at `started`, and writes down what has come together if it is time. A failure is
    /// logged, and what could not be written waits for the next invocation.
    pub async fn settle(&self, started: Instant, now_ms: i64) {
        let consumed = self.table.consumed();
        let puts = self.bucket.as_ref().map(Bucket::take_puts).unwrap_or_default();
        let ms = u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX);
        let used = Spent {
            writes: consumed.writes,
            half_reads: consumed.half_reads,
            invocations: 1,
            mb_ms: ms.saturating_mul(self.memory_mb),
            puts,
        };
        let Some(due) = self.due(used) else { return };
        if let Err(error) = self.table.spend(self.function, Day::containing(now_ms), due).await {
            tracing::warn!(code = error.code, "failed to write down what was used: {error}");
            let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
            open.spent = open.spent.plus(due);
        }
    }

    /// All that is to be written down, if it is time.
    fn due(&self, used: Spent) -> Option<Spent> {
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        open.spent = open.spent.plus(used);
        let is_time = open.spent.writes >= MANY_WRITES || open.written.is_none_or(|written| written.elapsed() >= SOON);
        is_time.then(|| {
            open.written = Some(Instant::now());
            std::mem::take(&mut open.spent)
        })
    }
}

impl LiveTable {
    /// Adds what a function used on a day.
    ///
    /// # Errors
    /// If DynamoDB does not take it.
    pub async fn spend(&self, function: &str, day: Day, spent: Spent) -> Result<(), CallError> {
        let mut call = self
            .client
            .update_item()
            .table_name(&self.table)
            .key(PK, text(cost_pk(day)))
            .key(SK, text(function))
            .update_expression("SET #expires = :expires ADD #c0 :c0, #c1 :c1, #c2 :c2, #c3 :c3, #c4 :c4")
            .expression_attribute_names("#expires", EXPIRES)
            .expression_attribute_values(":expires", number(expires_s(day)))
            .return_consumed_capacity(ReturnConsumedCapacity::Total);
        for (position, (name, value)) in COUNTERS.into_iter().zip(spent.values()).enumerate() {
            call = call
                .expression_attribute_names(format!("#c{position}"), name)
                .expression_attribute_values(format!(":c{position}"), number(value));
        }
        // Once: a second attempt after a lost answer would add it twice.
        let added = call.send().await;
        let added = added.map_err(|error| CallError::of(format!("add to {} {function}", cost_pk(day)), &error))?;
        self.usage.wrote(added.consumed_capacity());
        Ok(())
    }

    /// What each function used on a day, by its name.
    ///
    /// # Errors
    /// If the table cannot be read.
    pub async fn spent(&self, day: Day) -> Result<Vec<(String, Spent)>, CallError> {
        let items = self.query(&cost_pk(day), (" ", "\u{10FFFF}"), false).await?;
        let of = |item: &Item| Some((get_text(item, SK)?.to_owned(), Spent::of_item(item)));
        Ok(items.iter().filter_map(of).collect())
    }
}
