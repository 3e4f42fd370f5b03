//! Reading a request's body: within a limit, within a time, and within what all requests together may hold.

use std::{pin::pin, sync::Arc, time::Duration};

use axum::{
    body::{Body, Bytes},
    http::{HeaderMap, Request, StatusCode, header},
};
use http_body_util::{BodyExt as _, LengthLimitError, Limited};
use tokio::{
    sync::{OwnedSemaphorePermit, Semaphore},
    time::timeout,
};

/// All bodies under way together; further requests wait.
const MAX_HELD_KIB: u32 = 128 * 1024;

/// A client that sends slower than this is told so.
const READ_TIMEOUT: Duration = Duration::from_secs(30);

/// What is read and thrown away of a body that was refused, so that its sender comes to read the answer.
const DISCARD_BYTES: usize = 64 * 1024 * 1024;
const DISCARD_TIMEOUT: Duration = Duration::from_secs(5);

/// What all requests of one front may hold.
#[derive(Debug, Clone)]
pub(crate) struct BodyBudget(Arc<Semaphore>);

/// A body with its share of the budget.
#[derive(Debug)]
pub(crate) struct HeldBody {
    pub(crate) bytes: Bytes,
    _share: Option<OwnedSemaphorePermit>,
}

impl BodyBudget {
    pub(crate) fn new() -> Self {
        Self(Arc::new(Semaphore::new(MAX_HELD_KIB as usize)))
    }

    /// Reads a body of at most `limit` bytes, or says with which status to refuse it.
    pub(crate) async fn read(&self, request: Request<Body>, limit: usize) -> Result<HeldBody, StatusCode> {
        let declared = content_length(request.headers());
        let mut body = request.into_body();
        if declared.is_some_and(|bytes| bytes > limit as u64) {
            discard(body).await;
            return Err(StatusCode::PAYLOAD_TOO_LARGE);
        }
        let expected = declared.and_then(|bytes| usize::try_from(bytes).ok()).unwrap_or(limit);
        let kib = u32::try_from(expected.div_ceil(1024)).unwrap_or(MAX_HELD_KIB).min(MAX_HELD_KIB);
        let share = self.0.clone().acquire_many_owned(kib).await.ok();
        match timeout(READ_TIMEOUT, Limited::new(&mut body, limit).collect()).await {
            Ok(Ok(collected)) => Ok(HeldBody { bytes: collected.to_bytes(), _share: share }),
            Ok(Err(error)) if error.is::<LengthLimitError>() => {
                discard(body).await;
                Err(StatusCode::PAYLOAD_TOO_LARGE)
            }
            Ok(Err(_)) => Err(StatusCode::BAD_REQUEST),
            Err(_) => Err(StatusCode::REQUEST_TIMEOUT),
        }
    }
}

fn content_length(headers: &HeaderMap) -> Option<u64> {
    headers.get(header::CONTENT_LENGTH)?.to_str().ok()?.parse().ok()
}

async fn discard(body: Body) {
    let reading = async {
        let mut body = pin!(body);
        let mut left = DISCARD_BYTES;
        while let Some(Ok(frame)) = body.frame().await {
            let bytes = frame.data_ref().map_or(0, Bytes::len);
            match left.checked_sub(bytes) {
                Some(less) => left = less,
                None => return,
            }
        }
    };
    // Whether it was all or not: the refusal is sent now.
    drop(timeout(DISCARD_TIMEOUT, reading).await);
}
