//! The functions under test and their instances: cold ones, warm ones, and those that come back late.

use std::cell::RefCell;
use std::rc::Rc;

use aws::bucket::Bucket;
use aws::live::LiveTable;
use aws::stream::PostStream;
use fastrand::Rng;
use posts::delivery::Delivery;

use crate::cloud::{BUCKET, TABLE};

/// A function that follows the streams.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Function {
    Popularity,
    Archive,
}

/// One instance of a function, with what it remembers.
enum Instance {
    Popularity(popularity::State),
    Archive(archive::State),
}

/// Warm instances of one function kept at a time.
const MAX_WARM: usize = 4;

/// A function's instances over the stores.
#[derive(Clone)]
pub(crate) struct Instances {
    function: Function,
    table: LiveTable,
    bucket: Bucket,
    streams: PostStream,
    warm: Rc<RefCell<Vec<Instance>>>,
}

impl Instances {
    pub(crate) fn new(function: Function, sdk: &aws::SdkConfig) -> Self {
        Self {
            function,
            table: LiveTable::new(sdk, TABLE),
            bucket: Bucket::new(sdk, BUCKET),
            streams: PostStream::new(sdk),
            warm: Rc::default(),
        }
    }

    pub(crate) const fn function(&self) -> Function {
        self.function
    }

    /// Invokes the function: an instance at random, or a fresh one. The sequence numbers that it says have failed.
    pub(crate) async fn invoke(&self, mut random: Rng, delivery: Delivery) -> Vec<String> {
        let instance = self.take(&mut random);
        let response = match &instance {
            Instance::Popularity(state) => Box::pin(popularity::handle(state, delivery)).await,
            Instance::Archive(state) => Box::pin(archive::handle(state, delivery)).await,
        };
        // Only now: an instance works on one event at a time, and one that is stopped in between never comes back.
        let mut warm = self.warm.borrow_mut();
        if warm.len() < MAX_WARM {
            warm.push(instance);
        }
        let failures = response.batch_item_failures.into_iter();
        failures.map(|failure| failure.item_identifier.unwrap_or_default()).collect()
    }

    fn take(&self, random: &mut Rng) -> Instance {
        let mut warm = self.warm.borrow_mut();
        if !warm.is_empty() && random.u8(..4) > 0 {
            let at = random.usize(..warm.len());
            return warm.swap_remove(at);
        }
        match self.function {
            Function::Popularity => {
                Instance::Popularity(popularity::State::new(self.table.clone(), self.streams.clone()))
            }
            Function::Archive => {
                Instance::Archive(archive::State::new(self.table.clone(), self.bucket.clone(), self.streams.clone()))
            }
        }
    }
}

impl std::fmt::Display for Function {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.write_str(match self {
            Self::Popularity => "popularity",
            Self::Archive => "archive",
        })
    }
}
