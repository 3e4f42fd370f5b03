//! What `pinpulse local` says when it is up: the URL, a line to paste, where things are.

use std::path::Path;

use super::cloud::Cloud;

/// The lines printed once.
pub(super) fn banner(cloud: &Cloud, data_dir: &Path, asked_port: u16, demo: Option<f64>) -> String {
    let mut lines = vec![format!("Pinpulse is up at {}", cloud.url)];
    if asked_port != 0 && !cloud.url.ends_with(&format!(":{asked_port}")) {
        lines.push(format!("  port {asked_port} is in use, so this is the next free one"));
    }
    lines.push(String::new());
    lines.push("Post a pin:".to_owned());
    lines.push(format!("  {}", curl(&cloud.url)));
    lines.push("See it counted:".to_owned());
    lines.push(format!("  curl -s '{}/v1/popularity?by=category&window=1h'", cloud.url));
    lines.push(String::new());
    if let Some(rate) = demo {
        lines.push(format!("The demo sends {rate} synthetic posts a second."));
    }
    lines.push(format!("State is kept in {} (endpoints for SDKs in local.json there).", data_dir.display()));
    lines.push("No authentication, this machine only. Ctrl-C drains and stops.".to_owned());
    lines.join("\n")
}

/// The name of the course's own first record, less what nobody needs to type.
fn curl(url: &str) -> String {
    let pin = r#"{"index":7528,"unique_id":"fbe53c66-3442-4773-b19e-d3ec6f54dddf","category":"mens-fashion","poster_name":"Ann","follower_count":"12k"}"#;
    format!("curl -s {url}/v1/pins -H 'content-type: application/json' -d '{pin}'")
}

/// What a former run lost.
pub(super) fn left_behind(left: &[(String, String, u64)]) -> Option<String> {
    let lost: Vec<_> = left
        .iter()
        .filter(|(.., records)| *records > 0)
        .map(|(stream, function, records)| format!("{records} of {stream} not taken by {function}"))
        .collect();
    (!lost.is_empty()).then(|| {
        format!(
            "The last run ended before its streams were drained; records accepted then and lost: {}",
            lost.join(", ")
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_next_start_names_what_was_lost() {
        let left = [("pin-1".to_owned(), "popularity".to_owned(), 3), ("geo-1".to_owned(), "archive".to_owned(), 0)];
        assert!(left_behind(&left).unwrap().ends_with("3 of pin-1 not taken by popularity"));
        assert_eq!(left_behind(&left[1..]), None);
    }
}
