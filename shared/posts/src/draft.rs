//! A record on its way to a clean post: its fields, and the rules that fired so far.
//!
//! One method a type of column. Each takes its column's value out, applies the column's rules in their order, and
//! either returns the clean value or says why there is none. Missing is none, never 0 and never an empty text.

use std::borrow::Cow;

use crate::column::{Change, Column};
use crate::fields::{Fields, Value};
use crate::mutant::{self, Mutant};
use crate::placeholder::is_placeholder;
use crate::quarantine::{Quarantined, Reason};
use crate::value::{
    DateForm, FollowerCount, Ind, Multiplier, PostTime, ReadCount, ReadTime, category_in, degrees,
    has_point_or_exponent, is_blank, whole, without_save_prefix,
};

/// A record's fields, and the rules fired on those that were cleaned.
pub(crate) struct Draft<'f, 'a> {
    fields: &'f Fields<'a>,
    fired: Option<Vec<&'static str>>,
}

impl<'f, 'a> Draft<'f, 'a> {
    /// Starts with every field as it came. `tells` is whether the rules that fire are wanted by name.
    pub(crate) const fn new(fields: &'f Fields<'a>, tells: bool) -> Self {
        Self { fields, fired: if tells { Some(Vec::new()) } else { None } }
    }

    /// The names of the rules that changed a value, in the order in which they did.
    pub(crate) fn into_fired(self) -> Vec<&'static str> {
        self.fired.unwrap_or_default()
    }

    /// The row number: required, 0 or more.
    pub(crate) fn ind(&mut self) -> Result<Ind, Quarantined> {
        let ind = self.whole(Column::Ind)?;
        let ind = u64::try_from(ind).ok().and_then(Ind::new);
        let ind = ind.filter(|ind| ind.get() > 0 || !mutant::on(Mutant::IndexZeroDropped));
        ind.ok_or(Reason::OutOfRange.in_column(Column::Ind))
    }

    /// A required integer.
    pub(crate) fn whole(&mut self, column: Column) -> Result<i64, Quarantined> {
        self.number(column, whole)
    }

    /// A required angle in degrees, from `-limit` to `limit`.
    pub(crate) fn degrees(&mut self, column: Column, limit: f64) -> Result<f64, Quarantined> {
        self.number(column, |text| degrees(text, limit))
    }

    /// A required time.
    pub(crate) fn time(&mut self, column: Column) -> Result<PostTime, Quarantined> {
        let read = match self.fields.get(column) {
            Value::Null => return Err(Reason::MissingField.in_column(column)),
            Value::Text(text) if is_blank(text) => {
                return Err(Reason::MissingField.in_column(column));
            }
            Value::Text(text) => ReadTime::parse(text),
            Value::Bool | Value::Number(_) | Value::BrokenText | Value::Nested => None,
        };
        let read = read.ok_or(Reason::BadTimestamp.in_column(column))?;
        match read.form {
            DateForm::Dashes => {}
            DateForm::Colons => self.fire(column, Change::ColonDate),
            DateForm::UsOrder => self.fire(column, Change::UsOrder),
        }
        self.fire_if(read.is_moved, column, Change::Offset);
        self.fire_if(read.is_truncated, column, Change::Truncated);
        Ok(read.time)
    }

    /// A required text.
    pub(crate) fn required_text(&mut self, column: Column) -> Result<Cow<'a, str>, Quarantined> {
        self.text(column)?.ok_or(Reason::MissingField.in_column(column))
    }

    /// A text, none where it is missing, blank or a placeholder.
    pub(crate) fn text(&mut self, column: Column) -> Result<Option<Cow<'a, str>>, Quarantined> {
        let text = match self.fields.get(column) {
            Value::Null => return Ok(None),
            Value::Text(text) => text,
            Value::Bool | Value::Number(_) | Value::BrokenText | Value::Nested => {
                return Err(Reason::BadText.in_column(column));
            }
        };
        if is_blank(text) {
            self.fire(column, Change::Blank);
            return Ok(None);
        }
        if is_placeholder(column, text) {
            self.fire(column, Change::Placeholder);
            return Ok(None);
        }
        Ok(Some(text.clone()))
    }

    /// The save location without its prefix.
    pub(crate) fn save_location(&mut self) -> Result<Option<Cow<'a, str>>, Quarantined> {
        let column = Column::SaveLocation;
        let Some(location) = self.text(column)? else {
            return Ok(None);
        };
        let Some(stripped) = without_save_prefix(&location) else {
            return Ok(Some(location));
        };
        self.fire(column, Change::Prefix);
        if is_blank(stripped) {
            return Ok(None);
        }
        // The prefix comes off the front, so what is left of a borrowed text can be borrowed too.
        let from = location.len() - stripped.len();
        Ok(match location {
            Cow::Borrowed(location) => location.get(from..).map(Cow::Borrowed),
            Cow::Owned(location) => location.get(from..).map(|rest| Cow::Owned(rest.to_owned())),
        })
    }

    /// The category: its own, else the one that the cleaned save location names.
    pub(crate) fn category(&mut self, save_location: Option<&str>) -> Result<Cow<'a, str>, Quarantined> {
        let column = Column::Category;
        if let Some(category) = self.text(column)? {
            return Ok(category);
        }
        let category = save_location.and_then(category_in).ok_or(Reason::MissingField.in_column(column))?;
        self.fire(column, Change::FromSaveLocation);
        Ok(Cow::Owned(category.to_owned()))
    }

    /// The follower count: none where it is missing or cannot be read, whatever stands there. A pin whose poster's
    /// followers are unknown is still a pin, so nothing is quarantined for it.
    pub(crate) fn follower_count(&mut self) -> Option<FollowerCount> {
        let count = self.read_follower_count();
        if count.is_none() && mutant::on(Mutant::MissingCountZero) { FollowerCount::new(0) } else { count }
    }

    fn read_follower_count(&mut self) -> Option<FollowerCount> {
        let column = Column::FollowerCount;
        let read = match self.fields.get(column) {
            Value::Null => return None,
            Value::Text(text) if is_blank(text) => {
                self.fire(column, Change::Blank);
                return None;
            }
            Value::Text(text) if is_placeholder(column, text) => {
                self.fire(column, Change::Placeholder);
                return None;
            }
            Value::Text(text) => ReadCount::from_text(text),
            Value::Number(number) => ReadCount::from_number(number),
            Value::Bool | Value::BrokenText | Value::Nested => None,
        };
        let Some(read) = read else {
            self.fire(column, Change::Unreadable);
            return None;
        };
        match read.multiplier {
            Multiplier::One if mutant::on(Mutant::PlainCountLost) => return None,
            Multiplier::One => {}
            Multiplier::Thousand => self.fire(column, Change::Thousands),
            Multiplier::Million => self.fire(column, Change::Millions),
            Multiplier::Billion => self.fire(column, Change::Billions),
        }
        self.fire_if(read.has_commas, column, Change::Commas);
        self.fire_if(read.is_truncated, column, Change::Truncated);
        Some(read.count)
    }

    fn number<T>(&mut self, column: Column, read: impl Fn(&str) -> Result<T, Reason>) -> Result<T, Quarantined> {
        let (number, change) = match self.fields.get(column) {
            Value::Null => return Err(Reason::MissingField.in_column(column)),
            Value::Text(text) if is_blank(text) => {
                return Err(Reason::MissingField.in_column(column));
            }
            Value::Text(text) => (read(text), Some(Change::FromText)),
            Value::Number(text) => {
                let is_whole_column = matches!(column, Column::Ind | Column::Age);
                let is_float = is_whole_column && has_point_or_exponent(text);
                (read(text), is_float.then_some(Change::FromFloat))
            }
            Value::Bool | Value::BrokenText | Value::Nested => {
                return Err(Reason::BadNumber.in_column(column));
            }
        };
        let number = number.map_err(|reason| reason.in_column(column))?;
        if let Some(change) = change {
            self.fire(column, change);
        }
        Ok(number)
    }

    fn fire_if(&mut self, did: bool, column: Column, change: Change) {
        if did {
            self.fire(column, change);
        }
    }

    fn fire(&mut self, column: Column, change: Change) {
        if let Some(fired) = &mut self.fired {
            fired.push(column.rule(change));
        }
    }
}
