//! T(C): how many posts of each category, country and age group arrived before the day C, counted from the tables; and of the
//! posters who posted most.
//!
//! The fate rule is live's own: rows that are no duplicates, from the tables themselves and not the views, since live counts
//! a row that is posted again a day later again. The names are live's too: what had no slot under the rules of its arrival
//! day is `other` here as it is there, so that totals and pages can be added.

use std::collections::BTreeMap;

use aws::bucket::Bucket;
use deltalake::datafusion::prelude::SessionContext;
use posts::appended::and_live;
use posts::arrival::Day;
use posts::page::{Dimension, slot_of, value_of};
use posts::questions::TOTALS_KEY;
use posts::rules;
use posts::tables::Table;
use posts::value::AgeGroup;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::answer::query;
use crate::error::Error;
use crate::profiles::Profiles;

/// The label of what has no slot.
const OTHER: &str = "other";

/// The totals as they are published.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Totals {
    /// C, as `2026-11-15`: posts that arrived on earlier days are counted.
    pub cutoff_day: String,
    /// Posts by value, for each dimension by its name. A value without posts is not listed.
    pub by: BTreeMap<&'static str, BTreeMap<&'static str, u64>>,
    /// The posters who posted most.
    pub profiles: Profiles,
}

impl Totals {
    /// Counts the posts of a session's rows that arrived before a day.
    ///
    /// # Errors
    /// If the engine cannot count them.
    pub async fn before(session: &SessionContext, cutoff: Day) -> Result<Self, Error> {
        let mut by = BTreeMap::new();
        for dimension in Dimension::ALL {
            by.insert(dimension.as_str(), count(session, dimension, cutoff).await?);
        }
        Ok(Self { cutoff_day: cutoff.to_string(), by, profiles: Profiles::before(session, cutoff).await? })
    }
}

/// The day C of the totals published last; none before the first.
pub(crate) async fn previous_cutoff(bucket: &Bucket) -> Result<Option<Day>, Error> {
    #[derive(Deserialize)]
    struct Stored {
        cutoff_day: String,
    }
    let stored = bucket.get(TOTALS_KEY).await?;
    let stored: Option<Stored> = stored.and_then(|body| serde_json::from_slice(&body).ok());
    Ok(stored.and_then(|stored| stored.cutoff_day.parse().ok()))
}

/// The newest arrival day in the tables; none while they are empty.
pub(crate) async fn newest_day(session: &SessionContext) -> Result<Option<Day>, Error> {
    let tables = Table::ALL.map(|table| format!("select max(dt) as dt from {}_rows", table.name()));
    let text = format!("select cast(max(dt) as varchar) as day from ({}) as newest", tables.join(" union all "));
    let answer = query(session, "newest arrival day", &text).await?;
    let day = answer.rows.first().and_then(|row| row.first()).and_then(Value::as_str);
    Ok(day.and_then(|day| day.parse().ok()))
}

async fn count(
    session: &SessionContext,
    dimension: Dimension,
    cutoff: Day,
) -> Result<BTreeMap<&'static str, u64>, Error> {
    let (table, column) = match dimension {
        Dimension::Category => ("pin_rows", "category"),
        Dimension::Country => ("geo_rows", "country"),
        Dimension::AgeGroup => ("user_rows", "age"),
    };
    let live = and_live(&format!("{table}.stream"));
    let text = format!(
        "select {table}.{column} as counted, cast({table}.dt as varchar) as day, count(*) as posts from {table} \
         where not {table}.duplicate and {table}.dt < date '{cutoff}'{live} group by 1, 2"
    );
    let answer = query(session, &format!("totals by {}", dimension.as_str()), &text).await?;
    let mut counts = BTreeMap::new();
    for row in &answer.rows {
        let [value, day, posts] = row.as_slice() else { continue };
        let (Some(day), Some(posts)) = (day.as_str().and_then(|day| day.parse().ok()), posts.as_u64()) else {
            continue;
        };
        *counts.entry(label(dimension, value, day)).or_default() += posts;
    }
    Ok(counts)
}

/// What live calls a value that arrived on a day.
fn label(dimension: Dimension, value: &Value, day: Day) -> &'static str {
    let known = rules::at(day).known;
    let value = match dimension {
        Dimension::AgeGroup => value.as_i64().and_then(AgeGroup::of).map(AgeGroup::label),
        Dimension::Category | Dimension::Country => value.as_str(),
    };
    let (group, slot) = slot_of(known, dimension, value);
    value_of(known, dimension, group, &slot).unwrap_or(OTHER)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn values_bear_the_names_live_gives_them() {
        let day = Day::containing(0);
        for (dimension, value, want) in [
            (Dimension::Category, json!(" art "), "art"),
            (Dimension::Category, json!("Art"), "other"),
            (Dimension::Country, json!("Chile"), "Chile"),
            (Dimension::Country, json!("Atlantis"), "other"),
            (Dimension::Country, json!(null), "other"),
            (Dimension::AgeGroup, json!(51), "50+"),
            (Dimension::AgeGroup, json!(17), "other"),
        ] {
            assert_eq!(label(dimension, &value, day), want, "{value}");
        }
    }
}
