//! Serves the numbers: what is popular in a window, how many posts a minute, the answers of history, and the page that
//! shows them.
//!
//! A request is read, decided, done and answered, in that order and in files of those names. It reads, and puts down
//! what a holder of a write key wants done to stored records (`replay`): no number is written, no record is seen, and a number
//! comes from pages and stored answers or is not given at all. Deciding and summing
//! are plain functions over values, `now` among them; only reading pages and objects is async.

mod all;
mod answer;
mod borrowed;
mod config;
mod cost;
mod csv;
mod decide;
mod described;
mod event;
mod format;
mod handle;
mod history;
mod objects;
mod pages;
mod parameters;
mod pipeline;
mod popularity;
mod problem;
mod profiles;
mod quarantine;
mod rate;
mod read;
mod ready;
mod reconciliation;
mod replay;
mod root;
mod site;
mod start;
mod status;
mod tally;
mod totals;
mod trace;
mod version;
mod window;

pub use config::Config;
pub use handle::{State, handle, handle_at};
pub use start::run;
