//! Starts the function: logging, configuration, clients, then requests until the runtime ends.

use std::convert::Infallible;

use aws::bucket::Bucket;
use aws::live::LiveTable;
use lambda_http::request::LambdaRequest;
use lambda_http::{
    Adapter, Body, BoxFuture, Error, LambdaEvent, Request, Response, Service as _, lambda_runtime, service_fn,
};

use crate::config::Config;
use crate::event;
use crate::handle::{State, handle};

/// Serves requests from the Lambda runtime.
///
/// # Errors
/// If a variable is missing, or if the runtime's own interface fails.
pub async fn run() -> Result<(), Error> {
    aws::boot::init_logging();
    let config = Config::read(aws::env::process)?;
    let sdk = aws::boot::sdk_config().await;
    let state = &State::new(LiveTable::new(&sdk, config.table), Bucket::new(&sdk, config.bucket), config.access);
    lambda_runtime::run(service_fn(|invocation: LambdaEvent<LambdaRequest>| {
        let (invocation, aside) = event::readable(invocation);
        let mut adapter = Adapter::from(service_fn(move |mut request: Request| {
            aside.put_back(&mut request);
            answered(state, request)
        }));
        adapter.call(invocation)
    }))
    .await
}

/// Boxed: the SDK's futures nest deeper than the compiler follows when it lays out one type of them all.
fn answered(state: &State, request: Request) -> BoxFuture<'_, Result<Response<Body>, Infallible>> {
    Box::pin(async move { Ok(handle(state, request).await) })
}
