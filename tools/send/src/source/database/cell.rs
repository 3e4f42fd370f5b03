//! One value of a table as the JSON the course's client sends for it.
//!
//! That client is Python: a driver makes values of what the server prints, and `json.dumps(row, default=str)` writes them. So a
//! whole number is a number, a float is what `repr` gives, a date or time is a text in one of four forms, a decimal is a text since
//! JSON's encoder knows none, and NULL is null. Everything else is the text the server prints.

use serde_json::Value;

use crate::source::TimeForm;

/// The value of a column of this type; an error says why there is none, without the value.
pub(super) fn json(of_type: &str, text: Option<&str>, times: TimeForm) -> Result<String, &'static str> {
    let Some(text) = text else {
        return Ok("null".to_owned());
    };
    let quoted = |text: &str| Value::from(text).to_string();
    Ok(match of_type.strip_suffix(" UNSIGNED").unwrap_or(of_type) {
        "TINYINT" | "SMALLINT" | "MEDIUMINT" | "INT" | "BIGINT" | "BOOLEAN" | "YEAR" | "INT2" | "INT4" | "INT8" => {
            // Anew, since a column may print zeros in front.
            text.parse::<i128>().map_err(|_| "holds no integer")?.to_string()
        }
        "FLOAT" | "DOUBLE" | "FLOAT4" | "FLOAT8" => float(text)?,
        "DECIMAL" | "NUMERIC" => quoted(&decimal(text)),
        "DATETIME" | "TIMESTAMP" | "TIMESTAMPTZ" => quoted(&time(text, times)),
        "BIT" | "GEOMETRY" | "BYTEA" => return Err("holds bytes"),
        "BOOL" => if text == "t" { "true" } else { "false" }.to_owned(),
        _ => quoted(text),
    })
}

/// `repr(float(text))`. Shortest digits that read back as the same number, as Rust writes them, too; only exponents look otherwise.
fn float(text: &str) -> Result<String, &'static str> {
    let number: f64 = text.parse().map_err(|_| "holds no number")?;
    if !number.is_finite() {
        return Err("holds a number that JSON cannot say");
    }
    let written = format!("{number:?}");
    Ok(match written.split_once('e') {
        None => written,
        Some((digits, exponent)) => {
            let (sign, exponent) = exponent.strip_prefix('-').map_or(('+', exponent), |rest| ('-', rest));
            format!("{digits}e{sign}{exponent:0>2}")
        }
    })
}

/// `str(Decimal(text))`: the text, unless more than six zeros would stand before its first digit.
fn decimal(text: &str) -> String {
    let (sign, unsigned) = text.strip_prefix('-').map_or(("", text), |rest| ("-", rest));
    let (whole, fraction) = unsigned.split_once('.').unwrap_or((unsigned, ""));
    if !whole.trim_start_matches('0').is_empty() || !fraction.bytes().all(|b| b.is_ascii_digit()) {
        return text.to_owned();
    }
    let digits = fraction.trim_start_matches('0');
    let digits = if digits.is_empty() { "0" } else { digits };
    // The place of the first digit behind the point, counted from 1; a zero stands in the last place.
    let place = fraction.len() + 1 - digits.len();
    if place <= 6 || fraction.is_empty() {
        return text.to_owned();
    }
    let (first, rest) = digits.split_at(1);
    let point = if rest.is_empty() { "" } else { "." };
    format!("{sign}{first}{point}{rest}E-{place}")
}

/// A time in the client's form. What is none, such as MySQL's `0000-00-00 00:00:00`, stays the text that its driver leaves it.
fn time(text: &str, form: TimeForm) -> String {
    let parts = || {
        let (date, rest) = text.split_once(' ')?;
        let (clock, rest) = rest.split_at_checked(8)?;
        let mut date_parts = date.splitn(3, '-');
        let ymd = (date_parts.next()?, date_parts.next()?, date_parts.next()?);
        (ymd.1 != "00" && clock.is_ascii()).then_some((date, ymd, clock, rest))
    };
    let Some((date, (year, month, day), clock, rest)) = parts() else {
        return text.to_owned();
    };
    match form {
        TimeForm::Str => format!("{date} {clock}{}", tail(rest)),
        TimeForm::Iso => format!("{date}T{clock}{}", tail(rest)),
        TimeForm::Colons => format!("{year}:{month}:{day} {clock}"),
        TimeForm::Us => format!("{month}/{day}/{year}, {clock}"),
    }
}

/// Fraction and offset as Python prints them: six digits or none, hours and minutes.
fn tail(rest: &str) -> String {
    let at = rest.find(['+', '-']).unwrap_or(rest.len());
    let (fraction, offset) = rest.split_at_checked(at).unwrap_or((rest, ""));
    let digits = fraction.trim_start_matches('.');
    let fraction = if digits.bytes().all(|b| b == b'0') { String::new() } else { format!(".{digits:0<6}") };
    let minutes = if offset.len() == 3 { ":00" } else { "" };
    format!("{fraction}{offset}{minutes}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(of_type: &str, cases: &[(&str, &str)]) {
        for (text, want) in cases {
            assert_eq!(json(of_type, Some(text), TimeForm::Str).as_deref(), Ok(*want), "{of_type} {text}");
        }
    }

    #[test]
    fn values_are_what_json_dumps_with_default_str_writes() {
        // python3: json.dumps(v, default=str) of int(t), float(t), Decimal(t), datetime, bool and str.
        check("BIGINT", &[("7528", "7528"), ("-1", "-1"), ("0007", "7")]);
        check("BIGINT UNSIGNED", &[("18446744073709551615", "18446744073709551615")]);
        check("BOOLEAN", &[("1", "1")]);
        check("BOOL", &[("t", "true"), ("f", "false")]);
        check(
            "DOUBLE",
            &[
                ("-89.9787", "-89.9787"),
                ("2", "2.0"),
                ("0.0001", "0.0001"),
                ("0.00001", "1e-05"),
                ("1e16", "1e+16"),
                ("1.5e-7", "1.5e-07"),
                ("1e100", "1e+100"),
                ("123456789012345680", "1.2345678901234568e+17"),
                ("-0", "-0.0"),
            ],
        );
        check(
            "DECIMAL",
            &[
                ("12.50", r#""12.50""#),
                ("-89.978700", r#""-89.978700""#),
                ("0.000000", r#""0.000000""#),
                ("0.0000000", r#""0E-7""#),
                ("0.0000012", r#""0.0000012""#),
                ("-0.00000012", r#""-1.2E-7""#),
                ("NaN", r#""NaN""#),
            ],
        );
        check(
            "DATETIME",
            &[
                ("2020-08-28 03:52:47", r#""2020-08-28 03:52:47""#),
                ("2020-08-28 03:52:47.000000", r#""2020-08-28 03:52:47""#),
                ("2020-08-28 03:52:47.120", r#""2020-08-28 03:52:47.120000""#),
                ("0000-00-00 00:00:00", r#""0000-00-00 00:00:00""#),
            ],
        );
        check("TIMESTAMPTZ", &[("2020-08-28 03:52:47+00", r#""2020-08-28 03:52:47+00:00""#)]);
        check("TIMESTAMPTZ", &[("2020-08-28 03:52:47.5+05:30", r#""2020-08-28 03:52:47.500000+05:30""#)]);
        check("DATE", &[("2020-08-28", r#""2020-08-28""#)]);
        check("TEXT", &[("a \"quoted\"\n…\u{a0}", "\"a \\\"quoted\\\"\\n…\u{a0}\"")]);
        assert_eq!(json("TEXT", None, TimeForm::Str).as_deref(), Ok("null"));
    }

    #[test]
    fn a_time_has_the_four_forms_of_the_courses_clients() {
        for (form, want) in [
            (TimeForm::Str, "2020-08-28 03:52:47"),
            (TimeForm::Iso, "2020-08-28T03:52:47"),
            (TimeForm::Colons, "2020:08:28 03:52:47"),
            (TimeForm::Us, "08/28/2020, 03:52:47"),
        ] {
            assert_eq!(time("2020-08-28 03:52:47", form), want);
        }
    }

    #[test]
    fn what_json_cannot_say_is_an_error_without_the_value() {
        for (of_type, text) in
            [("FLOAT8", "NaN"), ("FLOAT8", "-Infinity"), ("INT", "seven"), ("DOUBLE", "1,5"), ("BYTEA", "\\xff")]
        {
            let error = json(of_type, Some(text), TimeForm::Str).unwrap_err();
            assert!(!error.contains(text), "{error}");
        }
    }
}
