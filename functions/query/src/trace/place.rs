//! Which record is asked for: its id, and where a receipt says it is.

use posts::sequence::Sequence;
use posts::shard::Shard;

/// The longest id that is looked for, in bytes as sent: 128 characters of four bytes, each escaped.
const MAX_ID_BYTES: usize = 128 * 4 * 3;

/// Where a record is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Place {
    pub(crate) shard: Shard,
    pub(crate) sequence: Sequence,
}

impl Place {
    /// Reads `<stream>/<shard id>:<sequence number>`, as receipts write it.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let (shard, sequence) = text.rsplit_once(':')?;
        Some(Self { shard: Shard::parse(shard)?, sequence: Sequence::parse(sequence)? })
    }

    /// The same text again.
    pub(crate) fn text(&self) -> String {
        format!("{}:{}", self.shard, self.sequence.digits())
    }
}

/// A request for a trace.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Wanted {
    /// What the id may be: as it stands in the path, and without its escapes. Whether the path was unescaped on its way
    /// cannot be seen from it.
    pub(crate) ids: Vec<String>,
    pub(crate) at: Option<Place>,
}

impl Wanted {
    /// Of the id in a path. `None` for what no id can be.
    pub(crate) fn new(in_path: &str, at: Option<Place>) -> Option<Self> {
        if in_path.is_empty() || in_path.len() > MAX_ID_BYTES {
            return None;
        }
        let mut ids = vec![in_path.to_owned()];
        ids.extend(unescaped(in_path).filter(|unescaped| unescaped != in_path));
        Some(Self { ids, at })
    }

    /// The id as it is told back.
    pub(crate) fn shown(&self) -> &str {
        self.ids.last().map(String::as_str).unwrap_or_default()
    }
}

/// Without percent escapes (RFC 3986, 2.1); `None` if that is no UTF-8, or an escape is none.
fn unescaped(text: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        bytes.push(match byte {
            b'%' => {
                let digit =
                    |byte: Option<u8>| char::from(byte?).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
                digit(rest.next())? << 4 | digit(rest.next())?
            }
            plain => plain,
        });
    }
    String::from_utf8(bytes).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_is_read_as_receipts_write_it() {
        let text = "pin-1/shardId-000000000000:49669581373905213441530934212583116528311408126512431106";
        assert_eq!(Place::parse(text).unwrap().text(), text);
        for text in ["", "pin-1/s", "pin-1:1", "pin-1/s:x", "pin-1/s:", ":1", "pin-1/s#:1", "pin-1/a/b:1"] {
            assert_eq!(Place::parse(text), None, "{text}");
        }
    }

    #[test]
    fn an_id_is_looked_for_with_and_without_its_escapes() {
        for (in_path, ids) in [
            ("62af", vec!["62af"]),
            ("a%2F1", vec!["a%2F1", "a/1"]),
            ("a/1", vec!["a/1"]),
            ("%c3%A9", vec!["%c3%A9", "\u{e9}"]),
            ("100%", vec!["100%"]),
            ("%ff", vec!["%ff"]),
            ("%2", vec!["%2"]),
        ] {
            assert_eq!(Wanted::new(in_path, None).unwrap().ids, ids, "{in_path}");
        }
        assert_eq!((Wanted::new("", None), Wanted::new(&"x".repeat(MAX_ID_BYTES + 1), None)), (None, None));
    }
}
