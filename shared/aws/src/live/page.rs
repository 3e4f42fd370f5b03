//! Reading pages, and the one conditional write they get.

use std::collections::BTreeMap;

use aws_sdk_dynamodb::types::{
    AttributeValue, ReturnConsumedCapacity, ReturnValue, ReturnValuesOnConditionCheckFailure,
};
use posts::layout::{EXPIRES, FOLLOWERS, LAST, PK, SK, expires_s};
use posts::mutant::{self, Mutant};
use posts::page::PageUpdate;
use posts::sequence::Sequence;

use super::{LiveTable, prefix_range};
use crate::failure::CallError;
use crate::item::{Item, get_number, get_sequence, get_text, number, text};
use crate::retry;

/// A page as stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page {
    /// Partition key.
    pub pk: String,
    /// Sort key.
    pub sk: String,
    /// The last record that touched it.
    pub last: Sequence,
    /// Its integers by slot, a poster's follower count apart.
    pub slots: BTreeMap<String, u64>,
    /// A poster page's last follower count.
    pub followers: Option<u64>,
}

/// What a page's `last` must be for an update to be applied.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Expected {
    /// Absent, or before the update's first record.
    BeforeFirst,
    /// Exactly this: what a failed attempt found.
    Exactly(Sequence),
}

/// What became of an update.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Written {
    /// Applied; the page as it is now, with all its slots.
    Applied(Page),
    /// Not applied: the page as it was found, whose `last` says what it holds already.
    Behind(Page),
}

impl LiveTable {
    /// Applies an update if the page's `last` is as expected, else says what is there.
    ///
    /// Safe to repeat: an update that was applied and whose answer was lost is found `Behind` by the next attempt.
    ///
    /// # Errors
    /// If DynamoDB takes no attempt, or the page is not readable.
    pub async fn write_page(&self, update: &PageUpdate, expected: &Expected) -> Result<Written, CallError> {
        retry::transient(self.policy, || self.write_page_once(update, expected)).await
    }

    async fn write_page_once(&self, update: &PageUpdate, expected: &Expected) -> Result<Written, CallError> {
        let (condition, bound) = condition(update, expected);
        let mut call = self
            .client
            .update_item()
            .table_name(&self.table)
            .key(PK, text(&update.key.pk))
            .key(SK, text(&update.key.sk))
            .update_expression(expression(update))
            .condition_expression(condition)
            .expression_attribute_names("#last", LAST)
            .expression_attribute_names("#expires", EXPIRES)
            .expression_attribute_values(":bound", text(bound.as_str()))
            .expression_attribute_values(":last", text(update.last.as_str()))
            .expression_attribute_values(":expires", number(expires_s(update.key.day)))
            .return_values(ReturnValue::AllNew)
            .return_consumed_capacity(ReturnConsumedCapacity::Total)
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld);
        for (position, (slot, count)) in update.slots.adds.iter().enumerate() {
            call = call
                .expression_attribute_names(format!("#s{position}"), slot)
                .expression_attribute_values(format!(":s{position}"), number(count));
        }
        if let Some(followers) = update.slots.followers {
            call =
                call.expression_attribute_names("#f", FOLLOWERS).expression_attribute_values(":f", number(followers));
        }
        let attempted = || format!("write page {}", update.key);
        let unreadable = || CallError::permanent(attempted(), "the page as stored is not readable");
        match call.send().await {
            Ok(output) => {
                self.usage.wrote(output.consumed_capacity());
                output.attributes.as_ref().and_then(page).map(Written::Applied).ok_or_else(unreadable)
            }
            Err(error) => match error.as_service_error() {
                Some(service) if service.is_conditional_check_failed_exception() => {
                    self.usage.refused();
                    found(service).map(Written::Behind).ok_or_else(unreadable)
                }
                _ => Err(CallError::of(attempted(), &error)),
            },
        }
    }

    /// The pages under a partition key whose sort keys start with one of a run of prefixes, `from` to `to`.
    ///
    /// # Errors
    /// If the table cannot be read. Items that are no pages are passed over.
    pub async fn pages(&self, pk: &str, from: &str, to: &str) -> Result<Vec<Page>, CallError> {
        let (_, end) = prefix_range(to);
        let items = self.query(pk, (from, &end), false).await?;
        Ok(items.iter().filter_map(page).collect())
    }
}

/// The page's `last` is absent or before the bound.
pub const BEFORE: &str = "attribute_not_exists(#last) OR #last < :bound";
/// The page's `last` is the bound.
pub const EXACTLY: &str = "#last = :bound";
/// Wrong on purpose: the page's `last` may be the bound already.
pub const AT_OR_BEFORE: &str = "attribute_not_exists(#last) OR #last <= :bound";
/// Wrong on purpose: any page.
pub const ALWAYS: &str = "attribute_not_exists(#last) OR #last <= :bound OR #last > :bound";

/// The condition a page must meet to take an update, and the sequence number that `:bound` stands for.
#[must_use]
pub fn condition<'a>(update: &'a PageUpdate, expected: &'a Expected) -> (&'static str, &'a Sequence) {
    match expected {
        _ if mutant::on(Mutant::ConditionDropped) => (ALWAYS, &update.first),
        Expected::BeforeFirst if mutant::on(Mutant::ConditionAtOrBefore) => (AT_OR_BEFORE, &update.first),
        Expected::BeforeFirst => (BEFORE, &update.first),
        Expected::Exactly(last) => (EXACTLY, last),
    }
}

fn expression(update: &PageUpdate) -> String {
    let adds: Vec<_> = (0..update.slots.adds.len()).map(|position| format!("#s{position} :s{position}")).collect();
    let followers = if update.slots.followers.is_some() { ", #f = :f" } else { "" };
    let adds = if adds.is_empty() { String::new() } else { format!(" ADD {}", adds.join(", ")) };
    format!("SET #last = :last, #expires = :expires{followers}{adds}")
}

fn found(error: &aws_sdk_dynamodb::operation::update_item::UpdateItemError) -> Option<Page> {
    use aws_sdk_dynamodb::operation::update_item::UpdateItemError;
    match error {
        UpdateItemError::ConditionalCheckFailedException(failed) => page(failed.item()?),
        _ => None,
    }
}

/// An item as a page; `None` if it has no `last`.
pub(super) fn page(item: &Item) -> Option<Page> {
    let slots = item
        .iter()
        .filter(|(name, value)| matches!(value, AttributeValue::N(_)) && *name != EXPIRES && *name != FOLLOWERS)
        .filter_map(|(name, _)| Some((name.clone(), get_number(item, name)?)))
        .collect();
    Some(Page {
        pk: get_text(item, PK)?.to_owned(),
        sk: get_text(item, SK)?.to_owned(),
        last: get_sequence(item, LAST)?,
        slots,
        followers: get_number(item, FOLLOWERS),
    })
}
