//! The SDK over a function of the caller's instead of the network, for simulations; behind the feature `connector`.
//!
//! Everything of the SDK runs but the socket: requests are built, signed and written, answers are parsed, attempts time out.
//! Nothing reads the wall clock: the SDK sleeps on tokio's clock, which a test may pause, and signs for one fixed moment. It
//! retries nothing, as deployed, so [`crate::retry`] is all there is; its jitter comes from the thread's `fastrand`. On one
//! thread with a paused clock and a seeded generator a run is therefore a function of its seed. No TLS is set up, no
//! environment is read.

use std::fmt;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use aws_config::retry::RetryConfig;
use aws_config::stalled_stream_protection::StalledStreamProtectionConfig;
use aws_config::{Region, SdkConfig};
use aws_sdk_s3::config::{Credentials, IdentityCache, SharedCredentialsProvider};
use aws_smithy_async::rt::sleep::default_async_sleep;
use aws_smithy_async::time::StaticTimeSource;
use aws_smithy_runtime_api::client::http::{
    HttpConnector, HttpConnectorFuture, SharedHttpClient, SharedHttpConnector, http_client_fn,
};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_runtime_api::client::result::ConnectorError;
use aws_smithy_types::body::SdkBody;
use bytes::Bytes;
use http_body::Frame;

/// Where all requests seem to go. Which service is meant, a request says itself.
pub const ENDPOINT: &str = "http://127.0.0.1:9";

/// The moment all requests are signed for: 2026-01-01T00:00:00Z.
const SIGNED_AT_S: u64 = 1_767_225_600;

/// An answer that reached the client.
#[derive(Debug)]
pub struct Reply {
    /// Status, headers and body.
    pub response: http::Response<Bytes>,
    /// Whether the connection breaks after the body's bytes, which are then not all of it.
    pub cut: bool,
}

/// The connection broke before any of the answer came. What became of the request, the client cannot know.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("connection lost")]
pub struct Lost;

/// An answer on its way.
pub type Answer = Pin<Box<dyn Future<Output = Result<Reply, Lost>> + Send>>;

/// The SDK's configuration over a function that answers every request of every service.
#[must_use]
pub fn sdk_config_over(answer: impl Fn(http::Request<Bytes>) -> Answer + Send + Sync + 'static) -> SdkConfig {
    let connector = SharedHttpConnector::new(Connector(Arc::new(answer)));
    let client: SharedHttpClient = http_client_fn(move |_, _| connector.clone());
    let credentials = Credentials::new("simulated", "simulated", None, None, "simulated");
    let mut config = SdkConfig::builder()
        .behavior_version(crate::boot::behavior())
        .retry_config(RetryConfig::disabled())
        .timeout_config(crate::boot::timeouts())
        // Measures against the time source, which stands still here; an attempt's timeout is what ends a stall.
        .stalled_stream_protection(StalledStreamProtectionConfig::disabled())
        .time_source(StaticTimeSource::from_secs(SIGNED_AT_S))
        // The cache draws jitter when it is filled; given keys need none.
        .identity_cache(IdentityCache::no_cache())
        .credentials_provider(SharedCredentialsProvider::new(credentials))
        .region(Region::from_static("us-east-1"))
        .endpoint_url(ENDPOINT)
        .http_client(client);
    config.set_sleep_impl(default_async_sleep());
    config.build()
}

struct Connector(Arc<dyn Fn(http::Request<Bytes>) -> Answer + Send + Sync>);

impl fmt::Debug for Connector {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("Connector")
    }
}

impl HttpConnector for Connector {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let answer = match plain(request) {
            Ok(request) => (self.0)(request),
            Err(error) => return HttpConnectorFuture::ready(Err(error)),
        };
        HttpConnectorFuture::new(async move {
            let reply = answer.await.map_err(|lost| ConnectorError::io(lost.into()))?;
            received(reply)
        })
    }
}

/// The request as plain values.
fn plain(request: HttpRequest) -> Result<http::Request<Bytes>, ConnectorError> {
    let request = request.try_into_http1x().map_err(|error| ConnectorError::user(error.into()))?;
    let (head, body) = request.into_parts();
    let body = body.bytes().map(Bytes::copy_from_slice);
    let body = body.ok_or_else(|| ConnectorError::user("a streaming body is not understood here".into()))?;
    Ok(http::Request::from_parts(head, body))
}

/// The answer as the SDK takes it.
fn received(reply: Reply) -> Result<HttpResponse, ConnectorError> {
    let cut = reply.cut;
    let response =
        reply.response.map(|body| if cut { SdkBody::from_body_1_x(Cut(Some(body))) } else { SdkBody::from(body) });
    HttpResponse::try_from(response).map_err(|error| ConnectorError::user(error.into()))
}

/// A body that breaks off after its bytes.
struct Cut(Option<Bytes>);

impl http_body::Body for Cut {
    type Data = Bytes;
    type Error = Lost;

    fn poll_frame(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Lost>>> {
        Poll::Ready(Some(self.0.take().map(Frame::data).ok_or(Lost)))
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use posts::layout::Follower;
    use posts::shard::Shard;

    use super::*;
    use crate::bucket::Bucket;
    use crate::live::LiveTable;

    fn reply(status: u16, body: &'static str) -> Reply {
        let response = http::Response::builder().status(status).body(Bytes::from_static(body.as_bytes()));
        Reply { response: response.unwrap(), cut: false }
    }

    /// Answers requests one after the other from a list, and keeps the requests.
    fn answering(replies: Vec<Result<Reply, Lost>>) -> (SdkConfig, Arc<Mutex<Vec<http::Request<Bytes>>>>) {
        let (requests, replies) = (Arc::new(Mutex::new(Vec::new())), Mutex::new(replies.into_iter()));
        let kept = requests.clone();
        let config = sdk_config_over(move |request| {
            kept.lock().unwrap().push(request);
            let reply = replies.lock().unwrap().next().unwrap();
            Box::pin(async move { reply })
        });
        (config, requests)
    }

    fn shard() -> Shard {
        Shard::new("pin-1", "shardId-000000000000").unwrap()
    }

    #[tokio::test(start_paused = true)]
    async fn what_is_lost_or_cut_is_tried_again_on_the_paused_clock() {
        let cut = Reply { cut: true, ..reply(200, r#"{"Item":"#) };
        let (config, requests) = answering(vec![Err(Lost), Ok(cut), Ok(reply(500, "{}")), Ok(reply(200, "{}"))]);
        let started = tokio::time::Instant::now();
        let read = LiveTable::new(&config, "live").progress(Follower::Count, &shard()).await;
        assert_eq!(read, Ok(None));
        assert!(started.elapsed() < std::time::Duration::from_secs(2), "{:?}", started.elapsed());
        let requests = requests.lock().unwrap();
        assert_eq!(requests.len(), 4);
        assert_eq!(requests[0].headers()["x-amz-target"], "DynamoDB_20120810.GetItem");
        let asked: Vec<serde_json::Value> =
            requests.iter().map(|request| serde_json::from_slice(request.body()).unwrap()).collect();
        assert!(asked.iter().all(|other| *other == asked[0]), "{asked:?}"); // the order of names is a hash map's
        assert_eq!(asked[0]["TableName"], "live");
    }

    #[tokio::test(start_paused = true)]
    async fn an_answer_that_never_comes_ends_with_the_attempts_timeout() {
        let config = sdk_config_over(|_| Box::pin(std::future::pending()));
        let once = crate::retry::Policy { attempts: 1, ..crate::retry::BATCH };
        let started = tokio::time::Instant::now();
        let put = Bucket::new(&config, "lake").with_policy(once).put("raw/x", Bytes::from_static(b"x")).await;
        assert_eq!(put.unwrap_err().code, "Timeout");
        assert_eq!(started.elapsed().as_secs(), 10);
    }

    #[tokio::test(start_paused = true)]
    async fn an_object_is_put_by_path_with_its_bytes() {
        let (config, requests) = answering(vec![Ok(reply(200, ""))]);
        Bucket::new(&config, "lake").put("raw/x y", Bytes::from_static(b"bytes")).await.unwrap();
        let requests = requests.lock().unwrap();
        assert_eq!((requests[0].method(), requests[0].uri().path()), (&http::Method::PUT, "/lake/raw/x%20y"));
        assert_eq!(requests[0].body().as_ref(), b"bytes");
    }
}
