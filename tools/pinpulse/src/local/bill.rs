//! What the live table would have cost, at the prices of the meter.

use std::fmt::Write as _;

use localcloud::{Metered, Units};

/// Units by function, and the posts they are of.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Bill {
    /// Posts taken by popularity: a pin, a geo and a user are one.
    pub(super) posts: u64,
    /// The calls of every function.
    pub(super) metered: Vec<Metered>,
}

/// The functions that a record passes: their units grow with the posts, those of the others with time and questions.
const STREAM_SIDE: [&str; 2] = ["popularity", "archive"];

impl Bill {
    /// The units of the functions that a record passes.
    pub(super) fn stream_side(&self) -> Units {
        let theirs = self.metered.iter().filter(|metered| STREAM_SIDE.contains(&metered.caller.as_str()));
        theirs.fold(Units::default(), |sum, metered| sum + metered.units)
    }

    /// Write units of those for each 1,000 posts; `None` before the first post.
    pub(super) fn writes_per_thousand(&self) -> Option<u64> {
        (self.stream_side().writes * 1_000).checked_div(self.posts)
    }

    /// The lines said at the end; none if nothing was posted.
    pub(super) fn text(&self) -> Option<String> {
        let per_thousand = self.writes_per_thousand()?;
        let units = self.stream_side();
        #[expect(clippy::cast_precision_loss, reason = "dollars and cents")]
        let dollars = units.dollars() / self.posts as f64 * 1e6;
        let mut text = format!(
            "DynamoDB for {} posts: {units}, which is {per_thousand} write units per 1,000 posts or ${dollars:.2} per \
             million posts (on demand, us-east-1, list price of November 2026)",
            self.posts,
        );
        let mut calls: Vec<_> = self.metered.iter().filter(|metered| metered.units.calls > 0).collect();
        calls.sort_by_key(|metered| std::cmp::Reverse(metered.units.writes));
        for Metered { caller, operation, units } in calls {
            let caller = if caller.is_empty() { "others" } else { caller };
            // Writing to a String cannot fail.
            write!(text, "\n  {caller} {operation}: {units}").ok();
        }
        Some(text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn metered(caller: &str, operation: &str, writes: u64, half_reads: u64) -> Metered {
        let units = Units { calls: 1, writes, half_reads };
        Metered { caller: caller.to_owned(), operation: operation.to_owned(), units }
    }

    #[test]
    fn the_bill_is_of_the_functions_that_a_record_passes() {
        let bill = Bill {
            posts: 2_000,
            metered: vec![
                metered("popularity", "UpdateItem", 1_500, 0),
                metered("archive", "TransactWriteItems", 100, 0),
                metered("popularity", "GetItem", 0, 3),
                metered("query", "Query", 0, 7),
            ],
        };
        assert_eq!(bill.writes_per_thousand(), Some(800));
        insta::assert_snapshot!(bill.text().unwrap(), @"
        DynamoDB for 2000 posts: 1600 write units, 1.5 read units in 3 calls, which is 800 write units per 1,000 posts or $0.50 per million posts (on demand, us-east-1, list price of November 2026)
          popularity UpdateItem: 1500 write units, 0 read units in 1 calls
          archive TransactWriteItems: 100 write units, 0 read units in 1 calls
          popularity GetItem: 0 write units, 1.5 read units in 1 calls
          query Query: 0 write units, 3.5 read units in 1 calls
        ");
        assert_eq!(Bill::default().text(), None);
    }
}
