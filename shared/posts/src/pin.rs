//! What was posted: the clean pin, in the course's column order.
//!
//! `downloaded` is read and dropped, as the course does. A pin needs its row number, its UUID and its category; a pin
//! without title, picture or readable followers is a story, and stays.

use serde::Serialize;

use crate::column::Column;
use crate::draft::Draft;
use crate::quarantine::Quarantined;
use crate::value::{FollowerCount, Ind};

/// A clean pin.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Pin {
    /// The row number.
    pub ind: Ind,
    /// The UUID, as stored.
    pub unique_id: String,
    /// The title.
    pub title: Option<String>,
    /// The description, edge spaces included.
    pub description: Option<String>,
    /// How many accounts follow the poster; none where unknown, never 0 for that.
    pub follower_count: Option<FollowerCount>,
    /// The account that posted, edge spaces included.
    pub poster_name: Option<String>,
    /// Tags, separated by commas.
    pub tag_list: Option<String>,
    /// What the pin shows.
    pub is_image_or_video: Option<String>,
    /// Where the picture came from.
    pub image_src: Option<String>,
    /// The folder in which the original crawler saved the picture, such as `/data/art`.
    pub save_location: Option<String>,
    /// The category.
    pub category: String,
}

impl Pin {
    /// Cleans a record as a pin, by the first version of the rules.
    pub(crate) fn clean_v1(draft: &mut Draft<'_>) -> Result<Self, Quarantined> {
        let ind = draft.ind()?;
        let unique_id = draft.required_text(Column::UniqueId)?;
        let title = draft.text(Column::Title)?;
        let description = draft.text(Column::Description)?;
        let follower_count = draft.follower_count();
        let poster_name = draft.text(Column::PosterName)?;
        let tag_list = draft.text(Column::TagList)?;
        let is_image_or_video = draft.text(Column::IsImageOrVideo)?;
        let image_src = draft.text(Column::ImageSrc)?;
        let save_location = draft.save_location()?;
        let category = draft.category(save_location.as_deref())?;
        Ok(Self {
            ind,
            unique_id,
            title,
            description,
            follower_count,
            poster_name,
            tag_list,
            is_image_or_video,
            image_src,
            save_location,
            category,
        })
    }
}
