//! Who posted it: the clean user, in the course's column order. All of it is required.
//!
//! Names and exact ages are personal: they are kept in the lake and appear in no log and no public answer. What leaves
//! is the age group.

use std::borrow::Cow;

use serde::Serialize;

use crate::column::Column;
use crate::draft::Draft;
use crate::quarantine::{Quarantined, Reason};
use crate::value::{AgeGroup, Ind, PostTime};

/// Nobody is older, in years; the oldest person on record reached 122.
const MAX_AGE: i64 = 150;

/// A clean user.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct User<'a> {
    /// The row number.
    pub ind: Ind,
    /// First and last name with a space between.
    pub user_name: String,
    /// The first name. The course's table holds only the whole name, so this does not leave in JSON.
    #[serde(skip)]
    pub first_name: Cow<'a, str>,
    /// The last name. The course's table holds only the whole name, so this does not leave in JSON.
    #[serde(skip)]
    pub last_name: Cow<'a, str>,
    /// Years, 0 to 150.
    pub age: i64,
    /// When the user joined.
    pub date_joined: PostTime,
}

impl<'a> User<'a> {
    /// With texts of its own.
    pub(crate) fn into_owned(self) -> User<'static> {
        let Self { ind, user_name, first_name, last_name, age, date_joined } = self;
        let [first_name, last_name] = [first_name, last_name].map(|name| Cow::Owned(name.into_owned()));
        User { ind, user_name, first_name, last_name, age, date_joined }
    }

    /// Cleans a record as a user, by the first version of the rules.
    pub(crate) fn clean_v1(draft: &mut Draft<'_, 'a>) -> Result<Self, Quarantined> {
        let ind = draft.ind()?;
        let first_name = draft.required_text(Column::FirstName)?;
        let last_name = draft.required_text(Column::LastName)?;
        let age = draft.whole(Column::Age)?;
        if !(0..=MAX_AGE).contains(&age) {
            return Err(Reason::OutOfRange.in_column(Column::Age));
        }
        let date_joined = draft.time(Column::DateJoined)?;
        let user_name = [&first_name, " ", &last_name].concat();
        Ok(Self { ind, user_name, first_name, last_name, age, date_joined })
    }

    /// The course's age group; none under 18.
    #[must_use]
    pub fn age_group(&self) -> Option<AgeGroup> {
        AgeGroup::of(self.age)
    }
}
