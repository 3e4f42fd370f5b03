//! User records: who posted. The source holds no dirty value here but the four ways to write a time.

use serde::Serialize;

use crate::synthetic::instant::Form;
use crate::synthetic::population::Identity;

#[derive(Serialize)]
struct User<'a> {
    ind: u64,
    first_name: &'a str,
    last_name: &'a str,
    age: u64,
    date_joined: String,
}

/// The JSON text of a user record.
pub(super) fn body(ind: u64, identity: &Identity, form: Form) -> String {
    let user = User {
        ind,
        first_name: identity.first_name,
        last_name: identity.last_name,
        age: identity.age,
        date_joined: form.write(identity.joined_s),
    };
    serde_json::to_string(&user).expect("numbers and strings always serialise")
}
