//! The history function as a Lambda; see the library.

#[tokio::main]
async fn main() -> Result<(), lambda_runtime::Error> {
    history::run().await
}
