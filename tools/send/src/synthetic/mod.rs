//! Made-up posts with the distributions and the dirt of the course's data. No row of anybody's data is in here.

mod geo;
mod instant;
mod pin;
mod poison;
mod population;
mod post;
mod user;
mod words;

pub use post::{Dirt, SyntheticPost, dirty, post};
