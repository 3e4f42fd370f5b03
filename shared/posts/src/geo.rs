//! Where and when it was posted: the clean geo, in the course's column order. All of it is required.

use std::borrow::Cow;

use serde::ser::{Serialize, SerializeStruct, Serializer};

use crate::column::Column;
use crate::draft::Draft;
use crate::quarantine::Quarantined;
use crate::value::{Ind, PostTime};

/// The poles.
const LATITUDE_LIMIT_DEGREES: f64 = 90.0;
/// The antimeridian, from either side.
const LONGITUDE_LIMIT_DEGREES: f64 = 180.0;

/// A clean geo.
#[derive(Debug, Clone, PartialEq)]
pub struct Geo<'a> {
    /// The row number.
    pub ind: Ind,
    /// The country, as stored.
    pub country: Cow<'a, str>,
    /// Degrees north, -90 to 90.
    pub latitude: f64,
    /// Degrees east, -180 to 180.
    pub longitude: f64,
    /// When it was posted.
    pub timestamp: PostTime,
}

impl<'a> Geo<'a> {
    /// With texts of its own.
    pub(crate) fn into_owned(self) -> Geo<'static> {
        let Self { ind, country, latitude, longitude, timestamp } = self;
        Geo { ind, country: Cow::Owned(country.into_owned()), latitude, longitude, timestamp }
    }

    /// Cleans a record as a geo, by the first version of the rules.
    pub(crate) fn clean_v1(draft: &mut Draft<'_, 'a>) -> Result<Self, Quarantined> {
        Ok(Self {
            ind: draft.ind()?,
            country: draft.required_text(Column::Country)?,
            latitude: draft.degrees(Column::Latitude, LATITUDE_LIMIT_DEGREES)?,
            longitude: draft.degrees(Column::Longitude, LONGITUDE_LIMIT_DEGREES)?,
            timestamp: draft.time(Column::Timestamp)?,
        })
    }

    /// `[latitude, longitude]` in degrees, the form in which both leave.
    #[must_use]
    pub const fn coordinates(&self) -> [f64; 2] {
        [self.latitude, self.longitude]
    }
}

/// By hand, because the two angles leave as one column.
impl Serialize for Geo<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut columns = serializer.serialize_struct("Geo", 4)?;
        columns.serialize_field("ind", &self.ind)?;
        columns.serialize_field("country", &self.country)?;
        columns.serialize_field("coordinates", &self.coordinates())?;
        columns.serialize_field("timestamp", &self.timestamp)?;
        columns.end()
    }
}
