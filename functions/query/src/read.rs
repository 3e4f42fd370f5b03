//! What this function reads of an API Gateway request, whichever kind of API it came through.

use lambda_http::aws_lambda_events::query_map::QueryMap;
use lambda_http::http::header::HeaderMap;
use lambda_http::request::RequestContext;
use lambda_http::{Request, RequestExt};
use posts::routes::without_stage;

/// A request, read but not judged.
#[derive(Debug)]
pub(crate) struct Call {
    /// Lambda's id of the invocation, which stands in the logs; else API Gateway's.
    pub(crate) request_id: String,
    pub(crate) method: String,
    /// Without the stage.
    pub(crate) path: String,
    /// The stage, where the client had to write it into the path.
    pub(crate) stage: Option<String>,
    /// Whether an answer may be bytes: a REST API hands them on as the base64 they travel in, unless it is told not to.
    pub(crate) takes_bytes: bool,
    /// Whether the client wrote a slash at the path's end: what a relative link is relative to.
    pub(crate) ends_in_slash: bool,
    pub(crate) headers: HeaderMap,
    pub(crate) parameters: QueryMap,
    /// Base64 is taken off.
    pub(crate) body: Vec<u8>,
}

impl Call {
    pub(crate) fn read(request: &Request) -> Self {
        let Context { stage, client_path, request_id } = Context::of(request);
        let takes_bytes = matches!(request.request_context_ref(), Some(RequestContext::ApiGatewayV2(_)));
        let has_stage = client_path.as_deref().is_some_and(|path| without_stage(stage.as_deref(), path) != path);
        Self {
            request_id: lambda_id(request).or(request_id).unwrap_or_default(),
            method: request.method().as_str().to_owned(),
            path: without_stage(stage.as_deref().filter(|_| has_stage), request.raw_http_path()).to_owned(),
            stage: stage.filter(|_| has_stage),
            takes_bytes,
            ends_in_slash: client_path.as_deref().is_none_or(|path| path.ends_with('/')),
            headers: request.headers().clone(),
            parameters: request.query_string_parameters(),
            body: request.body().to_vec(),
        }
    }

    /// The write key, from the header, or from the parameter that clients use that cannot set one.
    pub(crate) fn write_key(&self) -> Option<&str> {
        match self.headers.get("x-api-key") {
            // A key is visible ASCII; a header that is none is a wrong key, and not none.
            Some(value) => Some(value.to_str().unwrap_or_default()),
            None => self.parameters.first("key"),
        }
    }
}

fn lambda_id(request: &Request) -> Option<String> {
    request.lambda_context_ref().map(|context| context.request_id.clone()).filter(|id| !id.is_empty())
}

/// What the two kinds of API tell in different places.
#[derive(Default)]
struct Context {
    stage: Option<String>,
    /// The path as the client wrote it.
    client_path: Option<String>,
    request_id: Option<String>,
}

impl Context {
    fn of(request: &Request) -> Self {
        match request.request_context_ref() {
            Some(RequestContext::ApiGatewayV2(context)) => Self {
                stage: context.stage.clone(),
                client_path: Some(request.raw_http_path().to_owned()),
                request_id: context.request_id.clone(),
            },
            // A REST API takes its stage off the path, and leaves it on the one in the context.
            Some(RequestContext::ApiGatewayV1(context)) => Self {
                stage: context.stage.clone(),
                client_path: context.path.clone(),
                request_id: context.request_id.clone(),
            },
            _ => Self::default(),
        }
    }
}
