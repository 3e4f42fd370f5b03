//! The event as the bytes that came.
//!
//! The runtime reads a payload by a general reader that notes the way to every member for its errors, and has to look
//! through all of the text before the type itself can. Reading the bytes directly takes a quarter off the work of a delivery
//! (docs/BENCHMARKS.md). So a layer takes the body out of the invocation before the runtime reads it; what is left there is
//! `null`, and costs nothing.

use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};

use bytes::Bytes;
use lambda_runtime::LambdaInvocation;
use lambda_runtime::tower::{Layer, Service};

/// The body of the invocation at hand. An instance has one at a time.
#[derive(Debug, Clone, Default)]
pub(crate) struct Body(Arc<Mutex<Bytes>>);

impl Body {
    /// Takes the body out, once an invocation.
    pub(crate) fn take(&self) -> Bytes {
        self.replace(Bytes::new())
    }

    fn replace(&self, body: Bytes) -> Bytes {
        std::mem::replace(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner), body)
    }
}

impl<S> Layer<S> for Body {
    type Service = Emptied<S>;

    fn layer(&self, inner: S) -> Emptied<S> {
        Emptied { inner, body: self.clone() }
    }
}

/// Calls a service with invocations whose body has been taken out.
#[derive(Debug, Clone)]
pub(crate) struct Emptied<S> {
    inner: S,
    body: Body,
}

impl<S: Service<LambdaInvocation>> Service<LambdaInvocation> for Emptied<S> {
    type Response = S::Response;
    type Error = S::Error;
    type Future = S::Future;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(context)
    }

    fn call(&mut self, mut invocation: LambdaInvocation) -> S::Future {
        let body = std::mem::replace(&mut invocation.body, Bytes::from_static(b"null"));
        self.body.replace(body);
        self.inner.call(invocation)
    }
}
