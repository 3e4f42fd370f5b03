//! What `pinpulse local` says when it is up: the URL, a line to paste, where things are.

use localcloud::Mischief;

use super::args::LocalArgs;
use super::cloud::Cloud;

/// The lines printed once.
pub(super) fn banner(cloud: &Cloud, args: &LocalArgs) -> String {
    let asked_port = args.port;
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
    if args.demo {
        lines.push(format!("The demo sends {} synthetic posts a second.", args.rate));
    }
    if let Some(seed) = args.chaos {
        lines.push(format!(
            "Chaos is on, seed {seed}: deliveries come again, cut otherwise and beside each other; calls of the stores are \
             refused, throttled, delayed, or applied and their answers lost. Numbers must be right all the same; requests \
             may be answered 503, to be sent again. --chaos {seed} draws the same again, though processes keep their own \
             time. Ctrl-C ends the chaos first."
        ));
    }
    let folder = args.data_dir.display();
    lines.push(format!("State is kept in {folder} (endpoints for SDKs in local.json there)."));
    lines.push("No authentication, this machine only. Ctrl-C drains and stops.".to_owned());
    lines.join("\n")
}

/// The name of the course's own first record, less what nobody needs to type.
fn curl(url: &str) -> String {
    let pin = r#"{"index":7528,"unique_id":"fbe53c66-3442-4773-b19e-d3ec6f54dddf","category":"mens-fashion","poster_name":"Ann","follower_count":"12k"}"#;
    format!("curl -s {url}/v1/pins -H 'content-type: application/json' -d '{pin}'")
}

/// What the chaos came to.
pub(super) fn mischief(seed: u64, done: Mischief) -> String {
    let Mischief { cut, lost, abandoned, rewound, ghosts, store_faults } = done;
    format!(
        "chaos of seed {seed}: {cut} batches cut otherwise, {lost} answers ignored, {abandoned} invocations given up on, \
         {rewound} times set back, {ghosts} old deliveries again, {store_faults} calls of stores failed or delayed"
    )
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
