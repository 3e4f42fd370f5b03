//! The dry run: what would become of records, told to their sender, with nothing stored.

use serde_json::{Value, json};

use crate::door::{Door, GEO, PIN, USER, post};

#[tokio::test]
async fn every_record_gets_its_row_and_rules_or_what_is_wrong_with_it() {
    let door = Door::open().await;
    let body = [
        PIN.to_owned(),
        format!(r#"{{"kind":"geo","id":"g-1","data":{GEO}}}"#),
        USER.replace("20,", "\"20\","),
        "{\"index\":7528}".to_owned(),
        GEO.replace("-89.9787", "91"),
        "7".to_owned(),
        "{".to_owned(),
        PIN.replacen('{', "{\"index\":1,", 1),
        PIN.replace("Ann", "A\\u0000n"),
    ];
    let answer = door.send(&post("/v1/validate", "application/x-ndjson", &body.join("\n"))).await;
    assert_eq!(answer.status, 200);
    insta::assert_json_snapshot!("validated", answer.body);
    assert_eq!((door.put_calls(), door.all().await), (0, Vec::new()));
}

#[tokio::test]
async fn a_whole_post_is_validated_part_by_part() {
    let door = Door::open().await;
    let body = format!(r#"{{"user":{USER},"pin":{PIN},"geo":{GEO}}}"#);
    let answer = door.post("/v1/validate", &body).await;
    let kinds: Vec<&Value> = answer.receipts().iter().map(|record| &record["kind"]).collect();
    assert_eq!(kinds, ["pin", "geo", "user"]);
    assert_eq!((&answer.body["valid"], &answer.body["invalid"]), (&json!(3), &json!(0)));
}

#[tokio::test]
async fn the_id_is_the_one_the_record_would_have() {
    let door = Door::open().await;
    for (path, body) in [("/v1/pins", PIN), ("/v1/geos", GEO), ("/v1/users", USER)] {
        let id = |answer: &crate::door::Answer| answer.receipts()[0]["id"].clone();
        assert_eq!(id(&door.post("/v1/validate", body).await), id(&door.post(path, body).await), "{path}");
    }
}

#[tokio::test]
async fn a_body_that_cannot_be_read_is_refused_as_it_is_elsewhere() {
    let door = Door::open().await;
    for (content_type, body, status) in [
        ("application/json", "", 400),
        ("application/json", "{", 400),
        ("application/json", "[]", 400),
        ("image/png", PIN, 415),
    ] {
        let answer = door.send(&post("/v1/validate", content_type, body)).await;
        assert_eq!(answer.status, status, "{content_type} {body}");
        assert_eq!(answer.header("content-type"), Some("application/problem+json"));
    }
}
