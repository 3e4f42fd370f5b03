//! Schedules: what EventBridge Scheduler does for a function with a `ScheduleV2` event.
//!
//! Source of its facts: EventBridge Scheduler user guide, "Schedule types in EventBridge Scheduler". Times are UTC;
//! flexible windows, other time zones and one-time schedules (`at`) are not imitated.

mod cron;
mod expression;
mod scheduler;

pub use expression::{Expression, ExpressionError};
pub use scheduler::{Schedule, Scheduler};
