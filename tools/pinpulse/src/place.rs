//! Where a lake is: in the folder that `pinpulse local` keeps, or in a bucket on AWS.

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use aws::boot::S3Settings;
use aws::bucket::Bucket;
use aws::live::LiveTable;
use clap::Args;
use history::Lake;
use serde::Deserialize;
use url::Url;

/// Where to look for the lake.
#[derive(Debug, Args)]
pub struct PlaceArgs {
    /// The folder that `pinpulse local` keeps.
    #[arg(long, default_value = ".pinpulse", env = "PINPULSE_DATA_DIR", value_name = "DIR")]
    pub data_dir: PathBuf,
    /// A lake's bucket on AWS instead, reached with the environment's credentials and region.
    #[arg(long, value_name = "NAME")]
    pub bucket: Option<String>,
}

/// Why a lake cannot be reached.
#[derive(Debug, thiserror::Error)]
pub enum PlaceError {
    /// No tables lie there.
    #[error(
        "find tables in {0}: there are none; post something to `pinpulse local` and run `pinpulse batch`, or name the \
         folder with --data-dir"
    )]
    NoTables(String),
    /// No local Pinpulse runs there.
    #[error("reach the `pinpulse local` of folder {0}: it does not run, or keeps another folder (--data-dir)")]
    NotRunning(String),
}

/// What `local.json` tells of a running local Pinpulse, as far as it matters here.
#[derive(Debug, Deserialize)]
struct Facts {
    dynamodb: String,
    s3: String,
    access_key_id: String,
    secret_access_key: String,
    region: String,
    tables: Vec<String>,
    buckets: Vec<String>,
}

impl PlaceArgs {
    /// The lake, to be read.
    ///
    /// # Errors
    /// If the folder holds no tables.
    pub fn lake(&self) -> Result<Lake, PlaceError> {
        if let Some(bucket) = &self.bucket {
            return Ok(Lake::in_bucket(bucket, &S3Settings::read(aws::env::process)));
        }
        let folder = bucket_folder(&self.data_dir).and_then(|folder| Url::from_directory_path(folder).ok());
        let folder = folder.ok_or_else(|| self.no_tables())?;
        Ok(Lake::at(folder.as_str().trim_end_matches('/'), HashMap::new()))
    }

    /// Says that there are no tables.
    #[must_use]
    pub fn no_tables(&self) -> PlaceError {
        let place = self.data_dir.display().to_string();
        PlaceError::NoTables(self.bucket.as_ref().map_or(place, |bucket| format!("bucket {bucket}")))
    }

    /// The stores, to be written to: those of the local Pinpulse that runs in the folder, or on AWS, with the live table's
    /// name.
    ///
    /// # Errors
    /// If none runs there.
    pub async fn stores(&self, table: Option<&str>) -> Result<(LiveTable, Bucket), PlaceError> {
        if let (Some(bucket), Some(table)) = (&self.bucket, table) {
            let sdk = aws::boot::sdk_config().await;
            return Ok((LiveTable::new(&sdk, table), Bucket::new(&sdk, bucket)));
        }
        let not_running = || PlaceError::NotRunning(self.data_dir.display().to_string());
        let text = std::fs::read(self.data_dir.join("local.json")).map_err(|_| not_running())?;
        let facts: Facts = serde_json::from_slice(&text).map_err(|_| not_running())?;
        let (Some(table), Some(bucket)) = (facts.tables.first(), lake_bucket(&facts.buckets)) else {
            return Err(not_running());
        };
        let keys = (facts.access_key_id.as_str(), facts.secret_access_key.as_str());
        let [dynamodb, s3] =
            [&facts.dynamodb, &facts.s3].map(|endpoint| aws::boot::sdk_config_at(endpoint, &facts.region, keys));
        Ok((LiveTable::new(&dynamodb.await, table), Bucket::new(&s3.await, bucket)))
    }
}

/// The template has one bucket.
fn lake_bucket(buckets: &[String]) -> Option<&String> {
    buckets.first()
}

/// The local bucket that holds tables.
fn bucket_folder(data_dir: &Path) -> Option<PathBuf> {
    let buckets = std::fs::read_dir(data_dir.join("s3")).ok()?;
    let mut folders = buckets.filter_map(|bucket| bucket.ok()?.path().canonicalize().ok());
    folders.find(|folder| folder.join("tables").is_dir())
}
