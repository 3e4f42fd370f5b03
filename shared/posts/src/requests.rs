//! Work that was asked for over HTTP and waits until history comes to it: an object for each request.

use serde::{Deserialize, Serialize};

use crate::arrival::rfc3339;
use crate::quarantine::Reason;

/// What the keys of replays that wait begin with.
pub const REPLAYS_PREFIX: &str = "requests/replay/";

/// That posts in quarantine are to be given another chance.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ReplayRequest {
    /// Only those that are there for this reason; all of them without one.
    pub reason: Option<Reason>,
}

impl ReplayRequest {
    /// Whether doing this does the other as well.
    #[must_use]
    pub fn holds(self, other: Self) -> bool {
        self.reason.is_none() || self == other
    }
}

/// The key of a request made at a moment; `own` tells it from others of the same moment. Keys are in the order of moments.
#[must_use]
pub fn replay_key(now_ms: i64, own: u64) -> String {
    format!("{REPLAYS_PREFIX}{}-{own:016x}.json", rfc3339(now_ms).replace(['-', ':', '.'], ""))
}

/// What has to be done for requests that wait: each wish once, and one for all posts alone, since it does every other.
#[must_use]
pub fn wishes(waiting: &[ReplayRequest]) -> Vec<ReplayRequest> {
    let everything = ReplayRequest { reason: None };
    if waiting.contains(&everything) {
        return vec![everything];
    }
    let mut wishes = waiting.to_vec();
    wishes.sort_unstable();
    wishes.dedup();
    wishes
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(reason: Reason) -> ReplayRequest {
        ReplayRequest { reason: Some(reason) }
    }

    #[test]
    fn a_request_comes_back_and_one_of_another_form_is_none() {
        let read = |text: &str| serde_json::from_str::<ReplayRequest>(text).ok();
        for request in [ReplayRequest { reason: None }, of(Reason::NotJson)] {
            assert_eq!(read(&serde_json::to_string(&request).unwrap()), Some(request));
        }
        assert_eq!(serde_json::to_string(&of(Reason::IdConflict)).unwrap(), r#"{"reason":"id_conflict"}"#);
        for text in [r#"{"reason":"x"}"#, r#"{"reason":null,"all":true}"#, "[]", "null", "", r#"{"reason":1}"#] {
            assert_eq!(read(text), None, "{text}");
        }
    }

    #[test]
    fn keys_are_in_the_order_of_their_moments() {
        assert_eq!(replay_key(0, 255), "requests/replay/19700101T000000000Z-00000000000000ff.json");
        assert!(replay_key(1, 0) > replay_key(0, u64::MAX));
    }

    #[test]
    fn equal_requests_are_one_wish_and_all_holds_every_other() {
        let (json, id, all) = (of(Reason::NotJson), of(Reason::IdConflict), ReplayRequest { reason: None });
        assert_eq!(wishes(&[]), []);
        assert_eq!(wishes(&[id, json, id, json, id]), [json, id]);
        assert_eq!(wishes(&[id, json, all, id]), [all]);
        assert!(all.holds(id) && id.holds(id) && !id.holds(json) && !id.holds(all));
    }
}
