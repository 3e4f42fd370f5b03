//! Files in, and the file of what failed out and in again.

use std::path::PathBuf;

use send::exit::Exit;
use send::{Dialect, SendArgs};
use serde_json::{Value, json};

use crate::door::{Door, accepted, args, sent};

/// The course's published rows: pins, geos and users.
pub(crate) fn course_files() -> Vec<PathBuf> {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../shared/posts/tests/data/course-169");
    ["pin", "geo", "user"].map(|kind| PathBuf::from(format!("{folder}/{kind}.ndjson"))).to_vec()
}

/// The rows of one of the files.
pub(crate) fn course_rows(kind: &str) -> Vec<Value> {
    let path = course_files().into_iter().find(|path| path.ends_with(format!("{kind}.ndjson"))).unwrap();
    std::fs::read_to_string(path).unwrap().lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

#[tokio::test]
async fn files_are_sent_record_by_record_and_bad_lines_counted() {
    let folder = tempfile::tempdir().unwrap();
    let (lines, rows) = (folder.path().join("a.ndjson"), folder.path().join("b.csv"));
    let geo = r#"{"ind":1,"timestamp":"2020-01-01 00:00:00","latitude":1.5,"longitude":2,"country":"Peru"}"#;
    std::fs::write(&lines, format!("{geo}\nno json\n{{\"unknown\":1}}\n")).unwrap();
    std::fs::write(&rows, "ind,first_name,last_name,age,date_joined\n1,Ann,Lee,20,2016-01-01 00:00:00\n").unwrap();
    let door = Door::open_wide().await;
    let asked = SendArgs { file: vec![lines, rows], concurrency: 1, count: None, ..args(&door, 0) };
    let summary = sent(&asked).await.unwrap();
    assert_eq!((summary.posts, summary.accepted, summary.rejected), (3, 3, 1));
    assert_eq!(summary.exit(false), Exit::Rejected);
    let paths: Vec<String> = door.seen().into_iter().map(|request| request.path).collect();
    assert_eq!(paths, ["/v1/geos", "/v1/batch", "/v1/users"]);
    let batched = sent(&SendArgs { batch: Some(500), ..asked }).await.unwrap();
    assert_eq!((batched.requests, batched.accepted), (1, 3));
}

#[tokio::test]
async fn what_failed_is_kept_and_sent_again_under_the_same_ids() {
    let folder = tempfile::tempdir().unwrap();
    let left = folder.path().join("left.ndjson");
    // The third request fails for good, of the fourth the geo is refused.
    let door = Door::open(|number, seen| match number {
        2 => (404, json!({ "title": "Not Found" })),
        3 => (
            207,
            json!({ "accepted": 2, "rejected": 1, "records": [
            { "index": 0, "status": 202 }, { "index": 1, "status": 422, "error": { "code": "bad_number" } }, { "index": 2, "status": 202 }] }),
        ),
        _ => accepted(seen),
    });
    let door = door.await;
    let summary = sent(&SendArgs { concurrency: 1, failed: Some(left.clone()), ..args(&door, 5) }).await.unwrap();
    assert_eq!((summary.accepted, summary.failed, summary.rejected, summary.exit(false)), (11, 3, 1, Exit::Failed));
    let lines: Vec<Value> =
        std::fs::read_to_string(&left).unwrap().lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let kept: Vec<_> =
        lines.iter().map(|line| (line["id"].as_str().unwrap(), line["reason"].as_str().unwrap())).collect();
    assert_eq!(
        kept,
        [
            ("test-2/0", "Not Found (status 404)"),
            ("test-2/1", "Not Found (status 404)"),
            ("test-2/2", "Not Found (status 404)"),
            ("test-3/1", "bad_number"),
        ]
    );
    let second = Door::open_wide().await;
    let again = SendArgs { file: vec![left.clone()], count: None, run: None, ..args(&second, 0) };
    assert_eq!(sent(&again).await.unwrap().accepted, 4);
    let mut ids: Vec<String> = second.ids().into_keys().collect();
    ids.sort();
    assert_eq!(ids, ["test-2/0", "test-2/1", "test-2/2", "test-3/1"]);
    let body = |door: &Door, id: &str| {
        let seen = door.seen().into_iter().rev().find(|seen| seen.ids().iter().any(|of| of == id)).unwrap();
        seen.body.as_array().map_or(seen.body.clone(), |entries| entries[0]["data"].clone())
    };
    assert_eq!(body(&second, "test-2/1"), door.seen()[2].body["geo"]);
    // It would be emptied before it is read.
    let error = sent(&SendArgs { failed: Some(left), ..again }).await.unwrap_err();
    assert_eq!(error.exit(), Exit::Usage);
}

#[tokio::test]
async fn what_failed_and_cannot_be_kept_fails_the_run() {
    let door = Door::open(|_, _| (404, json!({}))).await;
    let full = SendArgs { failed: Some(PathBuf::from("/dev/full")), ..args(&door, 1) };
    let summary = sent(&full).await.unwrap();
    assert!(summary.file_error.as_deref().unwrap().contains("/dev/full"), "{summary:?}");
    let nowhere = SendArgs { failed: Some(PathBuf::from("/nonexistent/left")), ..args(&door, 1) };
    assert_eq!(sent(&nowhere).await.unwrap_err().exit(), Exit::Failed);
}

#[tokio::test]
async fn the_courses_rows_come_in_the_courses_order() {
    let door = Door::open_wide().await;
    let asked = SendArgs {
        as_course: true,
        dialect: Dialect::Kafka,
        user: "0a1b2c3d4e5f".to_owned(),
        file: course_files(),
        concurrency: 1,
        ..args(&door, 169)
    };
    let summary = sent(&asked).await.unwrap();
    assert_eq!((summary.posts, summary.requests, summary.missing_rows), (169, 169 + 168 + 168, 0));
    for kind in ["pin", "geo", "user"] {
        let topic = format!("/topics/0a1b2c3d4e5f.{kind}");
        let seen = door.seen().into_iter().filter(|seen| seen.path == topic);
        let rows: Vec<Value> = seen.map(|seen| seen.body["records"][0]["value"].clone()).collect();
        assert_eq!(rows, course_rows(kind), "{kind}");
    }
    // Draw 170 is of a row that the files do not have.
    let more = sent(&SendArgs { count: Some(171), ..asked }).await.unwrap();
    assert_eq!((more.posts, more.missing_rows, more.exit(false)), (169, 2, Exit::Done));
}
