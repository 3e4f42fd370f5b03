//! Kafka's REST proxy, version 2, as the course's batch script speaks it: JSON values, posted to one topic a kind.

use serde::Deserialize;

use crate::client::{Answer, Method};
use crate::dialect::{Verdict, Verdicts, Wire, named};
use crate::parcel::Parcel;

const CONTENT_TYPE: &str = "application/vnd.kafka.json.v2+json";
/// The proxy's code for a message that may succeed if it is sent again; 1 is for one that will not.
const RETRIABLE: u64 = 2;

pub(super) fn wire(parcel: &Parcel, user: &str) -> Wire {
    let values: Vec<String> = parcel.records.iter().map(|record| format!(r#"{{"value":{}}}"#, record.body)).collect();
    Wire {
        method: Method::Post,
        path: format!("/topics/{user}.{}", named(parcel.kind)),
        content_type: CONTENT_TYPE,
        idempotency_key: None,
        body: format!(r#"{{"records":[{}]}}"#, values.join(",")),
    }
}

#[derive(Deserialize)]
struct Produced {
    #[serde(default)]
    offsets: Vec<Offset>,
}

#[derive(Deserialize)]
struct Offset {
    error_code: Option<u64>,
    error: Option<String>,
}

/// One offset a record, in order; each may hold an error although the answer is 200.
pub(super) fn verdicts(answer: &Answer, records: u64) -> Verdicts {
    let Ok(produced) = serde_json::from_slice::<Produced>(&answer.body) else {
        return Verdicts::Count(records);
    };
    let each = produced.offsets.into_iter().map(|offset| match offset.error_code {
        None => Verdict::Accepted,
        Some(code) => {
            let error = offset.error.unwrap_or_else(|| format!("error code {code}"));
            // Some proxies put the codes of whole answers here: 429xx and 5xxxx pass.
            let passes = code == RETRIABLE || code / 100 == 429 || code / 10_000 == 5;
            if passes { Verdict::Again(error) } else { Verdict::Rejected(error) }
        }
    });
    Verdicts::Each(each.collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_offset_with_an_error_is_no_acceptance() {
        let body = br#"{"offsets":[{"partition":0,"offset":1,"error_code":null,"error":null},
            {"partition":null,"offset":null,"error_code":2,"error":"later"},
            {"error_code":1,"error":"never"},{"error_code":50301}],"key_schema_id":null}"#;
        let answer = Answer { status: 200, retry_after: None, body: body.to_vec(), quarantined: 0 };
        let want = [
            Verdict::Accepted,
            Verdict::Again("later".to_owned()),
            Verdict::Rejected("never".to_owned()),
            Verdict::Again("error code 50301".to_owned()),
        ];
        assert_eq!(verdicts(&answer, 4), Verdicts::Each(want.to_vec()));
        let bare = Answer { body: b"ok".to_vec(), ..answer };
        assert_eq!(verdicts(&bare, 4), Verdicts::Count(4));
    }
}
