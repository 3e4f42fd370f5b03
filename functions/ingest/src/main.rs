//! Starts the function; what it does is in the library.

/// Runs until the Lambda runtime stops it.
#[tokio::main]
async fn main() -> Result<(), lambda_runtime::Error> {
    ingest::run().await
}
