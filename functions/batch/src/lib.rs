//! Batch: consolidates the raw archive into Delta tables, every few minutes, every record once.
//!
//! Chain entries that a table does not have yet become its rows, committed together with the mark of the last of them. The
//! mark is all the state there is: a run that dies anywhere, or two at a time, leave tables from which the next run goes
//! on. Nothing here reads what popularity writes; fates are decided again, from the chain alone, by the same rule.

mod chain;
mod clock;
mod columns;
mod config;
mod consolidate;
mod encoder;
mod error;
mod file;
mod handle;
mod increment;
mod lake;
mod lineage;
mod quarantine;
mod row;
mod schema;
mod start;
mod status;
mod summary;
mod window;

pub use config::Config;
pub use error::BatchError;
pub use handle::{State, handle};
pub use lake::LakeSettings;
pub use quarantine::{Held, Quarantine};
pub use start::run;
pub use status::{Status, TableStatus, Watermark};
pub use summary::Summary;
