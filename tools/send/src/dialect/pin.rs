//! The course's first version: a small web server that takes one pin a request and echoes it.

use crate::client::Method;
use crate::dialect::Wire;
use crate::parcel::Parcel;

pub(super) fn wire(parcel: &Parcel) -> Wire {
    Wire {
        method: Method::Post,
        path: "/pin/".to_owned(),
        content_type: "application/json",
        idempotency_key: None,
        body: parcel.records.first().map(|record| record.body.clone()).unwrap_or_default(),
    }
}
