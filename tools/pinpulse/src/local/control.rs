//! What the local server can do beyond the functions of the template, asked for through the same Invoke API: draining.
//!
//! `pinpulse-drain` has the event source deliver what it holds and answers when every follower has passed the tips that the
//! shards had at the call. In the cloud there is no such function: there, time does it.

use std::sync::Arc;

use bytes::Bytes;
use futures::FutureExt as _;
use futures::future::BoxFuture;
use localcloud::{Invoke, InvokeError, Lambda, Poller};

/// The name it answers to.
pub const DRAIN: &str = "pinpulse-drain";

/// The functions, and draining.
pub(super) struct Control {
    pub(super) lambda: Lambda,
    pub(super) poller: Arc<Poller>,
}

impl Invoke for Control {
    fn invoke<'a>(&'a self, function: &'a str, payload: Bytes) -> BoxFuture<'a, Result<Bytes, InvokeError>> {
        if function == DRAIN {
            let poller = self.poller.clone();
            return async move {
                poller.drained().await;
                Ok(Bytes::from_static(b"{}"))
            }
            .boxed();
        }
        self.lambda.invoke(function, payload).boxed()
    }
}
