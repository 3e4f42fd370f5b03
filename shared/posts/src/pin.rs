//! What was posted: the clean pin, in the course's column order.
//!
//! `downloaded` is read and dropped, as the course does. A pin needs its row number, its UUID and its category; a pin
//! without title, picture or readable followers is a story, and stays.

use std::borrow::Cow;

use serde::Serialize;

use crate::column::Column;
use crate::draft::Draft;
use crate::quarantine::Quarantined;
use crate::value::{FollowerCount, Ind};

/// A clean pin.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Pin<'a> {
    /// The row number.
    pub ind: Ind,
    /// The UUID, as stored.
    pub unique_id: Cow<'a, str>,
    /// The title.
    pub title: Option<Cow<'a, str>>,
    /// The description, edge spaces included.
    pub description: Option<Cow<'a, str>>,
    /// How many accounts follow the poster; none where unknown, never 0 for that.
    pub follower_count: Option<FollowerCount>,
    /// The account that posted, edge spaces included.
    pub poster_name: Option<Cow<'a, str>>,
    /// Tags, separated by commas.
    pub tag_list: Option<Cow<'a, str>>,
    /// What the pin shows.
    pub is_image_or_video: Option<Cow<'a, str>>,
    /// Where the picture came from.
    pub image_src: Option<Cow<'a, str>>,
    /// The folder in which the original crawler saved the picture, such as `/data/art`.
    pub save_location: Option<Cow<'a, str>>,
    /// The category.
    pub category: Cow<'a, str>,
}

impl<'a> Pin<'a> {
    /// With texts of its own.
    pub(crate) fn into_owned(self) -> Pin<'static> {
        let own = |text: Option<Cow<'_, str>>| text.map(|text| Cow::Owned(text.into_owned()));
        Pin {
            ind: self.ind,
            unique_id: Cow::Owned(self.unique_id.into_owned()),
            title: own(self.title),
            description: own(self.description),
            follower_count: self.follower_count,
            poster_name: own(self.poster_name),
            tag_list: own(self.tag_list),
            is_image_or_video: own(self.is_image_or_video),
            image_src: own(self.image_src),
            save_location: own(self.save_location),
            category: Cow::Owned(self.category.into_owned()),
        }
    }

    /// Cleans a record as a pin, by the first version of the rules.
    pub(crate) fn clean_v1(draft: &mut Draft<'_, 'a>) -> Result<Self, Quarantined> {
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
