//! The backend with a lock per object around it, staged writes, and a listing that does not walk everything.
//!
//! Operations the backend does not know answer `NotImplemented`. A key may not be a folder of another key (`a` and
//! `a/b`), have empty, `.` or `..` parts, or a part above 255 bytes: keys are paths here.

use super::locks::Locks;
use super::{listing, staging};
use s3s::dto::{
    AbortMultipartUploadInput, AbortMultipartUploadOutput, CompleteMultipartUploadInput, CompleteMultipartUploadOutput,
    CopyObjectInput, CopyObjectOutput, CopySource, CreateBucketInput, CreateBucketOutput, CreateMultipartUploadInput,
    CreateMultipartUploadOutput, DeleteBucketInput, DeleteBucketOutput, DeleteObjectInput, DeleteObjectOutput,
    DeleteObjectsInput, DeleteObjectsOutput, DeletedObject, ETagCondition, Error as KeyError, GetBucketLocationInput,
    GetBucketLocationOutput, GetObjectInput, GetObjectOutput, HeadBucketInput, HeadBucketOutput, HeadObjectInput,
    HeadObjectOutput, ListBucketsInput, ListBucketsOutput, ListObjectsInput, ListObjectsOutput, ListObjectsV2Input,
    ListObjectsV2Output, ListPartsInput, ListPartsOutput, PutObjectInput, PutObjectOutput, StreamingBlob,
    UploadPartCopyInput, UploadPartCopyOutput, UploadPartInput, UploadPartOutput,
};
use s3s::{S3, S3Request, S3Response, S3Result, s3_error};
use s3s_fs::FileSystem;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

pub(super) struct Guarded {
    root: PathBuf,
    files: FileSystem,
    locks: Locks,
    staged: AtomicU64,
}

impl Guarded {
    pub(super) fn open(root: &Path) -> Result<Self, String> {
        staging::clear(root).map_err(|failure| failure.to_string())?;
        let files = FileSystem::new(root).map_err(|failure| format!("{failure:?}"))?;
        Ok(Self { root: root.to_owned(), files, locks: Locks::new(), staged: AtomicU64::new(0) })
    }

    fn next_staged(&self) -> String {
        self.staged.fetch_add(1, Ordering::Relaxed).to_string()
    }

    /// Moves what was written under the staged name into place, or forgets it if the writing failed.
    async fn settle<T>(&self, written: S3Result<T>, staged: String, bucket: String, key: String) -> S3Result<T> {
        let root = self.root.clone();
        match written {
            Ok(written) => {
                on_disk(move || staging::publish(&root, &staged, &bucket, &key)).await?;
                Ok(written)
            }
            Err(refused) => {
                on_disk(move || {
                    staging::discard(&root, &staged);
                    Ok(())
                })
                .await?;
                Err(refused)
            }
        }
    }

    /// The conditions of a write, to be checked under the object's lock.
    async fn check_conditions(&self, input: &PutObjectInput) -> S3Result<()> {
        let target = self.root.join(&input.bucket).join(&input.key);
        let absent_only = input.if_none_match.as_ref().is_some_and(ETagCondition::is_any);
        if absent_only && target.exists() {
            return Err(s3_error!(PreconditionFailed, "the object exists"));
        }
        let Some(wanted) = &input.if_match else { return Ok(()) };
        if !target.exists() {
            return Err(s3_error!(PreconditionFailed, "the object does not exist"));
        }
        let ETagCondition::ETag(wanted) = wanted else { return Ok(()) };
        let object =
            HeadObjectInput { bucket: input.bucket.clone(), key: input.key.clone(), ..HeadObjectInput::default() };
        let found = self.files.head_object(own_request(object)).await?.output.e_tag;
        match found {
            Some(found) if found.strong_cmp(wanted) => Ok(()),
            _ => Err(s3_error!(PreconditionFailed, "the ETag is another")),
        }
    }

    fn check_bucket(&self, bucket: &str) -> S3Result<()> {
        if self.root.join(bucket).is_dir() { Ok(()) } else { Err(s3_error!(NoSuchBucket)) }
    }

    async fn forget_sides(&self, bucket: &str, key: &str) -> S3Result<()> {
        let (root, bucket, key) = (self.root.clone(), bucket.to_owned(), key.to_owned());
        on_disk(move || staging::remove_sides(&root, &bucket, &key)).await
    }
}

#[async_trait::async_trait]
impl S3 for Guarded {
    async fn put_object(&self, mut req: S3Request<PutObjectInput>) -> S3Result<S3Response<PutObjectOutput>> {
        self.check_bucket(&req.input.bucket)?;
        let _write = self.locks.write(&req.input.bucket, &req.input.key).await;
        if req.input.key.ends_with('/') {
            return self.files.put_object(req).await;
        }
        check_key(&req.input.key)?;
        if let Err(refused) = self.check_conditions(&req.input).await {
            drain(req.input.body).await;
            return Err(refused);
        }
        req.input.if_none_match = None;
        req.input.if_match = None;
        let staged = self.next_staged();
        let bucket = std::mem::replace(&mut req.input.bucket, staging::BUCKET.to_owned());
        let key = std::mem::replace(&mut req.input.key, staged.clone());
        let written = self.files.put_object(req).await;
        self.settle(written, staged, bucket, key).await
    }

    async fn copy_object(&self, mut req: S3Request<CopyObjectInput>) -> S3Result<S3Response<CopyObjectOutput>> {
        let CopySource::Bucket { bucket: from_bucket, key: from_key, .. } = &req.input.copy_source else {
            return Err(s3_error!(NotImplemented));
        };
        self.check_bucket(&req.input.bucket)?;
        check_key(&req.input.key)?;
        let _both = self.locks.copy((from_bucket, from_key), (&req.input.bucket, &req.input.key)).await;
        let staged = self.next_staged();
        let bucket = std::mem::replace(&mut req.input.bucket, staging::BUCKET.to_owned());
        let key = std::mem::replace(&mut req.input.key, staged.clone());
        let written = self.files.copy_object(req).await;
        self.settle(written, staged, bucket, key).await
    }

    async fn complete_multipart_upload(
        &self,
        req: S3Request<CompleteMultipartUploadInput>,
    ) -> S3Result<S3Response<CompleteMultipartUploadOutput>> {
        let input = &req.input;
        let _write = self.locks.write(&input.bucket, &input.key).await;
        if input.if_match.is_none() && input.if_none_match.is_none() {
            // The backend would keep the checksums of what is overwritten.
            self.forget_sides(&input.bucket, &input.key).await?;
        }
        self.files.complete_multipart_upload(req).await
    }

    async fn create_multipart_upload(
        &self,
        req: S3Request<CreateMultipartUploadInput>,
    ) -> S3Result<S3Response<CreateMultipartUploadOutput>> {
        self.check_bucket(&req.input.bucket)?;
        check_key(&req.input.key)?;
        if !staging::takes_parts(&req.input.bucket, &req.input.key) {
            return Err(s3_error!(KeyTooLongError, "too long to be uploaded in parts here"));
        }
        self.files.create_multipart_upload(req).await
    }

    async fn get_object(&self, req: S3Request<GetObjectInput>) -> S3Result<S3Response<GetObjectOutput>> {
        let _read = self.locks.read(&req.input.bucket, &req.input.key).await;
        self.check_bucket(&req.input.bucket)?;
        // The file is open when this returns: what replaces it later is another file.
        self.files.get_object(req).await
    }

    async fn head_object(&self, req: S3Request<HeadObjectInput>) -> S3Result<S3Response<HeadObjectOutput>> {
        let _read = self.locks.read(&req.input.bucket, &req.input.key).await;
        self.files.head_object(req).await
    }

    async fn delete_object(&self, req: S3Request<DeleteObjectInput>) -> S3Result<S3Response<DeleteObjectOutput>> {
        let (bucket, key) = (req.input.bucket.clone(), req.input.key.clone());
        let _write = self.locks.write(&bucket, &key).await;
        let deleted = self.files.delete_object(req).await?;
        self.forget_sides(&bucket, &key).await?;
        Ok(deleted)
    }

    async fn delete_objects(&self, req: S3Request<DeleteObjectsInput>) -> S3Result<S3Response<DeleteObjectsOutput>> {
        self.check_bucket(&req.input.bucket)?;
        let mut output = DeleteObjectsOutput::default();
        for object in req.input.delete.objects {
            let bucket = req.input.bucket.clone();
            let one = DeleteObjectInput { bucket, key: object.key.clone(), ..DeleteObjectInput::default() };
            match self.delete_object(own_request(one)).await {
                Ok(_) => {
                    let deleted = DeletedObject { key: Some(object.key), ..DeletedObject::default() };
                    output.deleted.get_or_insert_default().push(deleted);
                }
                Err(refused) => {
                    let code = Some(refused.code().as_str().to_owned());
                    let failed = KeyError { key: Some(object.key), code, ..KeyError::default() };
                    output.errors.get_or_insert_default().push(failed);
                }
            }
        }
        if req.input.delete.quiet == Some(true) {
            output.deleted = None;
        }
        Ok(S3Response::new(output))
    }

    async fn list_objects_v2(&self, req: S3Request<ListObjectsV2Input>) -> S3Result<S3Response<ListObjectsV2Output>> {
        self.check_bucket(&req.input.bucket)?;
        if !listing::understands(&req.input) {
            return self.files.list_objects_v2(req).await;
        }
        let bucket = self.root.join(&req.input.bucket);
        on_disk(move || listing::page(&bucket, req.input)).await.map(S3Response::new)
    }

    async fn list_objects(&self, req: S3Request<ListObjectsInput>) -> S3Result<S3Response<ListObjectsOutput>> {
        self.files.list_objects(req).await
    }

    async fn create_bucket(&self, req: S3Request<CreateBucketInput>) -> S3Result<S3Response<CreateBucketOutput>> {
        self.files.create_bucket(req).await
    }

    async fn delete_bucket(&self, req: S3Request<DeleteBucketInput>) -> S3Result<S3Response<DeleteBucketOutput>> {
        self.files.delete_bucket(req).await
    }

    async fn head_bucket(&self, req: S3Request<HeadBucketInput>) -> S3Result<S3Response<HeadBucketOutput>> {
        self.files.head_bucket(req).await
    }

    async fn list_buckets(&self, req: S3Request<ListBucketsInput>) -> S3Result<S3Response<ListBucketsOutput>> {
        self.files.list_buckets(req).await
    }

    async fn get_bucket_location(
        &self,
        req: S3Request<GetBucketLocationInput>,
    ) -> S3Result<S3Response<GetBucketLocationOutput>> {
        self.files.get_bucket_location(req).await
    }

    async fn upload_part(&self, req: S3Request<UploadPartInput>) -> S3Result<S3Response<UploadPartOutput>> {
        self.files.upload_part(req).await
    }

    async fn upload_part_copy(
        &self,
        req: S3Request<UploadPartCopyInput>,
    ) -> S3Result<S3Response<UploadPartCopyOutput>> {
        self.files.upload_part_copy(req).await
    }

    async fn list_parts(&self, req: S3Request<ListPartsInput>) -> S3Result<S3Response<ListPartsOutput>> {
        self.files.list_parts(req).await
    }

    async fn abort_multipart_upload(
        &self,
        req: S3Request<AbortMultipartUploadInput>,
    ) -> S3Result<S3Response<AbortMultipartUploadOutput>> {
        self.files.abort_multipart_upload(req).await
    }
}

/// A key that is a path below its bucket, and nothing else.
fn check_key(key: &str) -> S3Result<()> {
    if key.split('/').any(|part| matches!(part, "" | "." | "..")) {
        return Err(s3_error!(InvalidArgument, "a key has no empty, '.' or '..' parts here"));
    }
    if key.split('/').any(|part| part.len() > 255) {
        return Err(s3_error!(KeyTooLongError, "a part of a key has at most 255 bytes here"));
    }
    Ok(())
}

/// Reads and forgets the body: a client still writing would see a broken connection instead of the refusal.
async fn drain(body: Option<StreamingBlob>) {
    use futures::StreamExt as _;
    if let Some(mut body) = body {
        while let Some(Ok(_)) = body.next().await {}
    }
}

/// A request from inside, for the backend's eyes only: it looks at the input and nothing else.
fn own_request<T>(input: T) -> S3Request<T> {
    S3Request {
        input,
        method: http::Method::GET,
        uri: http::Uri::default(),
        headers: http::HeaderMap::default(),
        extensions: http::Extensions::default(),
        credentials: None,
        region: None,
        service: None,
        trailing_headers: None,
    }
}

/// File work off the threads that answer.
async fn on_disk<T: Send + 'static>(work: impl FnOnce() -> io::Result<T> + Send + 'static) -> S3Result<T> {
    match tokio::task::spawn_blocking(work).await {
        Ok(Ok(done)) => Ok(done),
        Ok(Err(failure)) => Err(s3_error!(failure, InternalError)),
        Err(failure) => Err(s3_error!(failure, InternalError)),
    }
}
