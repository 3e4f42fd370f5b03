//! Starts the function: logging, configuration, clients, then requests until the runtime ends.

use std::convert::Infallible;

use aws::metrics::Metrics;
use lambda_runtime::{Error, LambdaEvent, service_fn};

use crate::config::Config;
use crate::event::{Event, Proxied};
use crate::handle::{State, handle};

/// Serves requests from the Lambda runtime.
///
/// # Errors
///
/// If a variable is missing or cannot be read, or if the runtime's own interface fails.
pub async fn run() -> Result<(), Error> {
    aws::boot::init_logging();
    let config = Config::read(aws::env::process)?;
    let state = &State::new(config, &aws::boot::sdk_config().await).with_metrics(Metrics::of_function());
    lambda_runtime::run(service_fn(async |LambdaEvent { payload, context }: LambdaEvent<Event>| {
        Ok::<_, Infallible>(Proxied(handle(state, payload, &context.request_id).await))
    }))
    .await
}
