//! S3: whole objects in one bucket.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use aws_sdk_s3::operation::get_object::GetObjectError;
use aws_sdk_s3::operation::list_objects_v2::ListObjectsV2Output;
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

/// An object as a listing tells it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Stored {
    /// Its key.
    pub key: String,
    /// When it was last put, milliseconds since the epoch, where the listing says so.
    pub modified_ms: Option<i64>,
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

    /// Deletes an object; none of this key is as good.
    ///
    /// # Errors
    /// If S3 does not do so after every attempt.
    pub async fn delete(&self, key: &str) -> Result<(), CallError> {
        retry::transient(self.policy, || async {
            let sent = self.client.delete_object().bucket(&self.name).key(key).send().await;
            sent.map(|_| ()).map_err(|error| CallError::of(format!("delete object {key}"), &error))
        })
        .await
    }

    /// The keys below a prefix, sorted.
    ///
    /// # Errors
    /// If S3 does not list them after every attempt.
    pub async fn list(&self, prefix: &str) -> Result<Vec<String>, CallError> {
        let stored = self.list_stored(prefix).await?;
        Ok(stored.into_iter().map(|object| object.key).collect())
    }

    /// The objects below a prefix, by key, each with when it was last put.
    ///
    /// # Errors
    /// If S3 does not list them after every attempt.
    pub async fn list_stored(&self, prefix: &str) -> Result<Vec<Stored>, CallError> {
        let mut found = Vec::new();
        self.pages(prefix, None, |page| {
            found.extend(page.contents().iter().filter_map(|object| {
                let modified_ms = object.last_modified().and_then(|at| at.to_millis().ok());
                Some(Stored { key: object.key()?.to_owned(), modified_ms })
            }));
        })
        .await?;
        found.sort();
        Ok(found)
    }

    /// What stands for folders directly below a prefix that ends in `/`, each with the prefix and a `/` at its end, sorted.
    ///
    /// # Errors
    /// If S3 does not list them after every attempt.
    pub async fn folders(&self, prefix: &str) -> Result<Vec<String>, CallError> {
        let mut found = Vec::new();
        self.pages(prefix, Some("/"), |page| {
            found.extend(page.common_prefixes().iter().filter_map(|folder| folder.prefix().map(ToOwned::to_owned)));
        })
        .await?;
        found.sort();
        Ok(found)
    }

    async fn pages(
        &self,
        prefix: &str,
        delimiter: Option<&str>,
        mut each: impl FnMut(ListObjectsV2Output),
    ) -> Result<(), CallError> {
        let mut token: Option<String> = None;
        loop {
            let page = retry::transient(self.policy, || async {
                let call = self.client.list_objects_v2().bucket(&self.name).prefix(prefix);
                let call = call.set_delimiter(delimiter.map(ToOwned::to_owned));
                let sent = call.set_continuation_token(token.clone()).send().await;
                sent.map_err(|error| CallError::of(format!("list objects below {prefix}"), &error))
            })
            .await?;
            token = page.next_continuation_token().map(ToOwned::to_owned);
            each(page);
            if token.is_none() {
                return Ok(());
            }
        }
    }
}
