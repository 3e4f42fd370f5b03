//! `pinpulse verify`: every live page against a recount from the tables, now.

use std::collections::BTreeSet;

use clap::Args;
use history::{InFlight, Mismatch, Reconciliation, Said, Tally};
use posts::place::Place;
use serde_json::{Value, json};

use crate::client::{Client, DEFAULT_URL};
use crate::exit::Exit;
use crate::lake::{LakeError, bring_up_to_date, invoke_patiently, patient};
use crate::output::{SummaryOutput, data, printable, table, talk};

const HELP: &str = "\
Everything posted so far is counted, archived and consolidated first, as by `pinpulse batch`. Then every page of the live
table is recounted from the Delta tables, over exactly the records that the page says it holds: each slot must be equal, and
so must a poster's last follower count. Besides, for each hour of a shard

    posts in raw objects = counted + duplicates + quarantined,

each chain entry must follow the one before, and each raw object must hold what its entry says.

Posts may go on coming in. What the tables have not come to is explained, not compared, and so is what has expired; but a
page that two looks find beyond the tables in the very same place is a mismatch, since nothing is on its way any more.

Each mismatch is named: page, slot, live number, recount. Exit code: 0 all equal, 5 a number is wrong, 1 it could not be
found out, 4 nobody answers.";

/// Arguments of `pinpulse verify`.
#[derive(Debug, Args)]
#[command(after_help = HELP)]
pub struct VerifyArgs {
    /// Base URL of a running `pinpulse local`.
    #[arg(long, default_value = DEFAULT_URL, env = "PINPULSE_URL")]
    pub url: String,
    /// How to print it.
    #[arg(long, value_enum)]
    pub output: Option<SummaryOutput>,
}

/// Compares every live page with a recount.
pub async fn verify(args: VerifyArgs) -> Exit {
    match compare(&args.url).await {
        Ok(report) => {
            match SummaryOutput::or_suitable(args.output) {
                SummaryOutput::Json => data(&json!(report).to_string()),
                SummaryOutput::Table => data(&told(&report)),
            }
            if report.is_equal() { Exit::Done } else { Exit::Mismatch }
        }
        Err(error) => {
            talk(&format!("error: failed to {error}"));
            error.exit()
        }
    }
}

async fn compare(url: &str) -> Result<Reconciliation, LakeError> {
    let client = patient(url)?;
    bring_up_to_date(&client).await?;
    let first = recount(&client).await?;
    if first.pages.in_flight == 0 {
        return Ok(first);
    }
    talk(&format!("{} pages moved on meanwhile; looking once more", first.pages.in_flight));
    let runs = bring_up_to_date(&client).await?;
    let mut second = recount(&client).await?;
    // Only if batch got to the end: all that the first look saw is then in the tables.
    if runs.last().is_some_and(|run| run["up_to_date"] == json!(true)) {
        strand(&mut second, &first.in_flight);
    }
    Ok(second)
}

async fn recount(client: &Client) -> Result<Reconciliation, LakeError> {
    talk("recounting");
    let mut answer = invoke_patiently(client, "history", &json!({"job": "reconcile", "days": "all"})).await?;
    let report = answer.get_mut("reconciliation").map(Value::take).unwrap_or_default();
    serde_json::from_value(report).map_err(|cause| LakeError::Answer { function: "history".to_owned(), cause })
}

/// Turns pages in flight into mismatches where a former look saw them in the very same place: since then everything that was
/// in the streams has come into the tables, and their last record was not among it.
fn strand(report: &mut Reconciliation, before: &[InFlight]) {
    let seen: BTreeSet<_> = before.iter().map(|page| (&page.at, &page.last)).collect();
    let (stranded, moving): (Vec<_>, Vec<_>) =
        std::mem::take(&mut report.in_flight).into_iter().partition(|page| seen.contains(&(&page.at, &page.last)));
    report.in_flight = moving;
    for InFlight { at, last } in stranded {
        // Sort keys hold no space; poster names, and so partition keys, may.
        let place = at.rsplit_once(' ').and_then(|(pk, sk)| Place::read(pk, sk));
        let Reconciliation { pages, by, by_day, .. } = &mut *report;
        let family = place.as_ref().and_then(|place| by.get_mut(place.part.family()));
        let day = place.as_ref().and_then(|place| by_day.get_mut(&place.day.to_string()));
        for tally in [Some(pages), family, day].into_iter().flatten() {
            tally.in_flight -= 1;
            tally.mismatched += 1;
            tally.compared += 1;
        }
        report.mismatches.push(Mismatch {
            at,
            slot: "last".to_owned(),
            counts: None,
            live: Said::Text(last),
            recount: Said::Nothing,
            says: "neither archive nor streams have this record".to_owned(),
        });
    }
}

/// The report for people.
fn told(report: &Reconciliation) -> String {
    let row = |what: &str, tally: &Tally| {
        let explained = tally.in_flight + tally.expired;
        let numbers = [tally.compared, tally.equal, explained, tally.mismatched].map(|number| number.to_string());
        std::iter::once(what.to_owned()).chain(numbers).collect::<Vec<_>>()
    };
    let header = ["live", "compared", "equal", "explained", "mismatched"].map(ToOwned::to_owned);
    let mut rows: Vec<_> = report.by.iter().map(|(family, tally)| row(&format!("{family} pages"), tally)).collect();
    rows.push(row("all pages", &report.pages));
    rows.push(row("posts of an hour", &report.conservation));
    rows.push(row("chain entries", &report.chain_entries));
    rows.push(row("raw objects", &report.raw_objects));
    let mut lines = vec![table(&header, &rows, &[false, true, true, true, true])];
    lines.extend(notes(report));
    lines.extend(report.mismatches.iter().map(|mismatch| printable(&named(mismatch))));
    if report.unnamed > 0 {
        lines.push(format!("{} more are not named", report.unnamed));
    }
    lines.push(if report.is_equal() { "all equal" } else { "NOT EQUAL" }.to_owned());
    lines.join("\n")
}

/// What explains that something was not compared.
fn notes(report: &Reconciliation) -> Vec<String> {
    let mut notes = Vec::new();
    for (number, what) in [
        (report.pages.in_flight, "pages are in flight: the tables have not come to their last record"),
        (report.pages.expired, "pages have expired"),
        (report.rows_uncounted, "rows wait to be counted live"),
    ] {
        if number > 0 {
            notes.push(format!("{number} {what}"));
        }
    }
    notes
}

fn named(mismatch: &Mismatch) -> String {
    let said = |said: &Said| match said {
        Said::Nothing => "nothing".to_owned(),
        Said::Number(number) => number.to_string(),
        Said::Text(text) => text.clone(),
    };
    let counts = mismatch.counts.as_ref().map(|value| format!(" ({value})")).unwrap_or_default();
    format!(
        "mismatch: {}, {}{counts}: live {}, recount {}; {}",
        mismatch.at,
        mismatch.slot,
        said(&mismatch.live),
        said(&mismatch.recount),
        mismatch.says
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tally(equal: u64, in_flight: u64) -> Tally {
        Tally { compared: equal, equal, in_flight, ..Tally::default() }
    }

    /// Two pages in flight among ten.
    fn report() -> Reconciliation {
        let flying = |at: &str, last: &str| json!({"at": at, "last": last});
        let report = json!({
            "as_of": "2026-11-21T12:00:00.000Z", "days": "all", "table_versions": null, "rows": 40, "rows_uncounted": 3,
            "pages": tally(8, 2), "by": {"poster": tally(3, 1), "rate": tally(5, 1)},
            "by_day": {"2026-11-21": tally(8, 2)}, "conservation": tally(5, 0), "chain_entries": tally(1, 0),
            "raw_objects": tally(1, 0), "mismatches": [], "unnamed": 0,
            "in_flight": [
                flying("poster#Ann Lee 2026-11-21#pin-1/s", "003104"), flying("rate#2026-11-21 h12#pin-1/s", "003105"),
            ],
        });
        serde_json::from_value(report).unwrap()
    }

    #[test]
    fn a_page_that_stays_in_flight_in_the_same_place_is_a_mismatch() {
        let mut second = report();
        let seen = |at: &str, last: &str| InFlight { at: at.to_owned(), last: last.to_owned() };
        strand(
            &mut second,
            &[seen("poster#Ann Lee 2026-11-21#pin-1/s", "003104"), seen("rate#2026-11-21 h12#pin-1/s", "003101")],
        );
        assert!(!second.is_equal());
        assert_eq!((second.mismatches.len(), second.in_flight.len()), (1, 1));
        assert_eq!(second.mismatches[0].at, "poster#Ann Lee 2026-11-21#pin-1/s");
        for tally in [second.pages, second.by["poster"], second.by_day["2026-11-21"]] {
            assert_eq!((tally.mismatched, tally.compared), (1, tally.equal + 1));
        }
        assert_eq!((second.by["rate"].mismatched, second.by["rate"].in_flight), (0, 1));
    }

    #[test]
    fn people_read_a_table_what_explains_the_rest_and_each_mismatch() {
        let mut report = report();
        assert!(told(&report).ends_with("3 rows wait to be counted live\nall equal"), "{}", told(&report));
        report.pages.mismatched = 1;
        report.mismatches = vec![Mismatch {
            at: "category#0#2026-11-21 d#pin-1/s".to_owned(),
            slot: "08".to_owned(),
            counts: Some("mens-fashion".to_owned()),
            live: Said::Number(5),
            recount: Said::Number(4),
            says: "live and recount differ".to_owned(),
        }];
        let told = told(&report);
        let line =
            "mismatch: category#0#2026-11-21 d#pin-1/s, 08 (mens-fashion): live 5, recount 4; live and recount differ";
        assert!(told.contains(line) && told.ends_with("NOT EQUAL"), "{told}");
        assert!(told.lines().any(|row| row.split_whitespace().eq(["poster", "pages", "3", "3", "1", "0"])), "{told}");
    }
}
