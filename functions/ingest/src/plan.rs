//! What a request comes to before anything is done: records for the streams, or an answer already.
//!
//! Pure: the moment, the rules and who may write come in as values. The order is path, key, body, records, so that a
//! request without a key costs no work.

use std::borrow::Cow;

use http::StatusCode;
use posts::Kind;
use posts::access::Access;
use posts::routes::{ROUTES, Route, Routed, name_in, route};
use posts::rules::Rules;
use serde::Serialize;

use crate::decide::{Judged, Prepared, judge, prepare};
use crate::dialect::Dialect;
use crate::event::Answer;
use crate::outcome::ErrorBody;
use crate::problem::Problem;
use crate::read::Call;
use crate::record::{Refusal, Submission};
use crate::v1::{ContentType, Target};
use crate::{answer, body, kinesis};

/// What a request comes to.
#[derive(Debug)]
pub(crate) enum Plan<'a> {
    /// Nothing is left to do.
    Answered(Answer),
    /// Records to put, and how to answer then.
    Put(Work<'a>),
}

/// Records on their way, with what their answer needs.
#[derive(Debug)]
pub(crate) struct Work<'a> {
    pub(crate) dialect: Dialect,
    pub(crate) records: Vec<Result<Prepared, Refusal>>,
    pub(crate) item: Option<Cow<'a, str>>,
}

/// What a path asks for.
enum Asked {
    Write(Dialect, Option<Kind>),
    Validate,
    CreateStream,
    DeleteStream,
}

/// Plans a request's answer under the rules of a day.
pub(crate) fn plan<'a>(call: &'a Call, access: &Access, rules: &Rules) -> Plan<'a> {
    let asked = match asked(call) {
        Ok(asked) => asked,
        Err(problem) => return Plan::Answered(problem.to_response(&call.request_id)),
    };
    let dialect = match asked {
        Asked::Write(dialect, _) => dialect,
        Asked::Validate => Dialect::V1(Target::Any),
        Asked::CreateStream | Asked::DeleteStream => Dialect::PutRecord,
    };
    planned(call, access, rules, &asked)
        .unwrap_or_else(|problem| Plan::Answered(dialect.refuse(&problem, &call.request_id)))
}

fn asked(call: &Call) -> Result<Asked, Problem> {
    let routed = match route(&call.method, &call.path) {
        Routed::To(routed) => routed,
        Routed::NotFound => return Err(Problem::NotFound),
        Routed::MethodNotAllowed { allow } => return Err(Problem::MethodNotAllowed { allow }),
    };
    let named = || name_in(&call.method, &call.path).or_else(|| call.stream_name()).and_then(Kind::from_name);
    Ok(match routed {
        Route::Write(kind) => Asked::Write(Dialect::V1(Target::Records(kind)), Some(kind)),
        Route::WritePost => Asked::Write(Dialect::V1(Target::WholePost), None),
        Route::WriteBatch => Asked::Write(Dialect::V1(Target::Batch), None),
        Route::Produce => Asked::Write(Dialect::Kafka, named()),
        Route::PutRecord => Asked::Write(Dialect::PutRecord, named()),
        Route::PutRecords => Asked::Write(Dialect::PutRecords, named()),
        Route::PinEcho => Asked::Write(Dialect::PinEcho, Some(Kind::Pin)),
        Route::Validate => Asked::Validate,
        Route::CreateStream => Asked::CreateStream,
        Route::DeleteStream => Asked::DeleteStream,
        // What query takes never comes here through the API, a replay apart, where its path is spelt in another way.
        Route::Replay => return Err(elsewhere(&call.path)),
        _ => return Err(Problem::NotFound),
    })
}

/// Where a request for a replay has to go: the path as API Gateway knows it, seen from the one that was asked for, which may
/// lie below more than we are told of.
fn elsewhere(asked: &str) -> Problem {
    let path = ROUTES.iter().find(|entry| entry.route == Route::Replay).map_or("", |entry| entry.path);
    match asked.strip_prefix('/') {
        Some(rest) if asked != path => {
            let folders = "../".repeat(rest.matches('/').count());
            Problem::SpeltOtherwise { path, location: format!("{folders}{}", path.trim_start_matches('/')) }
        }
        _ => Problem::NotFound,
    }
}

fn planned<'a>(call: &'a Call, access: &Access, rules: &Rules, asked: &Asked) -> Result<Plan<'a>, Problem> {
    if !access.allows(call.write_key()) {
        return Err(Problem::Unauthorized);
    }
    match asked {
        Asked::Write(dialect, hint) => work(call, rules, *dialect, *hint).map(Plan::Put),
        Asked::Validate => validated(call, rules).map(Plan::Answered),
        Asked::CreateStream => Ok(Plan::Answered(kinesis::create_stream())),
        Asked::DeleteStream => Ok(Plan::Answered(kinesis::delete_stream())),
    }
}

fn work<'a>(call: &'a Call, rules: &Rules, dialect: Dialect, hint: Option<Kind>) -> Result<Work<'a>, Problem> {
    let content_type = match dialect {
        Dialect::V1(_) => ContentType::of(call.content_type())?,
        _ => ContentType::Json,
    };
    let key = call.idempotency_key()?;
    let text = body::text(call)?;
    let Submission { form: _, records } = dialect.submission(content_type, &text, hint)?;
    let records = prepare(rules, dialect.unclean(), key.as_ref(), records);
    let item = (dialect == Dialect::PinEcho).then_some(text);
    Ok(Work { dialect, records, item })
}

#[derive(Serialize)]
struct Validation<'a> {
    valid: usize,
    invalid: usize,
    records: Vec<Judgement<'a>>,
}

/// What would become of a record. The row goes back to who sent the record, and to nobody else.
#[derive(Serialize)]
struct Judgement<'a> {
    index: usize,
    valid: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    kind: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    id: Option<&'a str>,
    /// The row of the kind's table.
    #[serde(skip_serializing_if = "Option::is_none")]
    clean: Option<&'a posts::clean::Post<'a>>,
    /// The rules that changed a value.
    rules: &'a [&'static str],
    errors: Vec<ErrorBody<'a>>,
}

/// A dry run: what every record would become, with nothing stored.
fn validated(call: &Call, rules: &Rules) -> Result<Answer, Problem> {
    let key = call.idempotency_key()?;
    let content_type = ContentType::of(call.content_type())?;
    let text = body::text(call)?;
    let Submission { records, .. } = Dialect::V1(Target::Any).submission(content_type, &text, None)?;
    let numbered = records.into_iter().enumerate();
    let judged: Vec<_> = numbered
        .map(|(index, record)| {
            let record = record?;
            judge(rules, key.as_ref().map(|key| key.id_at(index)), &record).map(Judged::into_owned)
        })
        .collect();
    let records = judged.iter().enumerate().map(|(index, judged)| match judged {
        Ok(judged) => Judgement {
            index,
            valid: true,
            kind: Some(judged.cleaned.post.kind().as_str()),
            id: Some(&judged.id),
            clean: Some(&judged.cleaned.post),
            rules: &judged.cleaned.fired,
            errors: Vec::new(),
        },
        Err(refusal) => Judgement {
            index,
            valid: false,
            kind: None,
            id: None,
            clean: None,
            rules: &[],
            errors: vec![refusal.into()],
        },
    });
    let valid = judged.iter().filter(|judged| judged.is_ok()).count();
    let body = Validation { valid, invalid: judged.len() - valid, records: records.collect() };
    Ok(answer::json(StatusCode::OK, "application/json", &body))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_replay_spelt_in_another_way_is_sent_where_the_api_takes_it() {
        let access = Access::Keys(Vec::new());
        let location = |method, path| {
            let call = Call::of_parts(method, path, [], [], Vec::new());
            let Plan::Answered(answer) = plan(&call, &access, posts::rules::at(posts::arrival::Day::containing(0)))
            else {
                panic!("{path}")
            };
            let location = answer.headers().get("location").map(|value| value.to_str().unwrap().to_owned());
            (answer.status().as_u16(), location)
        };
        for (path, want) in [
            ("/dev/v1/quarantine/replay", Some("../../../v1/quarantine/replay")),
            ("//v1/quarantine//replay/", Some("../../../../../v1/quarantine/replay")),
            ("/v1/quarantine/replay/", Some("../../../v1/quarantine/replay")),
            // Nowhere else to go: there would be no end to it.
            ("/v1/quarantine/replay", None),
            ("v1/quarantine/replay", None),
        ] {
            let status = if want.is_some() { 308 } else { 404 };
            assert_eq!(location("POST", path), (status, want.map(str::to_owned)), "{path}");
        }
        assert_eq!(location("PUT", "/dev/v1/quarantine/replay"), (405, None));
    }
}
