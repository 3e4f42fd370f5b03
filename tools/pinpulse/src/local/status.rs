//! The status line: how much came in, how fast, what became of it, how far behind each follower is, and what it costs.

use std::collections::BTreeMap;
use std::time::Duration;

use localcloud::ShardStatus;

use super::bill::Bill;
use super::tally::Told;

/// What the line is made of, as it stands now.
#[derive(Debug)]
pub(super) struct Now<'a> {
    pub(super) shards: &'a [ShardStatus],
    pub(super) told: Told,
    pub(super) bill: &'a Bill,
    pub(super) processes: usize,
}

impl Now<'_> {
    /// The line, from the posts there were a while ago.
    pub(super) fn line(&self, posts_before: u64, since: Duration) -> String {
        #[expect(clippy::cast_precision_loss, reason = "a rate for the eye")]
        let per_minute = self.bill.posts.saturating_sub(posts_before) as f64 / since.as_secs_f64().max(0.001) * 60.0;
        let Told { counted, duplicates, quarantined, rejected, failed, lag_ms } = self.told;
        let mut parts = vec![format!("{per_minute:.0} posts/min")];
        parts.push(format!("counted {counted}, duplicates {duplicates}, quarantined {quarantined}, {lag_ms} ms old"));
        if rejected + failed > 0 {
            parts.push(format!("rejected {rejected}, failed {failed}"));
        }
        parts.extend(self.followers());
        if let Some(writes) = self.bill.writes_per_thousand() {
            parts.push(format!("{writes} write units/1,000 posts"));
        }
        parts.push(format!("{} processes", self.processes));
        parts.join(" | ")
    }

    fn followers(&self) -> impl Iterator<Item = String> {
        let mut followers: BTreeMap<&str, (u64, Duration, bool)> = BTreeMap::new();
        for shard in self.shards {
            let (delivered, lag, failing) = followers.entry(&shard.function).or_default();
            *delivered += shard.delivered;
            *lag = (*lag).max(shard.lag);
            *failing |= shard.failing;
        }
        followers.into_iter().map(|(function, (delivered, lag, failing))| {
            let failing = if failing { " FAILING" } else { "" };
            format!("{function} {delivered} lag {:.1} s{failing}", lag.as_secs_f64())
        })
    }
}

/// Posts that popularity has taken since the start: a post has at most one record on each stream, so they are the records of
/// the fullest.
pub(super) fn posts(shards: &[ShardStatus]) -> u64 {
    let mut by_stream: BTreeMap<&str, u64> = BTreeMap::new();
    for shard in shards.iter().filter(|shard| shard.function == "popularity") {
        *by_stream.entry(&shard.stream).or_default() += shard.delivered;
    }
    by_stream.into_values().max().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use localcloud::{Metered, Units};

    use super::*;

    fn shard(function: &str, stream: &str, delivered: u64, lag_ms: u64) -> ShardStatus {
        ShardStatus {
            function: function.to_owned(),
            stream: stream.to_owned(),
            shard: "s".to_owned(),
            delivered,
            given_up: 0,
            lag: Duration::from_millis(lag_ms),
            failing: lag_ms > 1_000,
            retries: 0,
            checkpoint: None,
        }
    }

    #[test]
    fn the_line_shows_sums_the_worst_lag_and_the_cost() {
        let shards = [
            shard("popularity", "pin-1", 40, 0),
            shard("popularity", "pin-1", 20, 0),
            shard("popularity", "geo-1", 50, 250),
            shard("archive", "pin-1", 70, 2_000),
        ];
        let units = Units { calls: 60, writes: 90, half_reads: 0 };
        let metered = vec![Metered { caller: "popularity".to_owned(), operation: "UpdateItem".to_owned(), units }];
        let bill = Bill { posts: posts(&shards), metered };
        let told = Told { counted: 100, duplicates: 7, quarantined: 3, rejected: 0, failed: 0, lag_ms: 120 };
        let now = Now { shards: &shards, told, bill: &bill, processes: 4 };
        assert_eq!(
            now.line(50, Duration::from_secs(1)),
            "600 posts/min | counted 100, duplicates 7, quarantined 3, 120 ms old | archive 70 lag 2.0 s FAILING | \
             popularity 110 lag 0.2 s | 1500 write units/1,000 posts | 4 processes"
        );
        let told = Told { rejected: 2, failed: 1, ..told };
        let line = Now { shards: &[], told, bill: &Bill::default(), processes: 1 }.line(0, Duration::from_secs(1));
        assert!(line.contains("| rejected 2, failed 1 |") && !line.contains("write units"), "{line}");
    }
}
