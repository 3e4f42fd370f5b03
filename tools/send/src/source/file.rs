//! Posts from files.
//!
//! NDJSON lines are records of any kind, entries of the batch form (`{"kind","id","data"}`) or whole posts (`{"pin","geo","user"}`).
//! A CSV file has a header and one record a row; all its values travel as texts, which cleaning reads as well. A line that cannot be
//! read is reported by its number, never by its content, and the rest goes on.

use std::collections::VecDeque;
use std::fs::File;
use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};

use futures::StreamExt as _;
use futures::stream;
use posts::Kind;
use posts::fields::Fields;
use serde_json::Value;
use serde_json::value::RawValue;

use crate::record::Sending;
use crate::source::{Source, SourceError};

/// The sendings of a file, one line after the other.
pub(super) type Lines = Box<dyn Iterator<Item = Result<Sending, SourceError>> + Send>;

/// The records of files, one file after the other, under ids that begin with `run` unless they bring their own.
///
/// # Errors
/// If a file cannot be opened: all are tried before anything is sent.
pub(crate) fn files(run: &str, paths: &[PathBuf]) -> Result<Source, SourceError> {
    Ok(stream::iter(lines(run, paths)?).boxed())
}

/// The same, to be read at once.
pub(super) fn lines(run: &str, paths: &[PathBuf]) -> Result<Lines, SourceError> {
    let mut opened = VecDeque::new();
    for path in paths {
        let file = File::open(path).map_err(|error| failed(path, &error))?;
        opened.push_back((path.clone(), file));
    }
    let run = run.to_owned();
    let records = opened.into_iter().enumerate().flat_map(move |(index, (path, file))| {
        let stem = format!("{run}-{index}");
        let is_csv = path.extension().is_some_and(|ending| ending.eq_ignore_ascii_case("csv"));
        if is_csv { csv(stem, path, file) } else { ndjson(stem, path, file) }
    });
    Ok(Box::new(records))
}

fn ndjson(stem: String, path: PathBuf, file: File) -> Lines {
    let mut reader = BufReader::new(file);
    let mut line = 0_u64;
    let mut over = false;
    Box::new(std::iter::from_fn(move || {
        while !over {
            let mut bytes = Vec::new();
            line += 1;
            match reader.read_until(b'\n', &mut bytes) {
                Ok(0) => break,
                Ok(_) if bytes.trim_ascii().is_empty() => {}
                Ok(_) => {
                    let sending = line_sending(&format!("{stem}-{line}"), bytes.trim_ascii());
                    return Some(sending.map_err(|what| SourceError::Line { path: path.clone(), line, what }));
                }
                Err(error) => {
                    over = true;
                    return Some(Err(failed(&path, &error)));
                }
            }
        }
        None
    }))
}

/// The members of an object by which its shape is told. A member that is there twice makes this fail, and the line is taken as a record.
#[derive(Default, serde::Deserialize)]
#[serde(default)]
struct Shape<'a> {
    id: Option<Value>,
    kind: Option<Value>,
    #[serde(borrow)]
    data: Option<&'a RawValue>,
    #[serde(borrow)]
    pin: Option<&'a RawValue>,
    #[serde(borrow)]
    geo: Option<&'a RawValue>,
    #[serde(borrow)]
    user: Option<&'a RawValue>,
}

/// One line of NDJSON as what is to be sent.
fn line_sending(stem: &str, line: &[u8]) -> Result<Sending, &'static str> {
    let text = std::str::from_utf8(line).map_err(|_| "not UTF-8")?;
    let json: &RawValue = serde_json::from_str(text).map_err(|_| "not JSON")?;
    let shape: Shape = serde_json::from_str(json.get()).unwrap_or_default();
    if let (Some(pin), Some(geo), Some(user)) = (shape.pin, shape.geo, shape.user) {
        let bodies = [(Kind::Pin, pin), (Kind::Geo, geo), (Kind::User, user)];
        return Ok(Sending::post(stem, bodies.map(|(kind, body)| (kind, body.get().to_owned()))));
    }
    let own_id = shape.id.as_ref().and_then(written_id);
    // No record has a field of this name. What broken clients send is no object either, and is kept as an entry all the same.
    let is_entry = |data: &&RawValue| data.get().starts_with('{') || own_id.is_some();
    if let Some(data) = shape.data.filter(is_entry) {
        let named = shape.kind.as_ref().and_then(Value::as_str).and_then(Kind::from_name);
        return Ok(Sending::single(stem, own_id, named.or_else(|| kind_of(data.get())), data.get().to_owned()));
    }
    let kind = kind_of(json.get());
    let body = if own_id.is_some() { without_id(json.get()) } else { json.get().to_owned() };
    Ok(Sending::single(stem, own_id, kind, body))
}

/// An id as the door reads it: text, or a number's digits.
fn written_id(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    }
}

/// The record without its top-level id, which names the record and is none of its fields. Numbers keep their digits.
fn without_id(json: &str) -> String {
    let members: Result<std::collections::BTreeMap<&str, &RawValue>, _> = serde_json::from_str(json);
    let Ok(mut members) = members else {
        return json.to_owned();
    };
    members.remove("id");
    serde_json::to_string(&members).unwrap_or_else(|_| json.to_owned())
}

fn kind_of(json: &str) -> Option<Kind> {
    Fields::parse(json.as_bytes()).ok()?.kind()
}

fn csv(stem: String, path: PathBuf, file: File) -> Lines {
    let mut reader = csv::ReaderBuilder::new().flexible(true).from_reader(BufReader::new(file));
    let header = match reader.headers() {
        Ok(header) => header.clone(),
        Err(error) => return Box::new(std::iter::once(Err(unreadable(&path, &error)))),
    };
    Box::new(reader.into_records().enumerate().map(move |(row, record)| {
        let record = record.map_err(|error| unreadable(&path, &error))?;
        let line = record.position().map_or(0, csv::Position::line);
        if record.len() != header.len() {
            return Err(SourceError::Line { path: path.clone(), line, what: "not as many values as the header" });
        }
        let body = row_body(&header, &record);
        Ok(Sending::single(&format!("{stem}-{row}"), None, kind_of(&body), body))
    }))
}

/// A row as JSON. An empty value is null; a column without a name is a row number that some tool wrote, and left out.
fn row_body(header: &csv::StringRecord, record: &csv::StringRecord) -> String {
    let named = header.iter().zip(record).filter(|(name, _)| !name.is_empty());
    let members = named.map(|(name, value)| {
        let value = if value.is_empty() { Value::Null } else { Value::from(value) };
        (name.trim().to_owned(), value)
    });
    Value::Object(members.collect()).to_string()
}

/// A row that is no UTF-8 spoils that row only; anything else ends the file.
fn unreadable(path: &Path, error: &csv::Error) -> SourceError {
    match error.kind() {
        csv::ErrorKind::Utf8 { pos, .. } => SourceError::Line {
            path: path.to_owned(),
            line: pos.as_ref().map_or(0, csv::Position::line),
            what: "not UTF-8",
        },
        _ => failed(path, error),
    }
}

fn failed(path: &Path, error: &dyn std::error::Error) -> SourceError {
    SourceError::File { path: path.to_owned(), reason: error.to_string() }
}

#[cfg(test)]
mod tests {
    use super::*;

    const GEO: &str = r#"{"ind":1,"timestamp":"2020-01-01 00:00:00","latitude":1.50,"longitude":2,"country":"Peru"}"#;

    fn read(name: &str, content: &str) -> Vec<Result<Sending, SourceError>> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(name);
        std::fs::write(&path, content).unwrap();
        lines("run", &[path]).unwrap().collect()
    }

    #[test]
    fn a_line_is_a_record_an_entry_or_a_whole_post() {
        let lines = format!(
            "{GEO}\n\n{{\"kind\":\"geo\",\"id\":\"mine\",\"data\":{GEO}}}\n{{\"pin\":{{}},\"geo\":{GEO},\"user\":{{}}}}\n"
        );
        let sendings: Vec<Sending> = read("a.ndjson", &lines).into_iter().map(Result::unwrap).collect();
        assert_eq!(sendings.len(), 3);
        assert_eq!(sendings[0], Sending::single("run-0-1", None, Some(Kind::Geo), GEO.to_owned()));
        assert_eq!(sendings[1], Sending::single("", Some("mine".to_owned()), Some(Kind::Geo), GEO.to_owned()));
        assert!(sendings[2].whole_post);
        assert_eq!(sendings[2].records[1].body, GEO);
        assert_eq!(sendings[2].records[1].id, "run-0-4/1");
    }

    #[test]
    fn an_own_id_leaves_the_record_and_numbers_keep_their_digits() {
        let line = GEO.replacen('{', r#"{"id":"mine","#, 1);
        let sendings = read("a.ndjson", &line);
        let record = &sendings[0].as_ref().unwrap().records[0];
        assert_eq!(record.id, "mine");
        assert!(record.body.contains("\"latitude\":1.50") && !record.body.contains("mine"), "{}", record.body);
    }

    #[test]
    fn a_bad_line_is_named_by_number_and_the_rest_goes_on() {
        let results = read("a.ndjson", &format!("{GEO}\n{{secret\n{GEO}"));
        assert_eq!(results.len(), 3);
        let error = results[1].as_ref().unwrap_err().to_string();
        assert!(error.ends_with("a.ndjson:2: not JSON"), "{error}");
        assert!(results[2].is_ok());
    }

    #[test]
    fn a_csv_row_becomes_a_record_of_texts() {
        let csv = ",ind,first_name,last_name,age,date_joined\n7,1,Ann,\"O, Dea\",,2016-01-01 00:00:00\n8,2,short\n";
        let results = read("users.CSV", csv);
        let record = &results[0].as_ref().unwrap().records[0];
        assert_eq!(record.kind, Some(Kind::User));
        let value: Value = serde_json::from_str(&record.body).unwrap();
        let want = serde_json::json!({
            "ind": "1", "first_name": "Ann", "last_name": "O, Dea", "age": null, "date_joined": "2016-01-01 00:00:00"
        });
        assert_eq!(value, want);
        assert!(matches!(results[1], Err(SourceError::Line { line: 3, .. })), "{:?}", results[1]);
    }

    #[test]
    fn a_missing_file_is_found_before_anything_is_sent() {
        let missing = PathBuf::from("/nonexistent/posts.ndjson");
        assert!(matches!(lines("run", &[missing]), Err(SourceError::File { .. })));
    }
}
