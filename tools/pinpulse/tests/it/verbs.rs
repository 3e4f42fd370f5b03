//! The verbs over the lake, as a person types them: import, sql, quarantine, maintain.

use std::path::Path;
use std::process::{Command, Output};

use serde_json::{Value, json};

use crate::local::{GEOS, PINS, USERS};
use crate::running::Local;

fn pinpulse(words: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_pinpulse"));
    command.env_remove("PINPULSE_DATA_DIR").env_remove("PINPULSE_URL").args(words).output().unwrap()
}

#[track_caller]
fn done(words: &[&str]) -> String {
    let output = pinpulse(words);
    assert!(output.status.success(), "{words:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

#[track_caller]
fn answered(words: &[&str]) -> Value {
    serde_json::from_str(&done(words)).unwrap()
}

/// The course's records as its S3 sink leaves them: one a file.
fn write_topics(root: &Path) {
    for (kind, lines) in [("pin", PINS), ("geo", GEOS), ("user", USERS)] {
        let folder = root.join(format!("backup/topics/0a1b.{kind}/partition=0"));
        std::fs::create_dir_all(&folder).unwrap();
        for (number, line) in lines.lines().enumerate() {
            std::fs::write(folder.join(format!("0a1b.{kind}+0+{number:010}.json")), line).unwrap();
        }
    }
    std::fs::write(root.join("backup/topics/0a1b.geo/partition=0/broken.json"), "{\"ind\":").unwrap();
    std::fs::write(root.join("backup/readme.txt"), "no object of the layout").unwrap();
}

#[tokio::test]
async fn what_others_stored_is_imported_once_asked_looked_into_and_tidied() {
    let folder = tempfile::tempdir().unwrap();
    let data_dir = folder.path().join("data");
    std::fs::create_dir(&data_dir).unwrap();
    write_topics(folder.path());
    let backup = folder.path().join("backup");
    let (data, topics) = (data_dir.to_str().unwrap(), backup.to_str().unwrap());
    let here =
        |words: &[&str]| [words, &["--data-dir", data]].concat().into_iter().map(str::to_owned).collect::<Vec<_>>();
    let words = |words: Vec<String>| answered(&words.iter().map(String::as_str).collect::<Vec<_>>());

    // Nobody there yet.
    let early = pinpulse(&["import", topics, "--data-dir", data]);
    assert_eq!(early.status.code(), Some(4), "{}", String::from_utf8_lossy(&early.stderr));
    assert_eq!(pinpulse(&["sql", "select 1", "--data-dir", data]).status.code(), Some(1));

    let local = Local::start(&data_dir, &[]);
    let first = words(here(&["import", topics, "--output", "json"]));
    assert_eq!((&first["imported"]["records"], &first["passed_over"]), (&json!(506), &json!(1)), "{first}");
    let again = words(here(&["import", topics, "--output", "json"]));
    assert_eq!(
        (&again["imported"]["records"], &again["imported"]["parts_before"]),
        (&json!(0), &json!(506)),
        "{again}"
    );
    answered(&["batch", "--url", &local.url]);

    let rows = words(here(&["sql", "select count(*) as posts, min(ind) as least from pins", "--output", "json"]));
    assert_eq!(rows[0]["posts"], 169, "{rows}");
    let top = answered(&["history", "country_of_top_poster", "--url", &local.url, "--output", "json"]);
    assert_eq!(top["rows"], json!([{"country": "American Samoa", "follower_count": 8_000_000}]));
    let written = pinpulse(&["sql", "drop view pins", "--data-dir", data]);
    assert_eq!(written.status.code(), Some(1), "{}", String::from_utf8_lossy(&written.stderr));

    let held = words(here(&["quarantine", "list", "--reason", "not_json", "--output", "json"]));
    assert_eq!((held.as_array().unwrap().len(), &held[0]["bytes"]), (1, &json!(7)), "{held}");
    let text = |column: &str| held[0][column].as_str().unwrap();
    let shown = words(here(&["quarantine", "show", text("shard"), text("sequence")]));
    assert_eq!(shown["raw"], "{\"ind\":", "{shown}");
    let replayed = answered(&["quarantine", "replay", "--url", &local.url]);
    assert_eq!((&replayed["replayed"], &replayed["still_unclean"]), (&json!(0), &json!({"not_json": 1})), "{replayed}");

    let tidied = answered(&["maintain", "--url", &local.url, "--output", "json"]);
    assert_eq!(tidied["tables"].as_array().unwrap().len(), 4, "{tidied}");
    let csv = done(&["sql", "select count(*) as posts from pins", "--data-dir", data, "--output", "csv"]);
    assert_eq!(csv, "posts\n169\n");
    local.stop();
    // The tables lie in the folder, running or not.
    let csv = done(&["sql", "select count(*) as posts from users", "--data-dir", data, "--output", "csv"]);
    assert_eq!(csv, "posts\n168\n");
}
