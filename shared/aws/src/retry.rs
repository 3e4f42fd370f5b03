//! Our own retries: how often, how long apart, with jitter. The SDK's are off, so that nothing retries twice.
//!
//! The delay is a plain function of the attempt and a random share; only [`transient`] sleeps.

use std::time::Duration;

use crate::failure::{CallError, Failure};

/// How a call is tried again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Policy {
    /// Attempts in all, at least 1.
    pub attempts: u32,
    /// The longest first delay.
    pub base: Duration,
    /// The longest delay at all.
    pub cap: Duration,
}

/// For calls a client waits for: at most about a second and a half of delays.
pub const INTERACTIVE: Policy =
    Policy { attempts: 5, base: Duration::from_millis(50), cap: Duration::from_millis(800) };

/// For calls of stream functions, which the event source repeats anyway.
pub const BATCH: Policy = Policy { attempts: 6, base: Duration::from_millis(50), cap: Duration::from_secs(2) };

impl Policy {
    /// The delay after a failed attempt (1, 2, 3 ...): full jitter over a doubling bound. `share` is random in 0.0..1.0.
    #[must_use]
    pub fn delay(&self, attempt: u32, share: f64) -> Duration {
        let doubled = self.base.saturating_mul(2_u32.saturating_pow(attempt.saturating_sub(1)));
        doubled.min(self.cap).mul_f64(share.clamp(0.0, 1.0))
    }
}

/// Makes a call until it succeeds, fails permanently, or the attempts are used up.
///
/// # Errors
/// The last attempt's error.
pub async fn transient<T, F>(policy: Policy, mut call: impl FnMut() -> F) -> Result<T, CallError>
where
    F: Future<Output = Result<T, CallError>>,
{
    let mut attempt = 1;
    loop {
        match call().await {
            Err(error) if error.failure == Failure::Transient && attempt < policy.attempts => {
                tracing::debug!(attempt, code = error.code, "call will be tried again");
                tokio::time::sleep(policy.delay(attempt, fastrand::f64())).await;
                attempt += 1;
            }
            done => return done,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use super::*;

    fn failing(failure: Failure) -> CallError {
        CallError { attempted: "x".to_owned(), failure, code: "c".to_owned(), cause: "y".to_owned() }
    }

    async fn attempts(results: &[Result<(), Failure>]) -> (Result<(), CallError>, usize) {
        let made = Cell::new(0);
        let result = transient(BATCH, || {
            let result = results[made.get().min(results.len() - 1)];
            made.set(made.get() + 1);
            async move { result.map_err(failing) }
        })
        .await;
        (result, made.get())
    }

    #[tokio::test(start_paused = true)]
    async fn a_transient_failure_is_tried_again_until_it_passes() {
        let (result, made) = attempts(&[Err(Failure::Transient), Err(Failure::Transient), Ok(())]).await;
        assert_eq!((result, made), (Ok(()), 3));
    }

    #[tokio::test(start_paused = true)]
    async fn a_permanent_failure_is_not_tried_again() {
        let (result, made) = attempts(&[Err(Failure::Permanent)]).await;
        assert_eq!((result.unwrap_err().failure, made), (Failure::Permanent, 1));
    }

    #[tokio::test(start_paused = true)]
    async fn attempts_end() {
        let (result, made) = attempts(&[Err(Failure::Transient)]).await;
        assert_eq!((result.unwrap_err().failure, made), (Failure::Transient, 6));
    }

    #[test]
    fn delays_double_up_to_the_cap_and_are_shared_out() {
        let policy = Policy { attempts: 9, base: Duration::from_millis(50), cap: Duration::from_secs(2) };
        assert_eq!(policy.delay(1, 1.0), Duration::from_millis(50));
        assert_eq!(policy.delay(3, 0.5), Duration::from_millis(100));
        assert_eq!(policy.delay(60, 1.0), Duration::from_secs(2));
    }
}
