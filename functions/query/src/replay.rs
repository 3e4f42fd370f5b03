//! A replay of what is in quarantine, asked for by a holder of a write key: put down as an object that history's next run
//! finds.
//!
//! The one thing this function writes, and it touches no number: it says what somebody wants and is done by another. Asked
//! twice, because an answer was lost, it is done once or twice to the same end. A request that cannot be meant is refused
//! here, so that nobody waits for what will never be done.

use aws::bucket::Bucket;
use aws::failure::{CallError, is_throttle};
use futures::future::BoxFuture;
use lambda_http::http::header;
use posts::access::Access;
use posts::quarantine::Reason;
use posts::requests::{REPLAYS_PREFIX, ReplayRequest, replay_key};
use serde::Serialize;
use serde::de::{Deserialize, Deserializer, IgnoredAny, MapAccess, Visitor};
use serde_json::value::RawValue;

use crate::problem::{Fault, Problem};
use crate::read::Call;

/// Bytes of a body, at most: many times what the longest reason needs.
pub(crate) const MAX_BODY_BYTES: usize = 1_024;

/// Characters of a member's name that a pointer repeats back.
const MAX_POINTER_NAME_CHARS: usize = 64;

/// What a request asks for. No body, an empty object and a reason of null mean every post.
pub(crate) fn wanted(call: &Call, access: &Access) -> Result<ReplayRequest, Problem> {
    if !access.allows(call.write_key()) {
        return Err(Problem::Unauthorized);
    }
    let body = call.body.strip_prefix("\u{feff}".as_bytes()).unwrap_or(&call.body);
    if body.len() > MAX_BODY_BYTES {
        return Err(Problem::BodyTooLarge);
    }
    if body.trim_ascii().is_empty() {
        return Ok(ReplayRequest { reason: None });
    }
    let sent_as = |name| call.headers.get(name).map(|value| value.to_str().unwrap_or("?").trim());
    if !is_json(sent_as(header::CONTENT_TYPE)) {
        return Err(Problem::UnsupportedContentType);
    }
    if !matches!(sent_as(header::CONTENT_ENCODING), None | Some("" | "identity")) {
        return Err(Problem::UnsupportedEncoding);
    }
    read(std::str::from_utf8(body).map_err(|_| Problem::NotUtf8)?)
}

/// What the other paths of `/v1` take for JSON, but lines: here one object is all there is.
fn is_json(content_type: Option<&str>) -> bool {
    let essence = content_type.unwrap_or_default().split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    matches!(essence.as_str(), "" | "application/json" | "text/json" | "text/plain")
        || essence.starts_with("application/") && essence.ends_with("+json")
}

fn read(text: &str) -> Result<ReplayRequest, Problem> {
    let not_json = |error: serde_json::Error| Problem::NotJson { line: error.line(), column: error.column() };
    // First whether it is JSON at all, however deep: what it means is looked at afterwards.
    serde_json::from_str::<IgnoredAny>(text).map_err(not_json)?;
    if !text.trim_start().starts_with('{') {
        return Err(refused(vec![Fault::new("not_object", "", "send one object, such as {\"reason\":\"not_json\"}")]));
    }
    let Members(members) = serde_json::from_str(text).map_err(not_json)?;
    let (mut reason, mut faults) = (None, Vec::new());
    for (name, value) in members {
        match name.as_str() {
            "reason" if reason.is_some() => {
                faults.push(Fault::new("duplicate_member", "/reason", "the member is there twice"));
            }
            "reason" => reason = Some(reason_of(value.get())),
            _ => faults.push(Fault::new("unknown_member", pointer(&name), "the only member is reason")),
        }
    }
    match reason.transpose() {
        Ok(reason) if faults.is_empty() => Ok(ReplayRequest { reason: reason.flatten() }),
        Ok(_) => Err(refused(faults)),
        Err(NoReason) => {
            let codes = Reason::ALL.map(Reason::code).join(", ");
            faults.push(Fault::new("unknown_reason", "/reason", format!("one of {codes}, or null for all")));
            Err(refused(faults))
        }
    }
}

/// A value that is neither null nor a reason's code.
struct NoReason;

/// Not by the reason's own form in JSON, which is read from objects too.
fn reason_of(value: &str) -> Result<Option<Reason>, NoReason> {
    let Some(code) = serde_json::from_str::<Option<String>>(value).map_err(|_| NoReason)? else { return Ok(None) };
    Reason::ALL.into_iter().find(|reason| reason.code() == code).map(Some).ok_or(NoReason)
}

fn refused(faults: Vec<Fault>) -> Problem {
    Problem::Refused { faults }
}

/// A member's JSON pointer. A name too long to be one is left out, since it is the client's text.
fn pointer(name: &str) -> String {
    if name.chars().nth(MAX_POINTER_NAME_CHARS).is_some() {
        return String::new();
    }
    format!("/{}", name.replace('~', "~0").replace('/', "~1"))
}

/// An object's members in their order, names that come twice included.
struct Members(Vec<(String, Box<RawValue>)>);

impl<'de> Deserialize<'de> for Members {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct InOrder;
        impl<'de> Visitor<'de> for InOrder {
            type Value = Members;

            fn expecting(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                out.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut object: A) -> Result<Members, A::Error> {
                let mut members = Vec::new();
                while let Some(member) = object.next_entry()? {
                    members.push(member);
                }
                Ok(Members(members))
            }
        }
        deserializer.deserialize_map(InOrder)
    }
}

/// What the client is told.
#[derive(Debug, Serialize)]
pub(crate) struct Accepted {
    queued: Request,
    says: &'static str,
    /// Where its effect shows.
    see: [&'static str; 2],
}

#[derive(Debug, Serialize)]
struct Request {
    job: &'static str,
    reason: Option<Reason>,
    /// Its object's name, without what all of them begin with.
    id: String,
}

/// Puts a request where history finds it.
pub(crate) async fn queue(bucket: &Bucket, request: ReplayRequest, now_ms: i64) -> Result<Accepted, Problem> {
    let key = replay_key(now_ms, fastrand::u64(..));
    let body = serde_json::to_vec(&request).expect("a plain struct always serialises into memory");
    putting(bucket, &key, body).await.map_err(|error| {
        tracing::error!(code = error.code, "failed to queue a replay: {error}");
        Problem::NotQueued { throttled: is_throttle(&error.code) }
    })?;
    let id = key.trim_start_matches(REPLAYS_PREFIX).trim_end_matches(".json").to_owned();
    Ok(Accepted {
        queued: Request { job: "replay", reason: request.reason, id },
        says: "history's next run does it, at most 15 minutes from now unless its schedule was changed; the run of batch \
               after it makes rows of the posts that today's rules can clean, each once, under their own ids",
        see: ["/v1/pipeline", "/v1/quarantine"],
    })
}

/// Boxed with its type told: the SDK's futures nest deeper than the compiler follows when it lays out one type of them all.
fn putting<'a>(bucket: &'a Bucket, key: &'a str, body: Vec<u8>) -> BoxFuture<'a, Result<(), CallError>> {
    Box::pin(bucket.put(key, body.into()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn faults(text: &str) -> Vec<(&'static str, String)> {
        match read(text) {
            Err(Problem::Refused { faults }) => faults.into_iter().map(|fault| (fault.code, fault.pointer)).collect(),
            other => panic!("{text}: {other:?}"),
        }
    }

    #[test]
    fn a_reason_none_and_null_are_read() {
        let all = ReplayRequest { reason: None };
        for text in ["{}", " { } ", r#"{"reason":null}"#] {
            assert_eq!(read(text), Ok(all), "{text}");
        }
        for reason in Reason::ALL {
            let text = format!("{{\"reason\": \"{}\"}}", reason.code());
            assert_eq!(read(&text), Ok(ReplayRequest { reason: Some(reason) }));
        }
        assert_eq!(read(r#"{"r\u0065ason":"not_json"}"#), Ok(ReplayRequest { reason: Some(Reason::NotJson) }));
    }

    #[test]
    fn what_cannot_be_meant_is_named_where_it_stands() {
        for text in ["[]", "null", "\"not_json\"", "[{}]", "7"] {
            assert_eq!(faults(text), [("not_object", String::new())], "{text}");
        }
        for value in ["\"NOT_JSON\"", "\"\"", "1", "true", "[]", "{}", "[\"not_json\"]", "{\"not_json\":null}"] {
            let text = format!("{{\"reason\":{value}}}");
            assert_eq!(faults(&text), [("unknown_reason", "/reason".to_owned())], "{text}");
        }
        let twice = r#"{"reason":"not_json","reason":null,"a/b~":1}"#;
        assert_eq!(
            faults(twice),
            [("duplicate_member", "/reason".to_owned()), ("unknown_member", "/a~1b~0".to_owned())]
        );
        let long = format!("{{\"{}\":1}}", "x".repeat(MAX_POINTER_NAME_CHARS + 1));
        assert_eq!(faults(&long), [("unknown_member", String::new())]);
    }

    #[test]
    fn what_is_no_json_is_said_with_its_place_and_nesting_stops_nobody() {
        for (text, line, column) in [("{", 1, 1), ("reason=not_json", 1, 1), ("{}{}", 1, 3), ("{\n\"a\"}", 2, 4)] {
            assert_eq!(read(text), Err(Problem::NotJson { line, column }), "{text}");
        }
        let deep = format!("{{\"reason\":{}{}}}", "[".repeat(500), "]".repeat(500));
        assert_eq!(faults(&deep), [("unknown_reason", "/reason".to_owned())]);
        let deep = format!("{}{}", "[".repeat(500), "]".repeat(500));
        assert_eq!(faults(&deep), [("not_object", String::new())]);
    }

    #[test]
    fn a_content_type_only_refuses_what_cannot_be_json() {
        for (header, json) in [
            (None, true),
            (Some("Application/JSON; charset=utf-8"), true),
            (Some("text/plain"), true),
            (Some("application/x+json"), true),
            (Some("application/x-www-form-urlencoded"), false),
            (Some("application/x-ndjson"), false),
            (Some("?"), false),
        ] {
            assert_eq!(is_json(header), json, "{header:?}");
        }
    }
}
