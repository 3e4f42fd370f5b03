//! Functions that fail, called by `pinpulse batch` against a server of this file: again, but not for ever.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use axum::Router;
use axum::http::Uri;
use pinpulse::exit::Exit;
use pinpulse::lake::{BatchArgs, batch};

/// Runs the verb where batch fails so many times before it has done its work; the exit, and how often batch was called.
async fn failing(times: u32) -> (Exit, u32) {
    let calls = Arc::new(AtomicU32::new(0));
    let count = Arc::clone(&calls);
    let router = Router::new().fallback(move |uri: Uri| async move {
        if !uri.path().contains("/batch/") {
            return "{}";
        }
        let earlier = count.fetch_add(1, Ordering::SeqCst);
        if earlier < times { r#"{"errorMessage":"throttled"}"# } else { r#"{"up_to_date":true}"# }
    });
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
    (batch(BatchArgs { url }).await, calls.load(Ordering::SeqCst))
}

#[tokio::test]
async fn a_function_that_fails_is_called_again() {
    assert_eq!(failing(0).await, (Exit::Done, 1));
    assert_eq!(failing(2).await, (Exit::Done, 3));
}

#[tokio::test]
async fn one_that_goes_on_failing_is_the_verbs_failure() {
    assert_eq!(failing(u32::MAX).await, (Exit::Failed, 3));
}
