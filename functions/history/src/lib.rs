//! History: answers the historical questions by SQL over the Delta tables, keeps the totals behind live popularity, and
//! proves the live numbers right.
//!
//! A run opens the four tables at their newest versions, cuts them at the watermarks that all four have passed
//! (`watermark`), asks the questions ([`questions`]) and publishes the answers with the versions they were computed from
//! (`publish`). Asked to, it recounts the live pages from the same tables and says whether they are equal (`recount`). It
//! reads the lake and the live table and writes only answers; run twice, or stopped at any point, it leaves nothing wrong
//! behind.

mod answer;
mod config;
mod cutoff;
mod error;
mod handle;
mod lake;
mod profiles;
mod publish;
pub mod questions;
mod recount;
mod request;
mod session;
mod start;
mod totals;
mod watermark;

pub use answer::{Answer, Column, ask};
pub use config::Config;
pub use error::Error;
pub use handle::{Outcome, State, Summary, handle};
pub use lake::{Lake, TableVersions, Tables};
pub use profiles::{Profile, Profiles};
pub use recount::{Days, InFlight, Mismatch, Reconciliation, Said, Tally};
pub use session::session;
pub use start::run;
pub use totals::Totals;
pub use watermark::Watermarks;
