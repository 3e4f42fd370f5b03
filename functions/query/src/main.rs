//! The query function as a Lambda; see the library.

#[tokio::main]
async fn main() -> Result<(), lambda_http::Error> {
    query::run().await
}
