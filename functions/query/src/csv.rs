//! Rows as CSV (RFC 4180): a header of column names, lines that end in CR LF, quotes where they are needed.
//!
//! What is there stays as it is: a number is written as it is stored, and a text that a spreadsheet would take for a formula
//! is not changed, since then it would be another text. No value is an empty field, an empty text is `""`.

use std::borrow::Cow;
use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::value::RawValue;

/// A row's values by column, as JSON.
pub(crate) type Row<'a> = BTreeMap<Cow<'a, str>, &'a RawValue>;

/// The rows under their header.
pub(crate) fn csv(columns: &[impl AsRef<str>], rows: &[Row<'_>]) -> String {
    let mut text = String::new();
    line(&mut text, columns.iter().map(|name| quoted(name.as_ref())));
    for row in rows {
        line(
            &mut text,
            columns.iter().map(|name| row.get(name.as_ref()).map_or_else(String::new, |value| field(value))),
        );
    }
    text
}

/// Values that serialise to objects, under columns of theirs.
pub(crate) fn table(columns: &[&str], rows: &[impl Serialize]) -> String {
    let rows = serde_json::to_string(rows).expect("plain structs always serialise into memory");
    let rows: Vec<Row<'_>> = serde_json::from_str(&rows).expect("a row is an object");
    csv(columns, &rows)
}

fn line(text: &mut String, fields: impl Iterator<Item = String>) {
    for (position, field) in fields.enumerate() {
        if position > 0 {
            text.push(',');
        }
        text.push_str(&field);
    }
    text.push_str("\r\n");
}

fn field(value: &RawValue) -> String {
    match value.get() {
        "null" => String::new(),
        text if text.starts_with('"') => quoted(&serde_json::from_str::<String>(text).unwrap_or_default()),
        plain => quoted(plain),
    }
}

fn quoted(text: &str) -> String {
    if text.is_empty() || text.contains([',', '"', '\r', '\n']) {
        format!("\"{}\"", text.replace('"', "\"\""))
    } else {
        text.to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(columns: &[&str], rows: &str, want: &str) {
        let rows: Vec<Row<'_>> = serde_json::from_str(rows).unwrap();
        assert_eq!(csv(columns, &rows), want);
    }

    #[test]
    fn fields_are_quoted_where_they_would_break_a_line() {
        check(
            &["a", "b,c", "d"],
            r#"[{"a":"x,y","b,c":"say \"hi\"","d":"two\r\nlines"},{"a":" plain ","b,c":"\u00e9","d":"=1+1"}]"#,
            "a,\"b,c\",d\r\n\"x,y\",\"say \"\"hi\"\"\",\"two\r\nlines\"\r\n plain ,\u{e9},=1+1\r\n",
        );
    }

    #[test]
    fn values_stay_what_they_are() {
        check(
            &["n", "d", "b", "null", "empty", "absent"],
            r#"[{"n":9223372036854775807,"d":1.0,"b":true,"null":null,"empty":"","more":1}]"#,
            "n,d,b,null,empty,absent\r\n9223372036854775807,1.0,true,,\"\",\r\n",
        );
    }

    #[test]
    fn no_rows_are_a_header() {
        check(&["a", "b"], "[]", "a,b\r\n");
    }
}
