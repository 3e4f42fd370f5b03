//! DynamoDB: the three things that the live pages lean on, and tables as a template defines them.

use crate::cloud::{Cloud, TABLE, number, table, text};
use aws_sdk_dynamodb::types::{AttributeValue, ReturnValuesOnConditionCheckFailure, TransactWriteItem, Update};
use serde_json::json;
use std::collections::HashMap;

fn key(sk: &str) -> HashMap<String, AttributeValue> {
    HashMap::from([("pk".to_owned(), text("page")), ("sk".to_owned(), text(sk))])
}

async fn count(cloud: &Cloud, sk: &str) -> Option<String> {
    let got = cloud.dynamo.get_item().table_name(TABLE).set_key(Some(key(sk))).send().await.unwrap();
    got.item()?.get("count")?.as_n().ok().cloned()
}

fn add(sk: &str, by: u64, last: &str) -> TransactWriteItem {
    let update = Update::builder()
        .table_name(TABLE)
        .set_key(Some(key(sk)))
        .update_expression("ADD #count :by SET #last = :last")
        .condition_expression("attribute_not_exists(#last) OR #last < :last")
        .expression_attribute_names("#count", "count")
        .expression_attribute_names("#last", "last")
        .expression_attribute_values(":by", number(by))
        .expression_attribute_values(":last", text(last));
    TransactWriteItem::builder().update(update.build().unwrap()).build()
}

#[tokio::test]
async fn a_failed_condition_gives_the_item_as_it_is() {
    let cloud = Cloud::start().await;
    for (first, last, applied) in [("1", "5", true), ("3", "7", false)] {
        let update = cloud
            .dynamo
            .update_item()
            .table_name(TABLE)
            .set_key(Some(key("a")))
            .update_expression("ADD #count :by SET #last = :last")
            .condition_expression("attribute_not_exists(#last) OR #last < :first")
            .expression_attribute_names("#count", "count")
            .expression_attribute_names("#last", "last")
            .expression_attribute_values(":by", number(2))
            .expression_attribute_values(":first", text(first))
            .expression_attribute_values(":last", text(last))
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld)
            .send()
            .await;
        if applied {
            update.unwrap();
            continue;
        }
        let refused = update.unwrap_err().into_service_error();
        assert!(refused.is_conditional_check_failed_exception(), "{refused:?}");
        let aws_sdk_dynamodb::operation::update_item::UpdateItemError::ConditionalCheckFailedException(refused) =
            refused
        else {
            unreachable!("asserted above")
        };
        let item = refused.item().unwrap();
        assert_eq!(item["last"], text("5"));
        assert_eq!(item["count"], number(2));
    }
    cloud.stores.stop().await;
}

#[tokio::test]
async fn a_transaction_with_a_failed_condition_changes_nothing_and_says_which_it_was() {
    let cloud = Cloud::start().await;
    let first = cloud.dynamo.transact_write_items().transact_items(add("a", 1, "5")).transact_items(add("b", 1, "5"));
    first.send().await.unwrap();
    let second = cloud
        .dynamo
        .transact_write_items()
        .transact_items(add("c", 1, "9"))
        .transact_items(add("a", 1, "4"))
        .transact_items(add("b", 1, "9"));
    let refused = second.send().await.unwrap_err().into_service_error();
    let aws_sdk_dynamodb::operation::transact_write_items::TransactWriteItemsError::TransactionCanceledException(
        reasons,
    ) = refused
    else {
        panic!("{refused:?}")
    };
    let codes: Vec<_> = reasons.cancellation_reasons().iter().map(|reason| reason.code().unwrap_or("")).collect();
    assert_eq!(codes, ["None", "ConditionalCheckFailed", "None"]);
    assert_eq!(count(&cloud, "a").await.as_deref(), Some("1"));
    assert_eq!(count(&cloud, "b").await.as_deref(), Some("1"));
    assert_eq!(count(&cloud, "c").await, None);
    cloud.stores.stop().await;
}

#[tokio::test]
async fn a_table_created_again_is_fine_and_with_another_key_is_not() {
    let cloud = Cloud::start().await;
    cloud.stores.create_table(&table()).await.unwrap();
    let mut other = table();
    other["KeySchema"] = json!([{ "AttributeName": "pk", "KeyType": "HASH" }]);
    let refused = cloud.stores.create_table(&other).await.unwrap_err();
    assert_eq!(refused.to_string(), "failed to create table pages: it exists with another key");
    assert!(cloud.stores.create_table(&json!({ "TableName": "x" })).await.is_err());
    cloud.stores.stop().await;
}

#[tokio::test]
async fn an_item_whose_time_is_up_goes_with_the_next_sweep() {
    let cloud = Cloud::start().await;
    for (sk, expires_at) in [("old", 1_000_000_000), ("new", 4_000_000_000)] {
        let put = cloud.dynamo.put_item().table_name(TABLE).set_item(Some(key(sk)));
        put.item("count", number(1)).item("expires_at", number(expires_at)).send().await.unwrap();
    }
    assert_eq!(count(&cloud, "old").await.as_deref(), Some("1"));
    assert_eq!(cloud.stores.sweep_expired().await.unwrap(), 1);
    assert_eq!(count(&cloud, "old").await, None);
    assert_eq!(count(&cloud, "new").await.as_deref(), Some("1"));
    cloud.stores.stop().await;
}

#[tokio::test]
async fn many_callers_at_once_are_all_counted() {
    let cloud = Cloud::start().await;
    let adding = (0..32).map(|call| {
        let update = cloud.dynamo.update_item().table_name(TABLE).set_key(Some(key("a")));
        let update = update.update_expression("ADD #count :by").expression_attribute_names("#count", "count");
        update.expression_attribute_values(":by", number(call)).send()
    });
    for added in futures::future::join_all(adding).await {
        added.unwrap();
    }
    assert_eq!(count(&cloud, "a").await.as_deref(), Some("496"));
    cloud.stores.stop().await;
}
