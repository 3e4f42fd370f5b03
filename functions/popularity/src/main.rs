//! The popularity function as a Lambda; see the library.

/// A record is a dozen small allocations, which this one takes less time for than the system's.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

#[tokio::main]
async fn main() -> Result<(), lambda_runtime::Error> {
    popularity::run().await
}
