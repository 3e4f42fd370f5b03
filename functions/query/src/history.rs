//! Historical answers: which object holds one, and what the client is told of it.
//!
//! Answers come as `history` stored them, as JSON byte for byte. Nothing is computed here.

use std::borrow::Cow;

use posts::questions::{LATEST_KEY, Question};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use crate::csv::{Row, csv};
use crate::format::Format;
use crate::objects;
use crate::problem::Problem;

/// The most bytes an answer's text may take in what the function gives back: Lambda takes 6,291,556 bytes (its quota for
/// synchronous invocations), and the rest is for headers.
const MAX_ENCODED_BYTES: usize = 6_291_556 - 64 * 1_024;

/// A request for an answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Wanted {
    pub(crate) question: Question,
    /// The run whose answer it is, if not the newest: letters, digits and hyphens.
    pub(crate) as_of: Option<String>,
    pub(crate) format: Format,
}

#[derive(Deserialize)]
struct Stored<'a> {
    #[serde(borrow)]
    columns: Vec<Column<'a>>,
    #[serde(borrow)]
    rows: &'a RawValue,
}

#[derive(Deserialize)]
struct Column<'a> {
    #[serde(borrow)]
    name: Cow<'a, str>,
}

impl Wanted {
    /// The object that holds the answer.
    pub(crate) fn key(&self) -> String {
        match &self.as_of {
            None => self.question.key(),
            Some(run) => self.question.key_of_run(run),
        }
    }

    /// What it means that there is no such object.
    pub(crate) fn missing(&self) -> Problem {
        if self.as_of.is_some() { Problem::NoSuchRun } else { Problem::NoRunYet }
    }

    /// The answer's text, from the object's body.
    pub(crate) fn text(&self, body: &[u8]) -> Result<String, Problem> {
        let key = self.key();
        let stored: Stored<'_> = objects::parse(&key, body)?;
        let text = match self.format {
            Format::Json => str::from_utf8(body).map_err(|_| objects::unreadable(&key, "not utf-8"))?.to_owned(),
            Format::Csv => {
                let rows: Vec<Row<'_>> = objects::parse(&key, stored.rows.get().as_bytes())?;
                let columns: Vec<_> = stored.columns.into_iter().map(|column| column.name).collect();
                csv(&columns, &rows)
            }
        };
        if encoded_bytes(&text) > MAX_ENCODED_BYTES {
            return Err(Problem::TooLarge { key });
        }
        Ok(text)
    }
}

/// Bytes of a text as a JSON string, which is what the function's answer holds.
fn encoded_bytes(text: &str) -> usize {
    let escaped = |byte| match byte {
        b'"' | b'\\' | b'\n' | b'\r' | b'\t' => 2,
        0..0x20 => 6,
        _ => 1,
    };
    text.bytes().map(escaped).sum()
}

#[derive(Deserialize)]
struct Latest<'a> {
    #[serde(borrow)]
    run: Cow<'a, str>,
    #[serde(borrow)]
    table_versions: &'a RawValue,
}

#[derive(Serialize)]
struct List<'a> {
    run: Option<&'a str>,
    table_versions: Option<&'a RawValue>,
    questions: [Link; Question::ALL.len()],
}

#[derive(Serialize)]
struct Link {
    question: &'static str,
    link: String,
}

/// The questions, with the newest complete run if there was one: `latest` is the body of its pointer.
pub(crate) fn list(latest: Option<&[u8]>) -> Result<String, Problem> {
    let latest: Option<Latest<'_>> = latest.map(|body| objects::parse(LATEST_KEY, body)).transpose()?;
    let questions = Question::ALL
        .map(|question| Link { question: question.name(), link: format!("/v1/history/{}", question.name()) });
    let list = List {
        run: latest.as_ref().map(|latest| latest.run.as_ref()),
        table_versions: latest.as_ref().map(|latest| latest.table_versions),
        questions,
    };
    Ok(serde_json::to_string(&list).expect("plain structs always serialise into memory"))
}

#[cfg(test)]
mod tests {
    use posts::routes::{Route, Routed, route};

    use super::*;

    fn wanted(format: Format) -> Wanted {
        Wanted { question: Question::CategoryByYear, as_of: None, format }
    }

    #[test]
    fn every_link_of_the_list_leads_to_an_answer() {
        let list: serde_json::Value = serde_json::from_str(&list(None).unwrap()).unwrap();
        assert_eq!((&list["run"], &list["table_versions"]), (&serde_json::Value::Null, &serde_json::Value::Null));
        let links = list["questions"].as_array().unwrap();
        assert_eq!(links.len(), Question::ALL.len());
        for link in links {
            assert_eq!(route("GET", link["link"].as_str().unwrap()), Routed::To(Route::Answer));
        }
    }

    #[test]
    fn an_object_of_another_form_is_not_passed_on() {
        for body in
            [&b""[..], b"{", b"{}", b"\xff", br#"{"columns":[{}],"rows":[]}"#, br#"{"columns":[],"rows":["\xff"]}"#]
        {
            for format in Format::ALL {
                assert_eq!(wanted(format).text(body), Err(Problem::Unreadable), "{body:?}");
            }
        }
        let body = br#"{"columns":[],"rows":[1]}"#;
        assert_eq!(wanted(Format::Csv).text(body), Err(Problem::Unreadable));
        assert_eq!(list(Some(b"{}")), Err(Problem::Unreadable));
    }

    #[test]
    fn an_answer_is_as_large_as_lambda_takes_and_no_larger() {
        let body = |bytes: usize| {
            let frame = r#"{"columns":[],"rows":[""]}"#;
            let escapes = frame.bytes().filter(|byte| *byte == b'"').count();
            let fill = "x".repeat(bytes - frame.len() - escapes);
            frame.replace(r#""""#, &format!("\"{fill}\""))
        };
        let largest = body(MAX_ENCODED_BYTES);
        assert_eq!(encoded_bytes(&largest), serde_json::to_string(&largest).unwrap().len() - 2);
        assert_eq!(wanted(Format::Json).text(largest.as_bytes()), Ok(largest));
        let key = "history/category_by_year.json".to_owned();
        let larger = body(MAX_ENCODED_BYTES + 1);
        assert_eq!(wanted(Format::Json).text(larger.as_bytes()), Err(Problem::TooLarge { key }));
    }

    #[test]
    fn a_text_is_as_long_as_it_is_encoded() {
        for text in ["", "plain", "\"\\\n\r\t", "\u{1}\u{1f}", "\u{e9}\u{1f600}"] {
            assert_eq!(encoded_bytes(text), serde_json::to_string(text).unwrap().len() - 2, "{text:?}");
        }
    }
}
