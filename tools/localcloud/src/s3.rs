//! S3: the protocol by `s3s`, the files by `s3s-fs`, and what that backend lacks by us.
//!
//! An object is a plain file `<bucket>/<key>`, so other programs can read the folder; nothing but this process may
//! write it.

mod guarded;
mod listing;
mod locks;
mod staging;

use crate::fault::{Service, wire};
use crate::listen::{self, Partial};
use crate::stores::{OpenError, StoreError};
use axum::body::Body;
use guarded::Guarded;
use http::{Request, Response};
use hyper::body::Incoming;
use s3s::auth::SimpleAuth;
use s3s::service::{S3Service, S3ServiceBuilder};
use std::path::{Path, PathBuf};

/// The buckets in one folder. A clone is another handle on the same buckets.
#[derive(Clone)]
pub(crate) struct Buckets {
    root: PathBuf,
    service: S3Service,
}

impl Buckets {
    /// Opens the folder, which must be there. Requests must be signed with these keys.
    pub(crate) fn open(root: &Path, access_key: &str, secret_key: &str) -> Result<Self, OpenError> {
        let guarded = Guarded::open(root).map_err(|reason| OpenError::S3 { reason })?;
        let mut builder = S3ServiceBuilder::new(guarded);
        builder.set_auth(SimpleAuth::from_single(access_key, secret_key));
        Ok(Self { root: root.to_owned(), service: builder.build() })
    }

    /// Creates the bucket unless it is there.
    pub(crate) fn create(&self, name: &str) -> Result<(), StoreError> {
        if !s3s::path::check_bucket_name(name) {
            return Err(StoreError::BucketName { bucket: name.to_owned() });
        }
        let created = std::fs::create_dir_all(self.root.join(name));
        created.map_err(|source| StoreError::Bucket { bucket: name.to_owned(), source })
    }
}

impl listen::Store for Buckets {
    const SERVICE: Service = Service::S3;

    async fn answer(
        &self,
        _operation: String,
        request: Request<Incoming>,
        _partial: Option<Partial>,
    ) -> Response<Body> {
        match self.service.call(request.map(s3s::Body::from)).await {
            Ok(response) => response.map(Body::new),
            Err(failure) => {
                tracing::error!(?failure, "failed to answer an s3 request");
                wire::internal_error(Service::S3)
            }
        }
    }
}
