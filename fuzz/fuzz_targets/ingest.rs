//! Any request has an answer: no panic, no server error, JSON, and nothing called stored that is not.
//!
//! An input is a request as text: method and path, headers, an empty line, the body. An input that begins with `{` is an
//! event of Lambda instead.

#![no_main]

use std::collections::BTreeMap;

use ingest::pure::{self, Request};
use libfuzzer_sys::fuzz_target;
use posts::arrival::Day;
use posts::envelope::{self, MAX_RECORD_BYTES};
use serde_json::{Value, json};

const NOW_MS: i64 = 1_795_169_730_417;

/// Every status there is without a stream that fails and without keys.
const STATUSES: [u16; 10] = [200, 202, 207, 400, 401, 404, 405, 413, 415, 422];

fuzz_target!(|input: &[u8]| {
    if input.starts_with(b"{") {
        if let Ok(entries) = pure::entries(input, Day::containing(NOW_MS)) {
            check(&entries);
        }
        return;
    }
    let (head, body) = split(input);
    let mut lines = head.split('\n');
    let (method, target) = lines.next().and_then(|line| line.split_once(' ')).unwrap_or_default();
    let (path, query) = target.split_once('?').unwrap_or((target, ""));
    let parameters: Vec<_> = query.split('&').filter_map(|pair| pair.split_once('=')).collect();
    // A gateway writes names in small letters, and each of them once.
    let headers: BTreeMap<String, &str> = lines
        .filter_map(|line| line.split_once(": "))
        .map(|(name, value)| (name.to_ascii_lowercase(), value))
        .collect();
    let pairs: Vec<_> = headers.iter().map(|(name, value)| (name.as_str(), *value)).collect();
    let request = Request { method, path, parameters: &parameters, headers: &pairs, body };
    let answer = pure::answer(request, NOW_MS);
    let status = answer.status().as_u16();
    assert!(STATUSES.contains(&status), "{status}");
    let said: Value = serde_json::from_str(answer.body()).expect("an answer is JSON");
    if status >= 400 {
        assert!(said.is_object(), "{said}");
    }
    if let Ok(body) = std::str::from_utf8(body) {
        let event = json!({
            "rawPath": path,
            "headers": headers,
            "requestContext": {"http": {"method": method}},
            "body": body,
            "isBase64Encoded": false,
        });
        match pure::entries(event.to_string().as_bytes(), Day::containing(NOW_MS)) {
            Ok(entries) => check(&entries),
            Err(alone) => assert!(query.contains('=') || alone == status, "{alone} and {status}"),
        }
    }
});

/// An entry is one line within its bound, and its readers find one record in it.
fn check(entries: &[(posts::Kind, pure::StreamEntry)]) {
    assert!(entries.len() <= 500);
    for (_, entry) in entries {
        assert!(entry.data.len() <= MAX_RECORD_BYTES && !entry.data.contains(&b'\n'));
        let items = envelope::items(None, &entry.data);
        assert!(items.len() == 1 && items[0].fault.is_none());
    }
}

fn split(input: &[u8]) -> (&str, &[u8]) {
    let end = input.windows(2).position(|pair| pair == b"\n\n");
    let (head, body) = match end {
        Some(end) => (&input[..end], &input[end + 2..]),
        None => (input, &[][..]),
    };
    (std::str::from_utf8(head).unwrap_or_default(), body)
}
