//! The values of a clean post: one type an idea, each with one way in that checks it.

mod age_group;
mod follower_count;
mod ind;
mod number;
mod post_time;
mod text;

pub use age_group::AgeGroup;
pub use follower_count::FollowerCount;
pub use ind::Ind;
pub use post_time::PostTime;

pub(crate) use follower_count::{Multiplier, ReadCount};
pub(crate) use number::{degrees, has_point_or_exponent, whole};
pub(crate) use post_time::{DateForm, ReadTime};
pub(crate) use text::{category_in, is_blank, trimmed, without_save_prefix};
