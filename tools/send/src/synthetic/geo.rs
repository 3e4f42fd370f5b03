//! Geo records: when and where. The source holds no dirty value here but the four ways to write a time.

use serde::Serialize;

use crate::draw::Draws;
use crate::synthetic::instant::Form;
use crate::synthetic::population::Identity;

/// 2017-10-20 01:44:03, the earliest post of the sample. After the last joining, so no post precedes its user's.
pub(super) const FIRST_POST_S: u64 = 1_508_463_843;
/// 2022-10-18 15:43:00, the latest.
pub(super) const LAST_POST_S: u64 = 1_666_107_780;

#[derive(Serialize)]
struct Geo<'a> {
    ind: u64,
    timestamp: String,
    latitude: f64,
    longitude: f64,
    country: &'a str,
}

/// The JSON text of a geo record. Posts spread evenly over the years, as the sample's do.
pub(super) fn body(ind: u64, identity: &Identity, form: Form, draws: &mut Draws) -> String {
    let geo = Geo {
        ind,
        timestamp: form.write(draws.within(FIRST_POST_S, LAST_POST_S)),
        latitude: identity.latitude,
        longitude: identity.longitude,
        country: identity.country,
    };
    serde_json::to_string(&geo).expect("numbers here are finite and strings always serialise")
}
