//! History: answers the historical questions by SQL over the Delta tables, keeps the totals behind live popularity, and
//! proves the live numbers right.
//!
//! A run opens the four tables at their newest versions, cuts them at the watermarks that all four have passed
//! (`watermark`), asks the questions ([`questions`]) and publishes the answers with the versions they were computed from
//! (`publish`). Asked to, it recounts the live pages from the same tables and says whether they are equal (`recount`), or
//! tidies the tables without changing a row (`maintain`); and it does what was asked for over HTTP (`queue`). It writes
//! answers, and nothing that an answer could show; run twice, or stopped at any point, it leaves nothing wrong behind.

mod answer;
mod append;
mod config;
mod cutoff;
mod error;
mod handle;
mod import;
mod inputs;
mod lake;
mod maintain;
mod profiles;
mod publish;
pub mod questions;
mod queue;
mod recount;
mod replay;
mod request;
mod session;
mod sql;
mod start;
mod totals;
mod watermark;

pub use answer::{Answer, Column, ask, query};
pub use config::Config;
pub use error::Error;
pub use handle::{Outcome, State, Summary, handle};
pub use import::{Imported, Source, import, import_name};
pub use lake::{Lake, TableVersions, Tables};
pub use maintain::{Maintenance, RAW_ORPHAN_DAYS, Tidied};
pub use profiles::{Profile, Profiles};
pub use queue::Requested;
pub use recount::{Days, InFlight, Mismatch, Reconciliation, Said, Tally};
pub use replay::Replayed;
pub use session::{session, uncut};
pub use sql::{TABLES_AND_VIEWS, sql};
pub use start::run;
pub use totals::Totals;
pub use watermark::Watermarks;
