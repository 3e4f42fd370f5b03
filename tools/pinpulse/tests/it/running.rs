//! The program itself, started as a person would, on a free port and a folder of its own; and, once it has ended, what it
//! left in its stores.

use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use aws::bucket::Bucket;
use aws::live::{LiveTable, Page};
use localcloud::{REGION, StoreOptions, Stores};
use posts::delivery::Delivered;
use posts::envelope::items;
use posts::fate::Window;
use posts::layout::{Follower, kind_of_stream};
use posts::page::{PageUpdate, Pages};
use posts::raw::read_line;
use posts::rules;
use posts::sequence::Sequence;
use posts::shard::Shard;
use serde_json::Value;

/// How long anything may take: the machine may be busy.
pub(crate) const PATIENCE: Duration = Duration::from_mins(2);

/// What the program says on stderr, a file of its data folder.
const SAID: &str = "said.txt";

/// What a program with this data folder said on stderr.
pub(crate) fn said(data_dir: &Path) -> String {
    std::fs::read_to_string(data_dir.join(SAID)).unwrap()
}

/// A running `pinpulse local`. Killed when dropped.
pub(crate) struct Local {
    child: Child,
    pub(crate) url: String,
    pub(crate) http: reqwest::Client,
}

impl Local {
    pub(crate) fn start(data_dir: &Path, more: &[&str]) -> Self {
        let mut child = Command::new(env!("CARGO_BIN_EXE_pinpulse"))
            .args(["local", "--port", "0", "--parameter", "ArchiveWindowSeconds=1", "--data-dir"])
            .arg(data_dir)
            .args(more)
            .stdout(Stdio::piped())
            .stderr(std::fs::File::create(data_dir.join(SAID)).unwrap())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let first = lines.next().expect("the program says that it is up").unwrap();
        let url = first.rsplit(' ').next().unwrap().to_owned();
        // The rest of what it says must be read, or it would wait for a reader.
        std::thread::spawn(move || lines.for_each(drop));
        Self { child, url, http: reqwest::Client::new() }
    }

    pub(crate) async fn get(&self, path: &str) -> Value {
        let answer = self.http.get(format!("{}{path}", self.url)).send().await.unwrap();
        assert!(answer.status().is_success(), "{path}: {}", answer.status());
        answer.json().await.unwrap()
    }

    pub(crate) async fn post(&self, path: &str, content_type: &str, body: impl Into<reqwest::Body>) -> (u16, Value) {
        let request = self.http.post(format!("{}{path}", self.url)).header("content-type", content_type).body(body);
        let answer = request.send().await.unwrap();
        (answer.status().as_u16(), answer.json().await.unwrap_or(Value::Null))
    }

    /// The function processes: pid and function.
    pub(crate) fn processes(&self) -> Vec<(u32, String)> {
        processes_of(self.child.id())
    }

    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Ctrl-C, and the orderly end that follows.
    pub(crate) fn stop(mut self) {
        signal("-INT", self.child.id());
        let since = Instant::now();
        loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                assert!(status.success(), "ended with {status}");
                return;
            }
            assert!(since.elapsed() < PATIENCE, "it does not end");
            std::thread::yield_now();
        }
    }
}

impl Drop for Local {
    fn drop(&mut self) {
        if self.child.try_wait().is_ok_and(|status| status.is_none()) {
            self.child.kill().ok();
            self.child.wait().ok();
        }
    }
}

/// The function processes of a program: pid and function.
pub(crate) fn processes_of(parent: u32) -> Vec<(u32, String)> {
    let entries = std::fs::read_dir("/proc").unwrap().filter_map(Result::ok);
    let pids = entries.filter_map(|entry| entry.file_name().to_str()?.parse::<u32>().ok());
    pids.filter_map(|pid| Some((pid, function_of(pid, parent)?))).collect()
}

/// The function a process runs, `pinpulse function NAME` or `.../NAME/bootstrap`, if it is a child of `parent`. Linux only,
/// like everything that reads `/proc`.
fn function_of(pid: u32, parent: u32) -> Option<String> {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    let (_, after_name) = stat.rsplit_once(") ")?;
    let found: u32 = after_name.split(' ').nth(1)?.parse().ok()?;
    let command = std::fs::read(format!("/proc/{pid}/cmdline")).ok()?;
    let mut words = command.split(|byte| *byte == 0).map(|word| String::from_utf8_lossy(word).into_owned());
    let program = words.next().filter(|_| found == parent)?;
    if let Some(folder) = program.strip_suffix("/bootstrap") {
        return folder.rsplit('/').next().map(str::to_owned);
    }
    words.next().filter(|word| word == "function")?;
    words.next()
}

pub(crate) fn signal(which: &str, pid: u32) {
    Command::new("kill").args([which, &pid.to_string()]).status().unwrap();
}

/// Asks until the answer is as wanted.
pub(crate) async fn until<T>(what: &str, mut ask: impl AsyncFnMut() -> Option<T>) -> T {
    let since = Instant::now();
    loop {
        if let Some(found) = ask().await {
            return found;
        }
        assert!(since.elapsed() < PATIENCE, "never: {what}");
        tokio::task::yield_now().await;
    }
}

/// The stores of a run that has ended.
pub(crate) struct Left {
    stores: Stores,
    pub(crate) table: LiveTable,
    bucket: Bucket,
}

impl Left {
    pub(crate) async fn open(data_dir: &Path) -> Self {
        let facts: Value = serde_json::from_slice(&std::fs::read(data_dir.join("local.json")).unwrap()).unwrap();
        let stores = Stores::start(StoreOptions { data_dir: Some(PathBuf::from(data_dir)) }).await.unwrap();
        let sdk =
            |endpoint: String| async move { aws::boot::sdk_config_at(&endpoint, REGION, Stores::credentials()).await };
        let name = |list: &str| facts[list][0].as_str().unwrap().to_owned();
        let table = LiveTable::new(&sdk(stores.endpoints().dynamodb).await, name("tables"));
        let bucket = Bucket::new(&sdk(stores.endpoints().s3).await, name("buckets"));
        Self { stores, table, bucket }
    }

    /// Lets the folder go, so that it can be opened again.
    pub(crate) async fn close(self) {
        self.stores.stop().await;
    }

    /// An object of the bucket.
    pub(crate) async fn object(&self, key: &str) -> Option<Vec<u8>> {
        self.bucket.get(key).await.unwrap().map(|body| body.to_vec())
    }

    pub(crate) async fn shards(&self) -> Vec<Shard> {
        self.table.shards(Follower::Chain).await.unwrap()
    }

    /// The records of a shard, by its chain. The chain must be gapless, and its objects hold what it says.
    pub(crate) async fn archived(&self, shard: &Shard) -> Vec<Delivered> {
        let mut before: Option<Sequence> = None;
        let mut records: Vec<Delivered> = Vec::new();
        for (ordinal, entry) in (1..).zip(self.table.chain(shard, 0).await.unwrap()) {
            assert_eq!((entry.ordinal, &entry.from), (ordinal, &before), "{shard}: the chain is broken");
            let object = self.bucket.get(&entry.object).await.unwrap().expect("a named object exists");
            let text = zstd::stream::decode_all(object.as_ref()).unwrap();
            let lines: Vec<_> =
                text.split_inclusive(|byte| *byte == b'\n').map(|line| read_line(line).unwrap()).collect();
            assert_eq!(lines.len() as u64, entry.records, "{shard}: entry {ordinal}");
            records.extend(lines.into_iter().map(|line| Delivered {
                digits: line.sequence.digits().to_owned(),
                sequence: line.sequence,
                arrival: line.arrival,
                data: line.data.into_owned(),
            }));
            before = Some(entry.last);
        }
        assert!(records.windows(2).all(|pair| pair[0].sequence < pair[1].sequence), "{shard}: order");
        records
    }

    /// Every live page of a shard equals a recount of its archived records.
    pub(crate) async fn assert_live_is_a_recount(&self, shard: &Shard, records: &[Delivered]) {
        for want in recount(shard, records) {
            let stored = self.table.pages(&want.key.pk, &want.key.sk, &want.key.sk).await.unwrap();
            let [Page { slots, followers, last, .. }] = stored.as_slice() else { panic!("{} is missing", want.key) };
            assert_eq!((slots, followers, last), (&want.slots.adds, &want.slots.followers, &want.last), "{}", want.key);
        }
    }
}

/// One clean pass over a shard's records.
fn recount(shard: &Shard, records: &[Delivered]) -> Vec<PageUpdate> {
    let mut window = Window::default();
    let mut pages = Pages::default();
    for record in records {
        let rules = rules::at(record.arrival.day());
        window.arrive(record.arrival);
        for item in items(kind_of_stream(shard.stream()), &record.data) {
            let judged = window.judge(rules, &item);
            pages.count(rules, shard, &record.sequence, record.arrival, &judged);
        }
    }
    pages.into_deltas().iter().filter_map(|delta| delta.update_after(None)).collect()
}
