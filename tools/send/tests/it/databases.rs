//! Posts from a real MariaDB and a real PostgreSQL that hold the course's rows: what arrives is what the files say.

use std::collections::BTreeMap;

use send::exit::Exit;
use send::{Dialect, SendArgs, TimeForm, synthetic};
use serde_json::{Map, Value};

use crate::door::{Door, args, sent};
use crate::files::{course_files, course_rows};
use crate::servers::{Database, Make, Server};

/// A column, and its types in MariaDB and in PostgreSQL.
type Typed = (&'static str, &'static str, &'static str);

/// Kinds, their tables, and the columns of these. Coordinates are in a short and in a long float.
const TABLES: [(&str, &str, &[Typed]); 3] = [
    (
        "pin",
        "pinterest_data",
        &[
            ("index", "BIGINT", "BIGINT"),
            ("unique_id", "TEXT", "TEXT"),
            ("title", "TEXT", "TEXT"),
            ("description", "TEXT", "TEXT"),
            ("poster_name", "TEXT", "TEXT"),
            ("follower_count", "TEXT", "TEXT"),
            ("tag_list", "TEXT", "TEXT"),
            ("is_image_or_video", "TEXT", "TEXT"),
            ("image_src", "TEXT", "TEXT"),
            ("downloaded", "BIGINT", "BIGINT"),
            ("save_location", "TEXT", "TEXT"),
            ("category", "TEXT", "TEXT"),
        ],
    ),
    (
        "geo",
        "geolocation_data",
        &[
            ("ind", "BIGINT", "BIGINT"),
            ("timestamp", "DATETIME", "TIMESTAMP"),
            ("latitude", "FLOAT", "REAL"),
            ("longitude", "DOUBLE", "DOUBLE PRECISION"),
            ("country", "TEXT", "TEXT"),
        ],
    ),
    (
        "user",
        "user_data",
        &[
            ("ind", "BIGINT", "BIGINT"),
            ("first_name", "TEXT", "TEXT"),
            ("last_name", "TEXT", "TEXT"),
            ("age", "BIGINT", "BIGINT"),
            ("date_joined", "DATETIME", "TIMESTAMP"),
        ],
    ),
];

/// Makes the three tables and fills each with the rows of its kind.
async fn load(database: &Database<'_>, make: Make, rows: impl Fn(&str) -> Vec<Value>) {
    let quoted = |name: &str| if make == Make::MariaDb { format!("`{name}`") } else { format!("\"{name}\"") };
    for (kind, table, columns) in TABLES {
        let typed = columns.iter().map(|(name, maria, postgres)| {
            format!("{} {}", quoted(name), if make == Make::MariaDb { maria } else { postgres })
        });
        database.run(&format!("CREATE TABLE {table} ({})", typed.collect::<Vec<_>>().join(","))).await;
        for some in rows(kind).chunks(500) {
            let tuples = some.iter().map(|row| {
                let values = columns.iter().map(|(name, ..)| literal(&row[*name], make));
                format!("({})", values.collect::<Vec<_>>().join(","))
            });
            database.run(&format!("INSERT INTO {table} VALUES {}", tuples.collect::<Vec<_>>().join(","))).await;
        }
    }
}

fn literal(value: &Value, make: Make) -> String {
    match value {
        Value::Null => "NULL".to_owned(),
        Value::String(text) => {
            let text = if make == Make::MariaDb { text.replace('\\', "\\\\") } else { text.clone() };
            format!("'{}'", text.replace('\'', "''"))
        }
        other => other.to_string(),
    }
}

/// What arrived, by kind and row number.
type Arrived = BTreeMap<(String, u64), Value>;

fn arrived(door: &Door) -> Arrived {
    let mut arrived = Arrived::new();
    for seen in door.seen() {
        let parts = match seen.path.as_str() {
            "/v1/posts" => seen.body.as_object().unwrap().clone(),
            path => Map::from_iter([(path.trim_start_matches("/v1/").trim_end_matches('s').to_owned(), seen.body)]),
        };
        for (kind, body) in parts {
            let number = body["index"].as_u64().or(body["ind"].as_u64()).unwrap();
            assert!(arrived.insert((kind, number), body).is_none(), "a row came twice");
        }
    }
    arrived
}

async fn the_same_rows_arrive_as_from_the_files(make: Make, server: &Server) {
    let database = server.database("course").await;
    load(&database, make, course_rows).await;
    let from_files = Door::open_wide().await;
    let asked = SendArgs { file: course_files(), count: None, ..args(&from_files, 0) };
    assert_eq!(sent(&asked).await.unwrap().accepted, 169 + 168 + 168);
    let expected = arrived(&from_files);
    assert_eq!(expected.len(), 505);

    let door = Door::open_wide().await;
    let source = Some(database.url.parse().unwrap());
    let ordered = SendArgs { source, count: None, ..args(&door, 0) };
    let summary = sent(&ordered).await.unwrap();
    assert_eq!((summary.posts, summary.accepted, summary.exit(false)), (169, 505, Exit::Done), "{summary:?}");
    assert_eq!(arrived(&door), expected, "by key");

    let door = Door::open_wide().await;
    let summary = sent(&SendArgs { by_row: true, url: door.url.clone(), ..ordered.clone() }).await.unwrap();
    // By number, a table that is shorter runs out; which rows meet in a post is the tables' own order.
    assert_eq!((summary.posts, summary.accepted, summary.missing_rows), (169, 505, 0), "{summary:?}");
    assert_eq!(arrived(&door), expected, "by number");

    let door = Door::open_wide().await;
    sent(&SendArgs { times: TimeForm::Iso, url: door.url.clone(), ..ordered }).await.unwrap();
    assert_eq!(arrived(&door)[&("geo".to_owned(), 7_528)]["timestamp"], "2020-08-28T03:52:47");
}

/// All 11,001 rows that can be drawn: the published ones in their places, synthetic ones elsewhere.
async fn the_course_is_replayed_from_its_own_database(make: Make, server: &Server) {
    let database = server.database("whole").await;
    let published = |kind: &str| -> BTreeMap<u64, Value> {
        let number = |row: &Value| row["index"].as_u64().or(row["ind"].as_u64()).unwrap();
        course_rows(kind).into_iter().map(|row| (number(&row), row)).collect()
    };
    load(&database, make, |kind| {
        let mut published = published(kind);
        let clean = synthetic::Dirt { dirty_percent: Some(0.0), ..synthetic::Dirt::default() };
        let rows = (0..=11_000).map(|number| {
            published.remove(&number).unwrap_or_else(|| {
                let records = synthetic::dirty(7, number, clean).records;
                let (_, body) = records.into_iter().find(|(of, _)| of.as_str() == kind).unwrap();
                serde_json::from_str(&body).unwrap()
            })
        });
        rows.collect()
    })
    .await;
    let door = Door::open_wide().await;
    let asked = SendArgs {
        as_course: true,
        dialect: Dialect::Kinesis,
        source: Some(database.url.parse().unwrap()),
        concurrency: 1,
        ..args(&door, 169)
    };
    let summary = sent(&asked).await.unwrap();
    assert_eq!((summary.posts, summary.requests, summary.missing_rows), (169, 507, 0), "{summary:?}");
    for kind in ["pin", "geo", "user"] {
        let path = format!("/streams/streaming-pinpulse-{kind}/record");
        let rows = door.seen().into_iter().filter(|seen| seen.path == path).map(|seen| seen.body["Data"].clone());
        let published = course_rows(kind);
        let drawn: Vec<Value> = rows.filter(|row| published.contains(row)).collect();
        assert_eq!(drawn, published, "{kind}");
    }
}

/// A missing value, a value that JSON cannot say, and a table that is not there.
async fn what_is_odd_in_a_table_is_said_and_the_rest_arrives(make: Make, server: &Server) {
    let database = server.database("odd").await;
    load(&database, make, |kind| course_rows(kind).into_iter().take(2).collect()).await;
    let bytes = if make == Make::MariaDb { "BLOB" } else { "DOUBLE PRECISION" };
    let value = if make == Make::MariaDb { "x'ff00'" } else { "'NaN'" };
    let sql = format!(
        "UPDATE pinterest_data SET title = NULL; ALTER TABLE user_data ADD score NUMERIC(9, 3), ADD odd {bytes};
         UPDATE user_data SET score = -12.5; UPDATE user_data SET odd = {value} WHERE ind = 7528;"
    );
    database.run(&sql).await;
    let door = Door::open_wide().await;
    let asked = SendArgs { source: Some(database.url.parse().unwrap()), count: None, ..args(&door, 0) };
    let summary = sent(&asked).await.unwrap();
    assert_eq!((summary.posts, summary.accepted, summary.rejected), (2, 5, 1), "{summary:?}");
    assert_eq!(summary.exit(false), Exit::Rejected);
    let arrived = arrived(&door);
    let row = |kind: &str, number: u64| &arrived[&(kind.to_owned(), number)];
    assert_eq!((&row("pin", 2_863)["title"], &row("user", 2_863)["score"]), (&Value::Null, &Value::from("-12.500")));
    assert_eq!((&row("user", 2_863)["odd"], row("pin", 7_528)["title"].is_null()), (&Value::Null, true));

    database.run("DROP TABLE user_data").await;
    let summary = sent(&asked).await.unwrap();
    let said = summary.source_error.as_deref().unwrap_or_default();
    assert!(said.contains("user_data") && summary.exit(false) == Exit::Failed, "{summary:?}");
    let nowhere = database.url.replace("/odd", "/nowhere");
    let error = sent(&SendArgs { source: Some(nowhere.parse().unwrap()), ..asked }).await.unwrap_err();
    assert!(error.to_string().contains("nowhere") && error.exit() == Exit::Failed, "{error}");
}

async fn check(make: Make) {
    let Some(server) = Server::start(make).await else { return };
    the_same_rows_arrive_as_from_the_files(make, &server).await;
    the_course_is_replayed_from_its_own_database(make, &server).await;
    what_is_odd_in_a_table_is_said_and_the_rest_arrives(make, &server).await;
}

#[tokio::test]
async fn mariadb_holds_the_course() {
    check(Make::MariaDb).await;
}

#[tokio::test]
async fn postgresql_holds_the_course() {
    check(Make::PostgreSql).await;
}
