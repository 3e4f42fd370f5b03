//! S3: whole objects in one bucket.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use aws_sdk_s3::operation::get_object::GetObjectError;
use aws_sdk_s3::primitives::ByteStream;
use bytes::Bytes;

use crate::failure::CallError;
use crate::retry::{self, Policy};

/// A bucket.
#[derive(Debug, Clone)]
pub struct Bucket {
    client: aws_sdk_s3::Client,
    name: String,
    policy: Policy,
    puts: Arc<AtomicU64>,
}

impl Bucket {
    /// Over the SDK's configuration. Addressed by path where the S3 endpoint is overridden.
    #[must_use]
    pub fn new(config: &aws_config::SdkConfig, name: impl Into<String>) -> Self {
        let by_path = crate::env::process("AWS_ENDPOINT_URL_S3").is_some() || config.endpoint_url().is_some();
        let config = aws_sdk_s3::config::Builder::from(config).force_path_style(by_path).build();
        Self {
            client: aws_sdk_s3::Client::from_conf(config),
            name: name.into(),
            policy: retry::BATCH,
            puts: Arc::default(),
        }
    }

    /// The same, with every call tried again by another policy than [`retry::BATCH`].
    #[must_use]
    pub fn with_policy(self, policy: Policy) -> Self {
        Self { policy, ..self }
    }

    /// How many objects this bucket and its clones put since this was last asked.
    #[must_use]
    pub fn take_puts(&self) -> u64 {
        self.puts.swap(0, Ordering::Relaxed)
    }

    /// Puts an object whole; one of the same key is replaced.
    ///
    /// # Errors
    /// If S3 does not take it after every attempt.
    pub async fn put(&self, key: &str, body: Bytes) -> Result<(), CallError> {
        retry::transient(self.policy, || async {
            let call = self.client.put_object().bucket(&self.name).key(key);
            let sent = call.body(ByteStream::from(body.clone())).send().await;
            sent.map(|_| ()).map_err(|error| CallError::of(format!("put object {key}"), &error))?;
            self.puts.fetch_add(1, Ordering::Relaxed);
            Ok(())
        })
        .await
    }

    /// Gets an object whole. `None` if there is none, which S3 tells only to who may list the bucket (`s3:ListBucket`); to
    /// others it refuses what is not there like what they may not read, and that is an error.
    ///
    /// # Errors
    /// If S3 does not give it after every attempt.
    pub async fn get(&self, key: &str) -> Result<Option<Bytes>, CallError> {
        retry::transient(self.policy, || async {
            let attempted = || format!("get object {key}");
            match self.client.get_object().bucket(&self.name).key(key).send().await {
                Ok(output) => match output.body.collect().await {
                    Ok(body) => Ok(Some(body.into_bytes())),
                    Err(error) => Err(CallError {
                        failure: crate::failure::Failure::Transient,
                        ..CallError::permanent(attempted(), error.to_string())
                    }),
                },
                Err(error) if error.as_service_error().is_some_and(GetObjectError::is_no_such_key) => Ok(None),
                Err(error) => Err(CallError::of(attempted(), &error)),
            }
        })
        .await
    }

    /// The keys below a prefix, sorted.
    ///
    /// # Errors
    /// If S3 does not list them after every attempt.
    pub async fn list(&self, prefix: &str) -> Result<Vec<String>, CallError> {
        let mut keys = Vec::new();
        let mut token: Option<String> = None;
        loop {
            let page = retry::transient(self.policy, || async {
                let call = self.client.list_objects_v2().bucket(&self.name).prefix(prefix);
                let sent = call.set_continuation_token(token.clone()).send().await;
                sent.map_err(|error| CallError::of(format!("list objects below {prefix}"), &error))
            })
            .await?;
            keys.extend(page.contents().iter().filter_map(|object| object.key().map(ToOwned::to_owned)));
            token = page.next_continuation_token().map(ToOwned::to_owned);
            if token.is_none() {
                keys.sort();
                return Ok(keys);
            }
        }
    }
}
