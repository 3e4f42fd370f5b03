//! `pinpulse pipeline`: how far the functions are with what was posted.

use clap::Args;
use serde_json::{Value, json};

use super::{Source, end, line, rows};
use crate::exit::Exit;

/// How far the functions are with what was posted: lag and what is in flight shard by shard, tables, quarantine.
///
/// Exit codes: 0 done, 1 the server answered with an error, 2 usage, 4 nobody answered.
#[derive(Debug, Clone, Args)]
pub struct PipelineArgs {
    #[command(flatten)]
    source: Source,
}

/// The verb.
pub async fn pipeline(args: PipelineArgs) -> Exit {
    end(args.source.show("/v1/pipeline", told).await.map(|_| Exit::Done))
}

fn told(answer: &Value) -> String {
    let counts = |object: &Value| {
        let members = object.as_object().into_iter().flatten();
        members.map(|(name, count)| format!("{name} {}", line(count))).collect::<Vec<_>>().join(", ")
    };
    let today = &answer["today"];
    let mut lines = vec![
        format!("as of {}, newest record of {}", line(&answer["as_of"]), or(&answer["newest"], "no shard yet")),
        format!(
            "today: {} counted, {} duplicates, {} quarantined",
            line(&today["counted"]),
            line(&today["duplicates"]),
            line(&today["quarantined"]),
        ),
    ];
    let tables = answer["tables"].as_object().into_iter().flatten();
    let tables: Vec<_> = tables
        .map(|(name, table)| format!("{name} {} rows (version {})", line(&table["rows"]), line(&table["version"])))
        .collect();
    if !tables.is_empty() {
        lines.push(format!("tables of {}: {}", line(&answer["batch"]["as_of"]), tables.join(", ")));
        let held = Value::String(counts(&answer["quarantine"]["counts"]));
        lines.push(format!("in quarantine: {}", or(&held, "nothing")));
    }
    let shards: Vec<Value> = answer["shards"].as_array().into_iter().flatten().map(shard).collect();
    if !shards.is_empty() {
        lines.push(String::new());
        lines.push(rows(&Value::Array(shards), &COLUMNS, |name| name != "shard"));
    }
    lines.join("\n")
}

/// The columns of a shard.
const COLUMNS: [&str; 6] =
    ["shard", "counted lag ms", "archived lag ms", "tables lag ms", "entries in flight", "posts in flight"];

fn shard(shard: &Value) -> Value {
    json!({
        "shard": shard["shard"],
        "counted lag ms": shard["lag_ms"]["counted"],
        "archived lag ms": shard["lag_ms"]["archived"],
        "tables lag ms": shard["lag_ms"]["tables"],
        "entries in flight": shard["in_flight"]["entries"],
        "posts in flight": shard["in_flight"]["posts"],
    })
}

fn or(value: &Value, nothing: &str) -> String {
    Some(line(value)).filter(|text| !text.is_empty()).unwrap_or_else(|| nothing.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn people_read_lag_tables_and_quarantine() {
        let answer = json!({
            "as_of": "now", "newest": "then", "today": {"counted": 63, "duplicates": 2, "quarantined": 4},
            "shards": [{"shard": "pin-1/s", "lag_ms": {"counted": 0, "archived": 1200, "tables": null},
                "in_flight": {"entries": 2, "records": 300, "posts": 301}}],
            "batch": {"as_of": "noon"}, "tables": {"pin": {"version": 12, "rows": 5020}},
            "quarantine": {"version": 9, "total": 3, "counts": {"not_json": 3}},
        });
        let text = told(&answer);
        for want in ["63 counted", "pin 5020 rows (version 12)", "in quarantine: not_json 3", "pin-1/s", "1200", "301"]
        {
            assert!(text.contains(want), "{want}: {text}");
        }
        assert!(told(&json!({"shards": [], "tables": {}})).contains("no shard yet"));
    }
}
