//! What stands in the tables, column by column.

use deltalake::arrow::array::{Array as _, AsArray as _};
use deltalake::arrow::datatypes::{Float64Type, Int64Type, TimestampMicrosecondType};
use posts::envelope::encode;
use posts::tables::Table;

use crate::kit::{Kit, Records, geo, pin, record, shard, user};

/// 2026-11-21T23:59:59.999Z.
const LATE_MS: i64 = 1_795_305_599_999;

async fn consolidated() -> Kit {
    let kit = Kit::start().await;
    let records = vec![
        record(0, LATE_MS, pin("p", 0)),
        record(1, LATE_MS, geo("g", 1)),
        record(2, LATE_MS, user("u", 2)),
        record(3, LATE_MS + 1, encode("q", None, b"\xfe\xff")),
    ];
    kit.archive(&mut Records::new(), &shard("pin-1", 0), records).await;
    batch::handle(&kit.batch().await, None).await.unwrap();
    kit
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_column_holds_the_cleaned_value() {
    let kit = consolidated().await;
    let mut told = Vec::new();
    for table in Table::ALL {
        for (dt, batch) in kit.batches(table).await {
            for (field, column) in batch.schema().fields().iter().zip(batch.columns()) {
                let shown = if column.is_null(0) {
                    "null".to_owned()
                } else if let Some(list) = column.as_list_opt::<i32>() {
                    format!("{:?}", list.value(0).as_primitive::<Float64Type>().values().to_vec())
                } else if let Some(bytes) = column.as_binary_opt::<i32>() {
                    format!("{:?}", bytes.value(0))
                } else {
                    deltalake::arrow::util::display::array_value_to_string(column, 0).unwrap()
                };
                told.push(format!("{}.{}={shown}", table.name(), field.name()));
            }
            told.push(format!("{}.dt={dt}", table.name()));
        }
    }
    let origin = |table: &str, id: &str, number: u32, at: &str, dt: &str| {
        [
            format!("{table}.event_id={id}"),
            format!("{table}.arrived_at={at}"),
            format!("{table}.stream=pin-1"),
            format!("{table}.shard=pin-1/shardId-000000000000"),
            format!("{table}.sequence=003{number}"),
            format!("{table}.sub=0"),
            format!("{table}.duplicate=false"),
            format!("{table}.dt={dt}"),
        ]
    };
    let late = ("2026-11-21T23:59:59.999Z", "2026-11-21");
    let own = |cells: &[&str]| cells.iter().map(|cell| (*cell).to_owned()).collect::<Vec<_>>();
    let want = [
        own(&[
            "pin.ind=0",
            "pin.unique_id=fbe53c66-3442-4773-b19e-d3ec6f54dddf",
            "pin.title=null",
            "pin.description=  a walk ",
            "pin.follower_count=12000",
            "pin.poster_name=Ann",
            "pin.tag_list=a,b",
            "pin.is_image_or_video=image",
            "pin.image_src=https://x/y.jpg",
            "pin.save_location=/data/art",
            "pin.category=art",
        ]),
        origin("pin", "p", 995, late.0, late.1).to_vec(),
        own(&[
            "geo.ind=1",
            "geo.country=Chile",
            "geo.coordinates=[-89.5, 120.25]",
            "geo.timestamp=2020-08-28T03:52:47Z",
        ]),
        origin("geo", "g", 996, late.0, late.1).to_vec(),
        own(&["user.ind=2", "user.user_name=Ada Ray", "user.age=36", "user.date_joined=2017-11-21T23:59:58Z"]),
        origin("user", "u", 997, late.0, late.1).to_vec(),
        own(&[
            "quarantine.kind=null",
            "quarantine.reason=not_json",
            "quarantine.field=null",
            "quarantine.raw=[254, 255]",
        ]),
        origin("quarantine", "q", 998, "2026-11-22T00:00:00Z", "2026-11-22").to_vec(),
    ];
    assert_eq!(told, want.concat());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn tables_ask_no_more_of_a_reader_than_the_first_protocol() {
    let kit = consolidated().await;
    for table in Table::ALL {
        let delta = kit.open(table).await;
        let state = delta.snapshot().unwrap();
        assert_eq!((state.protocol().min_reader_version(), state.protocol().min_writer_version()), (1, 2));
        assert_eq!(state.metadata().partition_columns(), ["dt"]);
        assert_eq!(state.metadata().description(), Some(table.description()));
        assert_eq!(state.metadata().configuration()["delta.checkpointInterval"], "20");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn files_tell_what_engines_skip_by() {
    let kit = consolidated().await;
    let delta = kit.open(Table::Pin).await;
    let stats: Vec<_> = delta.snapshot().unwrap().log_data().iter().filter_map(|file| file.stats()).collect();
    let stats: serde_json::Value = serde_json::from_str(&stats[0]).unwrap();
    assert_eq!(stats["numRecords"], 1);
    assert_eq!(stats["minValues"]["ind"], 0);
    assert_eq!(stats["maxValues"]["arrived_at"], "2026-11-21T23:59:59.999Z");
    // The types as the files hold them are those the log states, or readers would have to cast.
    for (_, batch) in kit.batches(Table::Geo).await {
        assert!(batch.column_by_name("ind").unwrap().as_primitive_opt::<Int64Type>().is_some());
        let time = batch.column_by_name("timestamp").unwrap();
        assert_eq!(time.as_primitive::<TimestampMicrosecondType>().timezone(), Some("UTC"));
    }
}
