//! `pinpulse verify` as a person uses it: all is equal; then somebody changes a number by hand.

use std::path::Path;
use std::process::{Command, Output};

use serde_json::{Value, json};

use crate::local::{GEOS, PINS, USERS};
use crate::running::Local;

fn verify(local: &Local, more: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_pinpulse")).args(["verify", "--url", &local.url]).args(more).output().unwrap()
}

/// The report, and the exit code it came with.
fn report(local: &Local) -> (Value, Option<i32>) {
    let output = verify(local, &["--output", "json"]);
    let report = serde_json::from_slice(&output.stdout);
    let report = report.unwrap_or_else(|error| panic!("{error}: {}", String::from_utf8_lossy(&output.stderr)));
    (report, output.status.code())
}

async fn post_the_course(local: &Local) {
    for (path, ndjson) in [("/v1/pins", PINS), ("/v1/geos", GEOS), ("/v1/users", USERS)] {
        assert_eq!(local.post(path, "application/x-ndjson", ndjson).await.0, 202, "{path}");
    }
}

/// Adds to a number of a page behind everyone's back.
async fn add_by_hand(folder: &Path, (pk, sk): (&str, &str), slot: &str, more: i64) {
    let facts: Value = serde_json::from_slice(&std::fs::read(folder.join("local.json")).unwrap()).unwrap();
    let body = json!({
        "TableName": facts["tables"][0], "Key": {"pk": {"S": pk}, "sk": {"S": sk}},
        "UpdateExpression": "ADD #s :n", "ExpressionAttributeNames": {"#s": slot},
        "ExpressionAttributeValues": {":n": {"N": more.to_string()}},
    });
    let call = reqwest::Client::new().post(facts["dynamodb"].as_str().unwrap()).body(body.to_string());
    let call = call.header("content-type", "application/x-amz-json-1.0").header("x-amz-date", "20260101T000000Z");
    let signed =
        "AWS4-HMAC-SHA256 Credential=a/20260101/us-east-1/dynamodb/aws4_request, SignedHeaders=host, Signature=0";
    let call = call.header("x-amz-target", "DynamoDB_20120810.UpdateItem").header("authorization", signed);
    let answer = call.send().await.unwrap();
    assert!(answer.status().is_success(), "{}", answer.text().await.unwrap());
}

#[tokio::test]
async fn all_is_equal_until_a_number_is_changed_by_hand_and_that_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let local = Local::start(folder.path(), &[]);
    let (nothing, code) = report(&local);
    assert_eq!((&nothing["pages"]["compared"], code), (&json!(0), Some(0)), "before the first post");

    post_the_course(&local).await;
    let (equal, code) = report(&local);
    assert_eq!((&equal["mismatches"], code), (&json!([]), Some(0)), "{equal}");
    assert_eq!(equal["rows"], 169 + 168 + 168);
    assert_eq!((&equal["pages"]["in_flight"], &equal["rows_uncounted"]), (&json!(0), &json!(0)), "{equal}");
    for family in ["age_group", "category", "country", "poster", "rate"] {
        assert!(equal["by"][family]["equal"].as_u64().unwrap() > 0, "{family}: {equal}");
    }

    let day = equal["by_day"].as_object().unwrap().keys().next_back().unwrap().clone();
    let page = (format!("category#0#{day}"), "d#pin-1/shardId-000000000000");
    add_by_hand(folder.path(), (&page.0, page.1), "08", 1).await;
    let (wrong, code) = report(&local);
    assert_eq!((wrong["pages"]["mismatched"].as_u64(), code), (Some(1), Some(5)), "{wrong}");
    let named = &wrong["mismatches"][0];
    assert_eq!(
        (&named["at"], &named["slot"], &named["counts"]),
        (&json!(format!("{} {}", page.0, page.1)), &json!("08"), &json!("mens-fashion"))
    );
    assert_eq!(named["live"].as_i64().unwrap(), named["recount"].as_i64().unwrap() + 1);
    let told = verify(&local, &["--output", "table"]);
    let text = String::from_utf8(told.stdout).unwrap();
    assert!(text.contains(&format!("mismatch: {} {}, 08 (mens-fashion)", page.0, page.1)), "{text}");
    assert_eq!(told.status.code(), Some(5));

    add_by_hand(folder.path(), (&page.0, page.1), "08", -1).await;
    assert_eq!(report(&local).1, Some(0), "put right again");
    local.stop();
    assert_eq!(verify_nobody(), Some(4));
}

fn verify_nobody() -> Option<i32> {
    let mut command = Command::new(env!("CARGO_BIN_EXE_pinpulse"));
    command.args(["verify", "--url", "http://127.0.0.1:9"]).output().unwrap().status.code()
}
