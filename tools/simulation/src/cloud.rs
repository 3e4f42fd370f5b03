//! The other side of every call: the three services as values, the way there and back, and what may happen on it.
//!
//! A call is done in one step, whole or not at all; what is drawn is when, how often its caller learns of it, and what it is
//! told. Every write is held against the expectation at once, so that the first wrong number is found where it is made.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use aws::connector::{Answer, Lost, Reply};
use bytes::Bytes;
use http::{Request, Response, StatusCode};
use serde_json::{Value, json};
use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep};

use crate::breaks::Break;
use crate::dynamo::{Key, Reading, Refusal, Table, cancelled, text};
use crate::objects::{self, Objects};
use crate::oracle::Expectation;
use crate::streams::{self, Listed};
use crate::tally::Tally;
use crate::trace::Trace;
use crate::weather::{Fault, Way, Weather};

/// The live table's name.
pub(crate) const TABLE: &str = "live";
/// The lake's bucket.
pub(crate) const BUCKET: &str = "lake";

/// The cloud of one schedule.
pub(crate) struct Cloud(Mutex<World>);

/// What it holds.
pub(crate) struct World {
    pub(crate) table: Table,
    pub(crate) objects: Objects,
    pub(crate) shards: Vec<Listed>,
    pub(crate) weather: Weather,
    pub(crate) tally: Tally,
    pub(crate) trace: Trace,
    /// What is not as it must be, in the order in which it was found.
    pub(crate) wrong: Vec<String>,
    /// Requests to the table in the order in which they were done, with their answers, where they are kept.
    pub(crate) done: Option<Vec<Done>>,
    expectation: Arc<Expectation>,
    broken: Option<Break>,
    late: Vec<JoinHandle<()>>,
    started: Instant,
}

/// A request to the table as it was done; a page that was cut short, as the limit that it comes to.
#[derive(Debug, Clone)]
pub struct Done {
    /// The operation's API name.
    pub operation: String,
    /// The request's body.
    pub body: Value,
    /// The answer's status.
    pub status: u16,
    /// The answer's body.
    pub answer: Value,
}

/// What the simulated table says to a request that it refuses.
#[must_use]
pub fn refusal(operation: &str, body: &Value) -> Option<String> {
    let answer = Table::new(TABLE).call(operation, body, Reading::default());
    answer.err().map(|refusal| refusal.code.to_owned())
}

/// A request, read.
enum Call {
    Table { operation: String, body: Value },
    Stream { operation: String, body: Value },
    Object(Request<Bytes>),
}

impl Cloud {
    pub(crate) fn new(
        shards: Vec<Listed>,
        expectation: Arc<Expectation>,
        weather: Weather,
        trace: Trace,
        broken: Option<Break>,
    ) -> Arc<Self> {
        Arc::new(Self(Mutex::new(World {
            table: Table::new(TABLE),
            objects: Objects::new(BUCKET),
            shards,
            weather,
            tally: Tally::default(),
            trace,
            wrong: Vec::new(),
            done: None,
            expectation,
            broken,
            late: Vec::new(),
            started: Instant::now(),
        })))
    }

    /// For a moment, never across an await.
    pub(crate) fn world(&self) -> MutexGuard<'_, World> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The function that answers every request of the SDK.
    pub(crate) fn door(self: &Arc<Self>) -> impl Fn(Request<Bytes>) -> Answer + Send + Sync + 'static {
        let cloud = self.clone();
        move |request| {
            let cloud = cloud.clone();
            Box::pin(async move { cloud.serve(request).await })
        }
    }

    /// Waits for the calls that are done after their loss.
    pub(crate) async fn settle(&self) {
        loop {
            let late = std::mem::take(&mut self.world().late);
            if late.is_empty() {
                return;
            }
            for call in late {
                if call.await.is_err() {
                    self.world().wrong.push("a late call could not be done".to_owned());
                }
            }
        }
    }

    async fn serve(self: Arc<Self>, request: Request<Bytes>) -> Result<Reply, Lost> {
        let call = Arc::new(Call::read(request));
        let way = self.world().set_out(&call);
        sleep(way.there).await;
        let Some(fault) = way.fault else {
            let response = self.world().do_now(&call, &way);
            sleep(way.back).await;
            return Ok(whole(response));
        };
        let answer = match fault {
            Fault::Refused => Ok(whole(call.internal_error())),
            Fault::Throttled => Ok(whole(call.throttled(way.which))),
            Fault::Conflict => Ok(whole(call.conflict(way.which))),
            Fault::LostBefore => Err(Lost),
            Fault::LostAfter => {
                self.world().do_now(&call, &way);
                Err(Lost)
            }
            Fault::ErrorAfter => {
                self.world().do_now(&call, &way);
                Ok(whole(call.internal_error()))
            }
            Fault::Cut => Ok(cut(self.world().do_now(&call, &way))),
            Fault::Late => {
                self.do_later(call, way);
                Err(Lost)
            }
            Fault::Silent => {
                self.do_later(call, way);
                std::future::pending().await
            }
        };
        sleep(way.back).await;
        answer
    }

    fn do_later(self: &Arc<Self>, call: Arc<Call>, way: Way) {
        let Some(late) = way.late else { return };
        let cloud = self.clone();
        let task = tokio::spawn(async move {
            sleep(late).await;
            cloud.world().do_now(&call, &way);
        });
        self.world().late.push(task);
    }
}

impl World {
    /// Milliseconds since the schedule began, on its clock.
    pub(crate) fn now_ms(&self) -> u64 {
        u64::try_from(self.started.elapsed().as_millis()).unwrap_or(u64::MAX)
    }

    /// Notes something that happened.
    pub(crate) fn note(&mut self, what: impl FnOnce() -> String) {
        let now_ms = self.now_ms();
        self.trace.note(now_ms, what);
    }

    fn set_out(&mut self, call: &Call) -> Way {
        let way = self.weather.way();
        self.tally.calls += 1;
        if let Some(fault) = way.fault {
            self.tally.fault(fault.name());
        }
        if way.at_most.is_some() && call.has_pages() {
            self.tally.fault("short_page");
        }
        self.note(|| {
            format!("{call}{}", way.fault.map_or_else(String::new, |fault| format!(", to be {}", fault.name())))
        });
        way
    }

    fn do_now(&mut self, call: &Call, way: &Way) -> Response<Bytes> {
        let reading = Reading { behind: way.behind, at_most: way.at_most };
        let response = match call {
            Call::Table { operation, body } => self.do_table(operation, body, reading),
            Call::Stream { operation, body } => {
                let answer = streams::call(&self.shards, operation, body, way.at_most);
                self.json("kinesis", answer)
            }
            Call::Object(request) => self.objects.call(request).unwrap_or_else(|unknown| {
                self.wrong.push(format!("the simulated bucket does not understand {unknown}"));
                objects::failure(StatusCode::BAD_REQUEST, "NotUnderstood")
            }),
        };
        self.note(|| format!("  done: {call} -> {}", response.status().as_u16()));
        response
    }

    fn do_table(&mut self, operation: &str, body: &Value, reading: Reading) -> Response<Bytes> {
        let rewritten = self.broken.map(|broken| broken.rewritten(operation, body));
        let body = rewritten.as_ref().unwrap_or(body);
        let answer = self.table.call(operation, body, reading);
        for key in self.table.take_changed() {
            self.check(&key);
        }
        let answer = match self.broken {
            Some(broken) => broken.answered(operation, answer),
            None => answer,
        };
        let response = self.json("com.amazonaws.dynamodb.v20120810", answer);
        if let Some(done) = &mut self.done {
            let answer = serde_json::from_slice(response.body()).unwrap_or_default();
            let status = response.status().as_u16();
            let mut body = body.clone();
            if let (Some(at_most), "Query") = (reading.at_most, operation) {
                body["Limit"] = at_most.into();
            }
            done.push(Done { operation: operation.to_owned(), body, status, answer });
        }
        response
    }

    /// Holds an item that was just written against what it must be.
    fn check(&mut self, key: &Key) {
        let item = self.table.get(key).cloned();
        if let Some(Err(wrong)) = item.map(|item| self.expectation.written(key, &item)) {
            let now_ms = self.now_ms();
            self.wrong.push(format!("at {now_ms} ms: {wrong}"));
        }
    }

    fn json(&mut self, space: &str, answer: Result<Value, Refusal>) -> Response<Bytes> {
        match answer {
            Ok(body) => objects::response(StatusCode::OK, body.to_string().into()),
            Err(refusal) => {
                if refusal.not_understood {
                    self.wrong.push(format!("a request is {}", refusal.message));
                }
                refused(space, refusal)
            }
        }
    }
}

fn refused(space: &str, refusal: Refusal) -> Response<Bytes> {
    let mut body = Value::Object(refusal.more);
    body["__type"] = format!("{space}#{}", refusal.code).into();
    body["message"] = refusal.message.into();
    objects::response(StatusCode::BAD_REQUEST, body.to_string().into())
}

fn whole(response: Response<Bytes>) -> Reply {
    Reply { response, cut: false }
}

/// Half of the answer, and the connection breaks.
fn cut(response: Response<Bytes>) -> Reply {
    Reply { response: response.map(|body| body.slice(..body.len() / 2)), cut: true }
}

impl Call {
    fn read(request: Request<Bytes>) -> Self {
        let target = request.headers().get("x-amz-target").and_then(|target| target.to_str().ok()).unwrap_or_default();
        let body = || serde_json::from_slice(request.body()).unwrap_or_default();
        match target.split_once('.') {
            Some((service, operation)) if service.starts_with("DynamoDB_") => {
                Self::Table { operation: operation.to_owned(), body: body() }
            }
            Some((service, operation)) if service.starts_with("Kinesis_") => {
                Self::Stream { operation: operation.to_owned(), body: body() }
            }
            _ => Self::Object(request),
        }
    }

    fn has_pages(&self) -> bool {
        let operation = match self {
            Self::Table { operation, .. } | Self::Stream { operation, .. } => operation.as_str(),
            Self::Object(_) => "",
        };
        matches!(operation, "Query" | "BatchGetItem" | "ListShards" | "GetRecords")
    }

    /// How many writes a transaction has.
    fn writes(&self) -> usize {
        match self {
            Self::Table { body, .. } => body["TransactItems"].as_array().map_or(0, Vec::len),
            _ => 0,
        }
    }

    fn internal_error(&self) -> Response<Bytes> {
        match self {
            Self::Table { .. } => internal("com.amazonaws.dynamodb.v20120810#InternalServerError"),
            Self::Stream { .. } => internal("InternalFailure"),
            Self::Object(_) => objects::failure(StatusCode::INTERNAL_SERVER_ERROR, "InternalError"),
        }
    }

    /// `which` picks one of the words the service has for it.
    fn throttled(&self, which: usize) -> Response<Bytes> {
        let pick = |codes: [&'static str; 2]| codes[usize::from(which % 2 == 1)];
        match self {
            Self::Table { .. } => {
                let code = pick(["ProvisionedThroughputExceededException", "ThrottlingException"]);
                let mut refusal = Refusal::new(code, "Throughput exceeds the current capacity");
                let reason = json!([{ "reason": "TableWriteKeyRangeThroughputExceeded", "resource": "arn:aws:dynamodb:us-east-1:000000000000:table/live" }]);
                refusal.more.insert("ThrottlingReasons".to_owned(), reason);
                refused("com.amazonaws.dynamodb.v20120810", refusal)
            }
            Self::Stream { .. } => {
                let code = pick(["LimitExceededException", "ProvisionedThroughputExceededException"]);
                refused("kinesis", Refusal::new(code, "Rate exceeded"))
            }
            Self::Object(_) => objects::failure(StatusCode::SERVICE_UNAVAILABLE, "SlowDown"),
        }
    }

    /// Another transaction is at one of the items. What cannot meet one is throttled.
    fn conflict(&self, which: usize) -> Response<Bytes> {
        let space = "com.amazonaws.dynamodb.v20120810";
        match self {
            Self::Table { operation, .. } if operation == "TransactWriteItems" => {
                let code = ["TransactionConflict", "ThrottlingError", "ProvisionedThroughputExceeded"][which % 3];
                let mut codes = vec!["None"; self.writes().max(1)];
                let at = which % codes.len();
                codes[at] = code;
                refused(space, cancelled(&codes))
            }
            Self::Table { operation, .. }
                if operation.ends_with("Item") && operation != "BatchGetItem" && operation != "GetItem" =>
            {
                refused(space, Refusal::new("TransactionConflictException", "Transaction is ongoing for the item"))
            }
            _ => self.throttled(which),
        }
    }
}

fn internal(code: &str) -> Response<Bytes> {
    let body = json!({ "__type": code, "message": "simulated" });
    objects::response(StatusCode::INTERNAL_SERVER_ERROR, body.to_string().into())
}

impl std::fmt::Display for Call {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Table { operation, body } => {
                let part = |name: &str| body["Key"].get(name).and_then(text).unwrap_or_default();
                let puts = body["TransactItems"].as_array().into_iter().flatten();
                let put: Vec<_> = puts.filter_map(|put| text(put["Put"]["Item"].get("sk")?)).collect();
                write!(out, "{operation} {} {} {}", part("pk"), part("sk"), put.join(" + "))
            }
            Self::Stream { operation, body } => write!(out, "{operation} {body}"),
            Self::Object(request) => write!(out, "{} {}", request.method(), request.uri().path()),
        }
    }
}
