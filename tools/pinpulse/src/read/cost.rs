//! `pinpulse cost`: what was used since yesterday, and what that costs.

use clap::Args;
use serde_json::Value;

use super::{Source, end, line, rows};
use crate::exit::Exit;

/// What it costs: units since the start of yesterday (UTC), prices with their date, and the cost per million posts.
///
/// Exit codes: 0 done, 1 the server answered with an error, 2 usage, 4 nobody answered.
#[derive(Debug, Clone, Args)]
pub struct CostArgs {
    #[command(flatten)]
    source: Source,
}

/// The verb.
pub async fn cost(args: CostArgs) -> Exit {
    end(args.source.show("/v1/cost", told).await.map(|_| Exit::Done))
}

fn told(answer: &Value) -> String {
    let columns = ["service", "unit", "quantity", "price", "cost", "source"];
    let units = rows(&answer["units"], &columns, |name| matches!(name, "quantity" | "price" | "cost"));
    let per_million = match &answer["per_million"] {
        Value::Null => "no posts yet".to_owned(),
        cost => format!("{} {} per million posts, shard hours aside", line(cost), line(&answer["currency"])),
    };
    let mut text = format!(
        "{} posts since {}; {} {} in all, {per_million}\nlist prices of {}, {}\n\n{units}\n\nnot in it:",
        line(&answer["posts"]),
        line(&answer["from"]),
        line(&answer["cost"]),
        line(&answer["currency"]),
        line(&answer["prices_as_of"]),
        line(&answer["region"]),
    );
    for left_out in answer["left_out"].as_array().into_iter().flatten() {
        text.push_str("\n- ");
        text.push_str(&line(left_out));
    }
    text
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn people_read_units_and_what_is_missing() {
        let answer = json!({
            "from": "2026-11-20T00:00:00.000Z", "currency": "USD", "region": "us-east-1", "prices_as_of": "2026-11-21",
            "posts": 1200, "cost": 0.31, "per_million": 0.61,
            "units": [{"service": "dynamodb", "unit": "write_units", "quantity": 900.0, "price": 6.25e-7, "cost": 0.000_562_5,
                "source": "metered", "says": "x"}],
            "left_out": ["API Gateway\u{1b}"],
        });
        let text = told(&answer);
        for want in [
            "1200 posts since 2026-11-20",
            "0.61 USD per million posts",
            "write_units",
            "metered",
            "- API Gateway\u{fffd}",
        ] {
            assert!(text.contains(want), "{want}: {text}");
        }
        assert!(told(&json!({"per_million": null})).contains("no posts yet"));
    }
}
