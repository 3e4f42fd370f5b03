//! A request's members, each taken out by name; what is left over is refused.

use serde_json::{Map, Value};

use super::expression::NotUnderstood;
use super::{Item, Key};

/// The members of a request that have not been read yet.
pub(crate) struct Members {
    what: &'static str,
    rest: Map<String, Value>,
}

impl Members {
    pub(crate) fn of(what: &'static str, body: &Value) -> Result<Self, NotUnderstood> {
        let members = body.as_object().cloned();
        let rest = members.ok_or_else(|| NotUnderstood(format!("{what} that is no object")))?;
        let mut members = Self { what, rest };
        // Nothing is metered here: whoever asks what a call consumed is told nothing, as by a store that does not know.
        members.word("ReturnConsumedCapacity", &["NONE", "TOTAL"])?;
        Ok(members)
    }

    pub(crate) fn take(&mut self, name: &str) -> Option<Value> {
        self.rest.remove(name)
    }

    pub(crate) fn text(&mut self, name: &str) -> Result<Option<String>, NotUnderstood> {
        match self.take(name) {
            None => Ok(None),
            Some(Value::String(text)) => Ok(Some(text)),
            Some(other) => Err(self.odd(name, &other)),
        }
    }

    pub(crate) fn flag(&mut self, name: &str) -> Result<Option<bool>, NotUnderstood> {
        match self.take(name) {
            None => Ok(None),
            Some(Value::Bool(flag)) => Ok(Some(flag)),
            Some(other) => Err(self.odd(name, &other)),
        }
    }

    pub(crate) fn object(&mut self, name: &str) -> Result<Map<String, Value>, NotUnderstood> {
        match self.take(name) {
            None => Ok(Map::new()),
            Some(Value::Object(members)) => Ok(members),
            Some(other) => Err(self.odd(name, &other)),
        }
    }

    pub(crate) fn list(&mut self, name: &str) -> Result<Vec<Value>, NotUnderstood> {
        match self.take(name) {
            Some(Value::Array(values)) => Ok(values),
            other => Err(self.odd(name, &other.unwrap_or_default())),
        }
    }

    /// One of a few words, the first if the member is missing.
    pub(crate) fn word(&mut self, name: &str, words: &[&'static str]) -> Result<&'static str, NotUnderstood> {
        let given = self.text(name)?;
        let Some(given) = given else { return Ok(words.first().copied().unwrap_or_default()) };
        let known = words.iter().find(|word| **word == given);
        known.copied().ok_or_else(|| NotUnderstood(format!("{name} {given} of {}", self.what)))
    }

    pub(crate) fn done(self) -> Result<(), NotUnderstood> {
        let left = self.rest.keys().next();
        left.map_or(Ok(()), |name| Err(NotUnderstood(format!("the member {name} of {}", self.what))))
    }

    fn odd(&self, name: &str, value: &Value) -> NotUnderstood {
        NotUnderstood(format!("the member {name} of {} as {value}", self.what))
    }
}

/// A key in the request: both of its attributes and nothing else.
pub(crate) fn key(members: &Map<String, Value>) -> Result<Key, NotUnderstood> {
    let part = |name: &str| members.get(name).and_then(super::text).map(ToOwned::to_owned);
    match (part("pk"), part("sk"), members.len()) {
        (Some(pk), Some(sk), 2) => Ok((pk, sk)),
        _ => Err(NotUnderstood("a key that is not the texts pk and sk".to_owned())),
    }
}

/// The key of an item.
pub(crate) fn key_of(item: &Item) -> Result<Key, NotUnderstood> {
    let part = |name: &str| item.get(name).and_then(super::text).map(ToOwned::to_owned);
    part("pk").zip(part("sk")).ok_or_else(|| NotUnderstood("an item without the texts pk and sk".to_owned()))
}
