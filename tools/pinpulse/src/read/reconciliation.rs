//! `pinpulse reconciliation`: what the newest comparison of live numbers with a recount found.

use clap::Args;
use serde_json::{Value, json};

use super::{Source, end, line, rows};
use crate::exit::Exit;

/// Whether live numbers and a recount from the tables agree, as the scheduled job found it last. `pinpulse verify` compares
/// anew, now.
///
/// Exit codes: 0 nothing differs, 5 something does, 1 the server answered with an error, 2 usage, 4 nobody answered.
#[derive(Debug, Clone, Args)]
pub struct ReconciliationArgs {
    #[command(flatten)]
    source: Source,
}

/// The verb.
pub async fn reconciliation(args: ReconciliationArgs) -> Exit {
    let shown = args.source.show("/v1/reconciliation", told).await;
    end(match shown {
        // The CSV has the mismatches alone, so the status is asked for by itself.
        Ok(None) => status(&args.source.url).await.map(|status| exit(&status)),
        Ok(Some(answer)) => Ok(exit(&answer["status"])),
        Err(error) => Err(error),
    })
}

async fn status(url: &str) -> Result<Value, crate::client::ClientError> {
    let mut answer: Value = crate::client::Client::new(url)?.get_json("/v1/reconciliation", &[]).await?;
    Ok(answer["status"].take())
}

fn exit(status: &Value) -> Exit {
    if *status == json!("mismatch") { Exit::Mismatch } else { Exit::Done }
}

fn told(answer: &Value) -> String {
    if answer["status"] == json!("none") {
        return "nothing was compared yet: the scheduled job does so, and so does `pinpulse verify`".to_owned();
    }
    let explained = &answer["explained"];
    let summary = format!(
        "{} as of {}: {} compared, {} equal, {} mismatched; not compared: {} in flight, {} expired",
        line(&answer["status"]),
        line(&answer["as_of"]),
        line(&answer["compared"]),
        line(&answer["equal"]),
        line(&answer["mismatched"]),
        line(&explained["in_flight"]),
        line(&explained["expired"]),
    );
    if answer["mismatches"].as_array().is_none_or(Vec::is_empty) {
        return summary;
    }
    let columns = ["at", "slot", "counts", "live", "recount", "says"];
    let mismatches = rows(&answer["mismatches"], &columns, |name| matches!(name, "live" | "recount"));
    format!("{summary}\n\n{mismatches}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mismatch_is_named_and_is_exit_5() {
        let answer = json!({
            "status": "mismatch", "as_of": "now", "compared": 5, "equal": 4, "mismatched": 1,
            "explained": {"in_flight": 0, "expired": 0},
            "mismatches": [{"at": "rate#2026-11-21 h12#pin-1/s", "slot": "cp", "counts": null, "live": 5, "recount": 4, "says": "x"}],
        });
        assert!(told(&answer).contains("rate#2026-11-21 h12#pin-1/s"), "{}", told(&answer));
        assert_eq!(exit(&answer["status"]), Exit::Mismatch);
        for status in ["ok", "explained", "none"] {
            assert_eq!(exit(&json!(status)), Exit::Done, "{status}");
        }
        assert!(told(&json!({"status": "none"})).contains("pinpulse verify"));
    }
}
