//! The status line: how much came in, how fast, and how far behind each follower is.

use std::collections::BTreeMap;
use std::time::Duration;

use localcloud::ShardStatus;

/// The line, from the shards as they stand and the records delivered to the first follower a while ago.
pub(super) fn line(shards: &[ShardStatus], processes: usize, before: u64, since: Duration) -> String {
    let mut followers: BTreeMap<&str, (u64, Duration, bool)> = BTreeMap::new();
    for shard in shards {
        let (delivered, lag, failing) = followers.entry(&shard.function).or_default();
        *delivered += shard.delivered;
        *lag = (*lag).max(shard.lag);
        *failing |= shard.failing;
    }
    let counted = delivered_to_popularity(shards);
    #[expect(clippy::cast_precision_loss, reason = "a rate for the eye")]
    let rate = counted.saturating_sub(before) as f64 / since.as_secs_f64().max(0.001);
    let parts: Vec<_> = followers
        .iter()
        .map(|(function, (delivered, lag, failing))| {
            let failing = if *failing { " FAILING" } else { "" };
            format!("{function} {delivered} lag {:.1} s{failing}", lag.as_secs_f64())
        })
        .collect();
    format!("{rate:.0} records/s | {} | {processes} processes", parts.join(" | "))
}

/// Records popularity has taken since the start.
pub(super) fn delivered_to_popularity(shards: &[ShardStatus]) -> u64 {
    shards.iter().filter(|shard| shard.function == "popularity").map(|shard| shard.delivered).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shard(function: &str, delivered: u64, lag_ms: u64) -> ShardStatus {
        ShardStatus {
            function: function.to_owned(),
            stream: "pin-1".to_owned(),
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
    fn the_line_shows_sums_and_the_worst_lag() {
        let shards = [shard("popularity", 40, 0), shard("popularity", 60, 250), shard("archive", 70, 2_000)];
        assert_eq!(
            line(&shards, 4, 50, Duration::from_secs(1)),
            "50 records/s | archive 70 lag 2.0 s FAILING | popularity 100 lag 0.2 s | 4 processes"
        );
    }
}
