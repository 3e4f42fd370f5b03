//! Lambda's Kinesis event as JSON: its records, one after the other, borrowed from the event's text.
//!
//! All records of an event are written alike: the same members in the same order, and most of them with the same values.
//! So the first is read by the JSON library, and what stands between its values becomes a pattern; where a next record fits
//! it, only its values are looked at. One that does not is read by the library again, and an event that is no plain list
//! of records is read by the library as a whole. The pattern takes nothing that the library would not take: its fixed parts
//! were accepted before, and values are let pass only in forms that need no second look (no escapes, plain numbers).

use std::borrow::Cow;

use memchr::memchr;
use serde::de::Error as _;
use serde::{Deserialize, Deserializer};
use serde_json::value::RawValue;

use crate::arrival::Arrival;
use crate::base64::decode;

/// What is read of a record.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Record<'a> {
    /// `<shard id>:<sequence number>`.
    pub(crate) event_id: Cow<'a, str>,
    /// The stream's ARN.
    pub(crate) stream_arn: Cow<'a, str>,
    /// Decimal digits.
    pub(crate) sequence: Cow<'a, str>,
    /// When the stream took it; none where no millisecond can tell.
    pub(crate) arrival: Option<Arrival>,
    /// The record's bytes.
    pub(crate) data: Vec<u8>,
}

/// Hands on every record in the event's order. When the event turns out to be unreadable, some may have been handed on.
///
/// # Errors
/// What `each` says, or what the JSON library says where the event is none.
pub(crate) fn each_record<E: From<serde_json::Error>>(
    event: &str,
    mut each: impl FnMut(Record<'_>) -> Result<(), E>,
) -> Result<(), E> {
    let mut handed_on = 0_usize;
    let mut records = Records { rest: event, pattern: None };
    if records.open().is_some() {
        while let Some(record) = records.next() {
            each(record)?;
            handed_on += 1;
        }
        if records.close().is_some() {
            return Ok(());
        }
    }
    let event: Event<'_> = serde_json::from_str(event)?;
    event.records.into_iter().skip(handed_on).map(Record::from).try_for_each(each)
}

/// What is still to be read of a plain list of records.
struct Records<'a> {
    rest: &'a str,
    pattern: Option<Pattern<'a>>,
}

impl<'a> Records<'a> {
    /// `{"Records":[`
    fn open(&mut self) -> Option<()> {
        ["{", "\"Records\"", ":", "["].into_iter().try_for_each(|mark| self.eat(mark))
    }

    /// `]}` and nothing more.
    fn close(mut self) -> Option<()> {
        ["]", "}"].into_iter().try_for_each(|mark| self.eat(mark))?;
        trim(self.rest).is_empty().then_some(())
    }

    fn eat(&mut self, mark: &str) -> Option<()> {
        self.rest = trim(self.rest).strip_prefix(mark)?;
        Some(())
    }

    /// The next record; none at the end, and none where the library has to say what is wrong.
    fn next(&mut self) -> Option<Record<'a>> {
        let start = match (self.pattern.is_some(), trim(self.rest).strip_prefix(',')) {
            (true, Some(rest)) => trim(rest),
            (false, None) => trim(self.rest),
            _ => return None,
        };
        if let Some((record, rest)) = self.pattern.as_ref().and_then(|pattern| pattern.fit(start)) {
            self.rest = rest;
            return Some(record);
        }
        let mut library = serde_json::Deserializer::from_str(start).into_iter::<EventRecord<'a>>();
        let record = library.next()?.ok()?;
        let (text, rest) = start.split_at_checked(library.byte_offset())?;
        self.rest = rest;
        self.pattern = Some(Pattern::of(text, &record));
        Some(record.into())
    }
}

/// How a record is written: the text before each of its own values, and the text after the last.
struct Pattern<'a> {
    parts: Vec<(&'a str, Hole)>,
    end: &'a str,
    stream_arn: Cow<'a, str>,
    /// Every record has all of them; else the pattern fits nothing.
    is_complete: bool,
}

/// A value of a record's own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Hole {
    PartitionKey,
    Sequence,
    Data,
    Arrival,
    EventId,
}

impl<'a> Pattern<'a> {
    /// From a record that the library has read.
    fn of(text: &'a str, record: &EventRecord<'a>) -> Self {
        let kinesis = &record.kinesis;
        let values = [
            (Hole::PartitionKey, place(text, kinesis.partition_key.as_ref().map(|key| key.0.as_ref()))),
            (Hole::Sequence, place(text, Some(&kinesis.sequence_number))),
            (Hole::Data, place(text, Some(&kinesis.data))),
            (Hole::Arrival, place(text, Some(kinesis.arrival.text))),
            (Hole::EventId, place(text, Some(&record.event_id))),
        ];
        let mut found: Vec<_> = values.iter().filter_map(|(hole, place)| place.map(|place| (place, *hole))).collect();
        found.sort_unstable_by_key(|((start, _), _)| *start);
        let (mut parts, mut from) = (Vec::new(), 0);
        for ((start, end), hole) in &found {
            parts.extend(text.get(from..*start).map(|before| (before, *hole)));
            from = *end;
        }
        Self {
            is_complete: found.len() == values.len() && parts.len() == values.len(),
            end: text.get(from..).unwrap_or_default(),
            stream_arn: record.stream_arn.clone(),
            parts,
        }
    }

    /// A record written like this at the start of a text, and what comes after it.
    fn fit(&self, text: &'a str) -> Option<(Record<'a>, &'a str)> {
        if !self.is_complete {
            return None;
        }
        let (mut event_id, mut sequence, mut data, mut arrival) = ("", "", Vec::new(), None);
        let mut rest = text;
        for (before, hole) in &self.parts {
            rest = rest.strip_prefix(before)?;
            let value = match hole {
                Hole::Arrival => number(rest)?,
                _ => rest.get(..memchr(b'"', rest.as_bytes())?)?,
            };
            match hole {
                Hole::PartitionKey => is_plain(value).then_some(())?,
                Hole::Sequence => sequence = is_digits(value).then_some(value)?,
                Hole::Data => data = decode(value.as_bytes())?,
                Hole::Arrival => arrival = Some(milliseconds(value)?),
                Hole::EventId => event_id = is_plain(value).then_some(value)?,
            }
            rest = rest.get(value.len()..)?;
        }
        let rest = rest.strip_prefix(self.end)?;
        let [event_id, sequence] = [event_id, sequence].map(Cow::Borrowed);
        Some((Record { event_id, stream_arn: self.stream_arn.clone(), sequence, arrival, data }, rest))
    }
}

/// Where a value stands in the text it was borrowed from; none if it was not.
fn place(text: &str, value: Option<&str>) -> Option<(usize, usize)> {
    let value = value?;
    let start = (value.as_ptr() as usize).checked_sub(text.as_ptr() as usize)?;
    let end = start.checked_add(value.len())?;
    (text.get(start..end) == Some(value)).then_some((start, end))
}

/// Without JSON's white space in front.
fn trim(text: &str) -> &str {
    text.trim_start_matches([' ', '\n', '\t', '\r'])
}

/// A number's text, as far as it may be plain, at the start of a text.
fn number(text: &str) -> Option<&str> {
    let end = text.bytes().position(|byte| !byte.is_ascii_digit() && byte != b'.')?;
    text.get(..end)
}

/// Seconds in their plainest form as milliseconds: ten digits, and a fraction of one to three. As a double such a number is
/// off by less than a millionth of a second, so this is what rounding that would give.
fn milliseconds(seconds: &str) -> Option<Arrival> {
    let (whole, fraction) = seconds.split_once('.').unwrap_or((seconds, "0"));
    let unit = match fraction.len() {
        1 => 100,
        2 => 10,
        3 => 1,
        _ => return None,
    };
    if whole.len() != 10 || whole.starts_with('0') || !is_digits(whole) || !is_digits(fraction) {
        return None;
    }
    let number = |digits: &str| digits.bytes().fold(0, |number, digit| 10 * number + i64::from(digit - b'0'));
    Some(Arrival(number(whole) * 1_000 + number(fraction) * unit))
}

/// Seconds since the epoch with a fraction, as Lambda writes them, rounded once.
fn rounded(seconds: f64) -> Option<Arrival> {
    let ms = (seconds * 1_000.0).round();
    // Beyond this a double holds no whole milliseconds any more; the year is 287,396.
    let exact = 9_007_199_254_740_992.0;
    #[expect(clippy::cast_possible_truncation, reason = "whole and within the range just checked")]
    (ms.abs() <= exact).then_some(Arrival(ms as i64))
}

fn is_digits(text: &str) -> bool {
    // Without a way out in the middle, so that many bytes are looked at at once; here and below.
    !text.is_empty() && text.bytes().fold(true, |all, byte| all & byte.is_ascii_digit())
}

/// Whether a text stands in JSON as it is: no escapes, no control characters. Quotes have been looked for.
fn is_plain(text: &str) -> bool {
    text.bytes().fold(0, |odd, byte| odd | u8::from(byte < b' ') | u8::from(byte == b'\\')) == 0
}

#[derive(Deserialize)]
struct Event<'a> {
    #[serde(borrow, rename = "Records")]
    records: Vec<EventRecord<'a>>,
}

#[derive(Deserialize)]
struct EventRecord<'a> {
    #[serde(borrow, rename = "eventID")]
    event_id: Cow<'a, str>,
    #[serde(borrow, rename = "eventSourceARN")]
    stream_arn: Cow<'a, str>,
    #[serde(borrow)]
    kinesis: Kinesis<'a>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Kinesis<'a> {
    #[serde(borrow, default)]
    partition_key: Option<Text<'a>>,
    #[serde(borrow)]
    sequence_number: Cow<'a, str>,
    #[serde(borrow, rename = "approximateArrivalTimestamp")]
    arrival: Seconds<'a>,
    #[serde(borrow)]
    data: Cow<'a, str>,
}

/// A text that is borrowed if it can be; in an option, a bare `Cow` never is.
#[derive(Deserialize)]
struct Text<'a>(#[serde(borrow)] Cow<'a, str>);

/// A number and the text it was read from.
struct Seconds<'a> {
    text: &'a str,
    value: f64,
}

impl<'de: 'a, 'a> Deserialize<'de> for Seconds<'a> {
    fn deserialize<D: Deserializer<'de>>(number: D) -> Result<Self, D::Error> {
        let text = <&RawValue>::deserialize(number)?.get();
        serde_json::from_str(text).map(|value| Self { text, value }).map_err(D::Error::custom)
    }
}

impl<'a> From<EventRecord<'a>> for Record<'a> {
    fn from(record: EventRecord<'a>) -> Self {
        let EventRecord { event_id, stream_arn, kinesis } = record;
        // Bytes that are not base64 cannot come from Lambda; kept as they are, they end in quarantine, not in a retry.
        let data = decode(kinesis.data.as_bytes()).unwrap_or_else(|| kinesis.data.into_owned().into_bytes());
        Self { event_id, stream_arn, sequence: kinesis.sequence_number, arrival: rounded(kinesis.arrival.value), data }
    }
}

#[cfg(test)]
mod tests {
    use proptest::collection::vec;
    use proptest::prelude::*;
    use proptest::sample::select;

    use super::*;

    /// What the library alone makes of an event.
    fn oracle(event: &str) -> Option<Vec<Record<'_>>> {
        let event: Event<'_> = serde_json::from_str(event).ok()?;
        Some(event.records.into_iter().map(Record::from).collect())
    }

    fn read(event: &str) -> Option<Vec<Record<'static>>> {
        let mut records = Vec::new();
        let all: Result<(), serde_json::Error> = each_record(event, |record| {
            let own = |text: &str| Cow::Owned(text.to_owned());
            records.push(Record {
                event_id: own(&record.event_id),
                stream_arn: own(&record.stream_arn),
                sequence: own(&record.sequence),
                arrival: record.arrival,
                data: record.data.clone(),
            });
            Ok(())
        });
        all.ok().map(|()| records)
    }

    fn record(key: &str, sequence: &str, data: &str, seconds: &str) -> String {
        format!(
            r#"{{"kinesis":{{"kinesisSchemaVersion":"1.0","partitionKey":{key},"sequenceNumber":"{sequence}","data":"{data}",
"approximateArrivalTimestamp":{seconds}}},"eventID":"shardId-000000000000:{sequence}","eventSourceARN":"a:stream/pin-1"}}"#
        )
    }

    fn event(records: &[String]) -> String {
        format!(r#"{{"Records":[{}]}}"#, records.join(","))
    }

    #[test]
    fn records_written_alike_are_read_by_the_pattern() {
        let records = [
            record("\"k\"", "1", "YQ==", "1795266000.5"),
            record("\"\u{e9}\"", "22", "", "1795266000"),
            record("\"\"", "3", "YWFh", "1795266007.125"),
        ];
        let event = event(&records);
        let mut reader = Records { rest: &event, pattern: None };
        reader.open().unwrap();
        let first = reader.next().unwrap();
        let pattern = reader.pattern.as_ref().unwrap();
        assert!(pattern.is_complete);
        for text in &records {
            assert!(pattern.fit(text).is_some_and(|(_, rest)| rest.is_empty()), "{text}");
        }
        assert_eq!((first.data.as_slice(), first.arrival), (&b"a"[..], Some(Arrival(1_795_266_000_500))));
        assert_eq!(read(&event), oracle(&event));
    }

    #[test]
    fn what_the_pattern_may_not_take_goes_to_the_library() {
        let good = record("\"k\"", "1", "YQ==", "1795266000.5");
        let pattern = |text: &str| Pattern::of(&good, &serde_json::from_str(&good).unwrap()).fit(text).is_some();
        assert!(pattern(&good));
        for (key, sequence, data, seconds) in [
            ("\"a\\u0062\"", "1", "YQ==", "1795266000.5"),
            ("\"a\tb\"", "1", "YQ==", "1795266000.5"),
            ("null", "1", "YQ==", "1795266000.5"),
            ("\"k\"", "1x", "YQ==", "1795266000.5"),
            ("\"k\"", "", "YQ==", "1795266000.5"),
            ("\"k\"", "1", "Y\\u0051==", "1795266000.5"),
            ("\"k\"", "1", "%%", "1795266000.5"),
            ("\"k\"", "1", "YQ==", "1e3"),
            ("\"k\"", "1", "YQ==", "-1"),
            ("\"k\"", "1", "YQ==", "0123456789"),
            ("\"k\"", "1", "YQ==", "1795266000.1235"),
            ("\"k\"", "1", "YQ==", "99999999999"),
            ("\"k\"", "1", "YQ==", "1795266000."),
            ("\"k\"", "1", "YQ==", "1795266000.5.5"),
            ("\"k\"", "1", "YQ==", "\"1\""),
        ] {
            let other = record(key, sequence, data, seconds);
            assert!(!pattern(&other), "{other}");
            let event = event(&[good.clone(), other, good.clone()]);
            assert_eq!(read(&event), oracle(&event), "{event}");
        }
    }

    fn any_text() -> impl Strategy<Value = String> {
        prop_oneof![
            3 => "[0-9]{1,3}".prop_map(|digits| digits),
            1 => select(vec!["", "YQ==", "YR==", "YQ", "\\u0041", "\\\"", "\u{e9}", "\t", "x"]).prop_map(str::to_owned),
        ]
    }

    fn any_record() -> impl Strategy<Value = String> {
        let seconds = select(vec!["1", "1795266000.5", "0.125", "1e3", "-1", "01", "1.", "null", "1795266000.123"]);
        let key = prop_oneof![3 => Just("\"k\"".to_owned()), 1 => any_text().prop_map(|text| format!("\"{text}\"")), 1 => Just("null".to_owned())];
        (key, any_text(), any_text(), seconds)
            .prop_map(|(key, sequence, data, seconds)| record(&key, &sequence, &data, seconds))
    }

    proptest! {
        #[test]
        fn plain_seconds_are_what_rounding_them_gives(seconds in "[1-9][0-9]{9}(\\.[0-9]{1,3})?") {
            prop_assert_eq!(milliseconds(&seconds), rounded(seconds.parse().unwrap()));
            prop_assert!(milliseconds(&seconds).is_some());
        }

        #[test]
        fn an_event_is_what_the_library_reads_in_it(
            records in vec(prop_oneof![5 => Just(record("\"k\"", "7", "YWJj", "1795266002.25")), 2 => any_record()], 0..6),
            spaces in select(vec!["", " ", "\n "]),
            more in select(vec!["", ",\"more\":1", "x", ",\"Records\":[]"]),
        ) {
            let event = format!("{spaces}{{\"Records\":[{}]{more}}}{spaces}", records.join(&format!("{spaces},")));
            prop_assert_eq!(read(&event), oracle(&event));
        }

        #[test]
        fn damage_anywhere_is_what_the_library_says(
            count in 1_usize..4, at: prop::sample::Index, byte in select(b"\"\\,:{}[]0x \n".to_vec()),
        ) {
            let event = event(&vec![record("\"k\"", "7", "YWJj", "1795266002.25"); count]);
            let mut damaged = event.clone().into_bytes();
            let at = at.index(damaged.len());
            damaged[at] = byte;
            let damaged = String::from_utf8(damaged).unwrap();
            prop_assert_eq!(read(&damaged), oracle(&damaged));
            let cut = event.get(..at).unwrap();
            prop_assert_eq!(read(cut), oracle(cut));
        }
    }
}
