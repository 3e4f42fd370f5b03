//! Starts the function: logging, configuration, clients, then requests until the runtime ends.

use std::convert::Infallible;

use lambda_http::request::LambdaRequest;
use lambda_http::{Error, LambdaEvent, Request, Service as _, lambda_runtime, service_fn};

use crate::config::Config;
use crate::event;
use crate::handle::{State, handle};

/// Serves requests from the Lambda runtime.
///
/// # Errors
///
/// If a variable is missing, or if the runtime's own interface fails.
pub async fn run() -> Result<(), Error> {
    aws::boot::init_logging();
    let config = Config::read(aws::env::process)?;
    let state = State::new(config, &aws::boot::sdk_config().await);
    let state = &state;
    let mut requests = lambda_http::Adapter::from(service_fn(async |request: Request| {
        Ok::<_, Infallible>(handle(state, request).await)
    }));
    lambda_runtime::run(service_fn(move |invocation: LambdaEvent<LambdaRequest>| {
        requests.call(event::readable(invocation))
    }))
    .await
}
