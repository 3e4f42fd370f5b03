//! Whether live numbers and a recount agree, as history found it last: `serving/reconciliation.json` in fewer words.
//!
//! Nothing is compared here. The one thing decided is the status, from the tallies: a difference anywhere is a mismatch, and
//! what could not be compared is told with its cause.

use std::collections::BTreeMap;

use posts::questions::RECONCILIATION_KEY;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::csv;
use crate::format::Format;
use crate::objects;
use crate::problem::Problem;

/// What became of one sort of thing that was compared.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
struct Tally {
    compared: u64,
    equal: u64,
    mismatched: u64,
    in_flight: u64,
    expired: u64,
}

/// Two numbers that must be equal and are not.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Mismatch {
    at: String,
    slot: String,
    counts: Option<String>,
    live: Value,
    recount: Value,
    says: String,
}

/// The report as history writes it, as much of it as is told.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
struct Report {
    as_of: Option<String>,
    days: Option<String>,
    table_versions: Option<BTreeMap<String, u64>>,
    rows: u64,
    rows_uncounted: u64,
    pages: Tally,
    conservation: Tally,
    chain_entries: Tally,
    raw_objects: Tally,
    by: BTreeMap<String, Tally>,
    by_day: BTreeMap<String, Tally>,
    mismatches: Vec<Mismatch>,
    unnamed: u64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
enum Status {
    /// Nothing was compared yet.
    None,
    /// All is equal, and all was compared.
    Ok,
    /// What was compared is equal; what was not has a cause.
    Explained,
    /// Something differs.
    Mismatch,
}

/// What was not compared, by its cause.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
struct Explained {
    in_flight: u64,
    expired: u64,
}

#[derive(Serialize)]
struct Body<'a> {
    status: Status,
    compared: u64,
    equal: u64,
    mismatched: u64,
    explained: Explained,
    #[serde(flatten)]
    report: &'a Report,
}

/// The columns of a mismatch.
const COLUMNS: [&str; 6] = ["at", "slot", "counts", "live", "recount", "says"];

/// The answer, from the object's body if there is one.
pub(crate) fn text(stored: Option<&[u8]>, format: Format) -> Result<String, Problem> {
    let report: Option<Report> = stored.map(|body| objects::parse(RECONCILIATION_KEY, body)).transpose()?;
    let status = report.as_ref().map_or(Status::None, Report::status);
    let report = report.unwrap_or_default();
    if format == Format::Csv {
        return Ok(csv::table(&COLUMNS, &report.mismatches));
    }
    let all = report.all();
    let body = Body {
        status,
        compared: all.compared,
        equal: all.equal,
        mismatched: all.mismatched,
        explained: Explained { in_flight: all.in_flight, expired: all.expired },
        report: &report,
    };
    Ok(serde_json::to_string(&body).expect("plain structs always serialise into memory"))
}

impl Report {
    /// Everything that was compared, together. Pages by dimension and by day are the same pages again.
    fn all(&self) -> Tally {
        let all = [self.pages, self.conservation, self.chain_entries, self.raw_objects];
        all.into_iter().fold(Tally::default(), |sum, tally| Tally {
            compared: sum.compared + tally.compared,
            equal: sum.equal + tally.equal,
            mismatched: sum.mismatched + tally.mismatched,
            in_flight: sum.in_flight + tally.in_flight,
            expired: sum.expired + tally.expired,
        })
    }

    fn status(&self) -> Status {
        let all = self.all();
        if all.mismatched > 0 {
            Status::Mismatch
        } else if all.in_flight > 0 || all.expired > 0 || self.rows_uncounted > 0 {
            Status::Explained
        } else {
            Status::Ok
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const WHOLE: &str = r#"{"as_of":"2026-11-22T03:00:00.412Z","days":"closed","table_versions":{"pin":12,"geo":12,"user":12,"quarantine":9},
        "rows":15003,"rows_uncounted":0,
        "pages":{"compared":2410,"equal":2410,"mismatched":0,"in_flight":0,"expired":0},
        "by":{"age_group":{"compared":25,"equal":25,"mismatched":0,"in_flight":0,"expired":0}},
        "by_day":{"2026-11-21":{"compared":2410,"equal":2410,"mismatched":0,"in_flight":0,"expired":0}},
        "conservation":{"compared":72,"equal":72,"mismatched":0,"in_flight":0,"expired":0},
        "chain_entries":{"compared":310,"equal":310,"mismatched":0,"in_flight":0,"expired":0},
        "raw_objects":{"compared":305,"equal":305,"mismatched":0,"in_flight":0,"expired":0},
        "mismatches":[],"unnamed":0,"in_flight":[]}"#;

    fn answer(stored: &str) -> Value {
        serde_json::from_str(&text(Some(stored.as_bytes()), Format::Json).unwrap()).unwrap()
    }

    #[track_caller]
    fn check(change: (&str, &str), status: &str, compared: u64, explained: (u64, u64)) {
        let answer = answer(&WHOLE.replace(change.0, change.1));
        assert_eq!(answer["status"], status, "{change:?}");
        assert_eq!(answer["compared"], compared, "{change:?}");
        assert_eq!(
            (&answer["explained"]["in_flight"], &answer["explained"]["expired"]),
            (&explained.0.into(), &explained.1.into())
        );
    }

    #[test]
    fn a_difference_anywhere_is_a_mismatch_and_what_is_left_out_has_a_cause() {
        check(("", ""), "ok", 3_097, (0, 0));
        check((r#""rows_uncounted":0"#, r#""rows_uncounted":4"#), "explained", 3_097, (0, 0));
        for part in ["conservation", "chain_entries", "raw_objects", "pages"] {
            let named = format!("\"{part}\":{{\"compared\"");
            let is =
                |rest: &str| format!("\"{part}\":{{\"compared\":1,\"equal\":0,{rest}}},\"_{part}\":{{\"compared\"");
            let rest = 3_097 - answer(WHOLE)[part]["compared"].as_u64().unwrap();
            check((&named, &is(r#""mismatched":1,"in_flight":1,"expired":0"#)), "mismatch", rest + 1, (1, 0));
            check((&named, &is(r#""mismatched":0,"in_flight":0,"expired":2"#)), "explained", rest + 1, (0, 2));
        }
    }

    #[test]
    fn a_mismatch_is_named_and_a_line_of_csv() {
        let mismatch = r#"{"at":"category#0#2026-11-21 d#pin-1/s","slot":"08","live":5,"recount":null,"says":"a, b"}"#;
        let stored = WHOLE.replace(r#""mismatches":[]"#, &format!("\"mismatches\":[{mismatch}]"));
        assert_eq!(answer(&stored)["mismatches"][0]["at"], "category#0#2026-11-21 d#pin-1/s");
        let csv = text(Some(stored.as_bytes()), Format::Csv).unwrap();
        let want = "at,slot,counts,live,recount,says\r\ncategory#0#2026-11-21 d#pin-1/s,08,,5,,\"a, b\"\r\n";
        assert_eq!(csv, want);
    }

    #[test]
    fn before_the_first_comparison_nothing_is_known() {
        let answer: Value = serde_json::from_str(&text(None, Format::Json).unwrap()).unwrap();
        assert_eq!(
            (&answer["status"], &answer["as_of"], &answer["compared"]),
            (&"none".into(), &Value::Null, &0.into())
        );
        assert_eq!(text(Some(b"{}"), Format::Json), Err(Problem::Unreadable));
    }
}
