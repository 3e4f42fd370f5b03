//! Which operation a request is, from its method, path, query and headers, without reading its body.
//!
//! Kinesis and DynamoDB name it in `x-amz-target`; for S3 it follows from the REST form of each operation (Amazon S3
//! API Reference, "Actions"). Only the operations that the local S3 knows are told apart; the rest are `Unknown`.

use super::rule::Service;
use http::Method;
use http::request::Parts;

/// The API name of the operation, or `Unknown`.
pub(crate) fn name(service: Service, request: &Parts) -> String {
    match service {
        Service::Kinesis | Service::DynamoDb => target(request).unwrap_or("Unknown").to_owned(),
        Service::S3 => object_operation(request).to_owned(),
    }
}

/// The operation of an AWS JSON request: what follows the last dot of `x-amz-target`.
pub(crate) fn target(request: &Parts) -> Option<&str> {
    let target = request.headers.get("x-amz-target")?.to_str().ok()?;
    target.rsplit_once('.').map(|(_, operation)| operation)
}

fn object_operation(request: &Parts) -> &'static str {
    let path = request.uri.path().trim_start_matches('/');
    let query = Query(request.uri.query().unwrap_or(""));
    match path.split_once('/') {
        _ if path.is_empty() => "ListBuckets",
        None | Some((_, "")) => on_bucket(&request.method, &query),
        Some(_) => on_key(request, &query),
    }
}

fn on_bucket(method: &Method, query: &Query<'_>) -> &'static str {
    match *method {
        Method::PUT => "CreateBucket",
        Method::DELETE => "DeleteBucket",
        Method::HEAD => "HeadBucket",
        Method::POST if query.has("delete") => "DeleteObjects",
        Method::GET if query.has("location") => "GetBucketLocation",
        Method::GET if query.has("uploads") => "ListMultipartUploads",
        Method::GET if query.has("list-type") => "ListObjectsV2",
        Method::GET => "ListObjects",
        _ => "Unknown",
    }
}

fn on_key(request: &Parts, query: &Query<'_>) -> &'static str {
    let copies = request.headers.contains_key("x-amz-copy-source");
    let of_upload = query.has("uploadId");
    match request.method {
        Method::PUT if of_upload && copies => "UploadPartCopy",
        Method::PUT if of_upload => "UploadPart",
        Method::PUT if copies => "CopyObject",
        Method::PUT => "PutObject",
        Method::GET if of_upload => "ListParts",
        Method::GET => "GetObject",
        Method::HEAD => "HeadObject",
        Method::DELETE if of_upload => "AbortMultipartUpload",
        Method::DELETE => "DeleteObject",
        Method::POST if of_upload => "CompleteMultipartUpload",
        Method::POST if query.has("uploads") => "CreateMultipartUpload",
        _ => "Unknown",
    }
}

struct Query<'a>(&'a str);

impl Query<'_> {
    fn has(&self, name: &str) -> bool {
        self.0.split('&').any(|pair| pair.split('=').next() == Some(name))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(service: Service, method: &str, uri: &str, header: Option<(&str, &str)>, want: &str) {
        let mut request = http::Request::builder().method(method).uri(uri);
        if let Some((name, value)) = header {
            request = request.header(name, value);
        }
        let (parts, ()) = request.body(()).unwrap().into_parts();
        assert_eq!(name(service, &parts), want, "{method} {uri}");
    }

    #[test]
    fn an_s3_operation_follows_from_method_path_query_and_copy_source() {
        for (method, uri, want) in [
            ("GET", "/", "ListBuckets"),
            ("PUT", "/lake", "CreateBucket"),
            ("PUT", "/lake/", "CreateBucket"),
            ("GET", "/lake?list-type=2&prefix=raw", "ListObjectsV2"),
            ("GET", "/lake/?prefix=raw", "ListObjects"),
            ("POST", "/lake?delete", "DeleteObjects"),
            ("HEAD", "/lake", "HeadBucket"),
            ("PUT", "/lake/raw/a", "PutObject"),
            ("PUT", "/lake/raw/a?x-id=PutObject", "PutObject"),
            ("GET", "/lake/raw/a?x-id=GetObject", "GetObject"),
            ("HEAD", "/lake/raw/a", "HeadObject"),
            ("DELETE", "/lake/raw/a", "DeleteObject"),
            ("DELETE", "/lake/raw/a?uploadId=1", "AbortMultipartUpload"),
            ("POST", "/lake/raw/a?uploads", "CreateMultipartUpload"),
            ("POST", "/lake/raw/a?uploadId=1", "CompleteMultipartUpload"),
            ("PUT", "/lake/raw/a?partNumber=1&uploadId=1", "UploadPart"),
            ("GET", "/lake/raw/a?uploadId=1", "ListParts"),
            ("PATCH", "/lake/raw/a", "Unknown"),
        ] {
            check(Service::S3, method, uri, None, want);
        }
        check(Service::S3, "PUT", "/lake/b", Some(("x-amz-copy-source", "/lake/a")), "CopyObject");
    }

    #[test]
    fn a_json_operation_is_named_by_its_target() {
        let target = Some(("x-amz-target", "Kinesis_20131202.PutRecords"));
        check(Service::Kinesis, "POST", "/", target, "PutRecords");
        check(Service::DynamoDb, "POST", "/", Some(("x-amz-target", "DynamoDB_20120810.Query")), "Query");
        check(Service::DynamoDb, "POST", "/", None, "Unknown");
    }
}
