//! The meter against units counted by hand: n bytes, and the one byte more that costs another unit.
//!
//! An item's size is the sum of its attributes' names in UTF-8 and of their values: text in UTF-8, binary in bytes, a number
//! in half a byte a significant digit and one more ("DynamoDB Item sizes and formats").

use localcloud::{Fault, Lost, Rule, Service, Units};
use serde_json::{Value, json};

use crate::cloud::{Cloud, TABLE};
use crate::front::{Answer, send};

/// pk, "a", sk, one letter, and the name of the attribute that fills the rest.
const WITHOUT_FILLING: usize = 2 + 1 + 2 + 1 + 1;

fn key(sk: &str) -> Value {
    json!({ "pk": { "S": "a" }, "sk": { "S": sk } })
}

/// An item of so many bytes.
fn item(sk: &str, bytes: usize) -> Value {
    let mut item = key(sk);
    item["v"] = json!({ "S": "x".repeat(bytes - WITHOUT_FILLING) });
    item
}

fn put(sk: &str, bytes: usize) -> Value {
    json!({ "TableName": TABLE, "Item": item(sk, bytes) })
}

fn put_if_new(sk: &str, bytes: usize) -> Value {
    let mut put = put(sk, bytes);
    put["ConditionExpression"] = json!("attribute_not_exists(pk)");
    put
}

/// Sets the filling, so that the item has so many bytes after; where `only_if` is a condition on it.
fn update(sk: &str, bytes: usize, only_if: Option<&str>) -> Value {
    let mut update = json!({
        "TableName": TABLE, "Key": key(sk), "UpdateExpression": "SET v = :v",
        "ExpressionAttributeValues": { ":v": item(sk, bytes)["v"] },
    });
    if let Some(condition) = only_if {
        update["ConditionExpression"] = json!(condition);
    }
    update
}

fn get(sk: &str, consistent: bool) -> Value {
    json!({ "TableName": TABLE, "Key": key(sk), "ConsistentRead": consistent })
}

fn query(consistent: bool) -> Value {
    json!({
        "TableName": TABLE, "KeyConditionExpression": "pk = :pk", "ConsistentRead": consistent,
        "ExpressionAttributeValues": { ":pk": { "S": "a" } },
    })
}

fn transact(actions: &[(&str, Value)]) -> Value {
    let actions: Vec<Value> = actions.iter().map(|(kind, action)| json!({ *kind: action })).collect();
    json!({ "TransactItems": actions })
}

async fn call(cloud: &Cloud, operation: &str, body: &Value) -> Answer {
    call_as(cloud, "", operation, body).await
}

async fn call_as(cloud: &Cloud, agent: &str, operation: &str, body: &Value) -> Answer {
    let address = cloud.stores.endpoints().dynamodb.trim_start_matches("http://").parse().unwrap();
    let body = body.to_string();
    let head = format!(
        "POST / HTTP/1.1\r\nhost: localhost\r\ncontent-length: {}\r\ncontent-type: application/x-amz-json-1.0\r\n\
         x-amz-target: DynamoDB_20120810.{operation}\r\nx-amz-date: 20261121T000000Z\r\nuser-agent: {agent}\r\n\
         authorization: AWS4-HMAC-SHA256 Credential=a/20261121/us-east-1/dynamodb/aws4_request, \
         SignedHeaders=host, Signature=0",
        body.len()
    );
    send(address, &head, body.as_bytes()).await
}

/// Makes the calls before `operation` to prepare the table, and gives what `operation` alone was charged: writes, half
/// reads and calls.
async fn charged(before: &[Value], operation: &str, body: &Value) -> (u64, u64, u64) {
    let cloud = Cloud::start().await;
    for put in before {
        assert_eq!(call(&cloud, "PutItem", put).await.status, 200);
    }
    let already = cloud.stores.meter().total();
    call(&cloud, operation, body).await;
    let Units { calls, writes, half_reads } = cloud.stores.meter().total() - already;
    cloud.stores.stop().await;
    (writes, half_reads, calls)
}

#[tokio::test]
async fn a_write_costs_each_started_kilobyte_of_the_larger_of_before_and_after() {
    let delete = json!({ "TableName": TABLE, "Key": key("k") });
    for (before, operation, body, want) in [
        (vec![], "PutItem", put("k", 1_024), 1),
        (vec![], "PutItem", put("k", 1_025), 2),
        (vec![put("k", 2_049)], "PutItem", put("k", 100), 3),
        (vec![put("k", 100)], "UpdateItem", update("k", 1_024, None), 1),
        (vec![put("k", 100)], "UpdateItem", update("k", 1_025, None), 2),
        (vec![put("k", 1_025)], "UpdateItem", update("k", 100, None), 2),
        (vec![put("k", 2_048)], "DeleteItem", delete.clone(), 2),
        (vec![put("k", 2_049)], "DeleteItem", delete.clone(), 3),
        (vec![], "DeleteItem", delete, 1),
    ] {
        assert_eq!(charged(&before, operation, &body).await, (want, 0, 1), "{operation}, {want} wanted");
    }
}

#[tokio::test]
async fn a_failed_condition_costs_what_the_write_would_have() {
    let never = Some("attribute_not_exists(pk)");
    for (before, operation, body, want) in [
        (vec![put("k", 1_024)], "UpdateItem", update("k", 10, never), 1),
        (vec![put("k", 1_025)], "UpdateItem", update("k", 10, never), 2),
        (vec![], "UpdateItem", update("k", 10, Some("attribute_exists(pk)")), 1),
        (vec![put("k", 100)], "PutItem", put_if_new("k", 2_048), 2),
        (vec![put("k", 100)], "PutItem", put_if_new("k", 2_049), 3),
        (vec![put("k", 3_073)], "PutItem", put_if_new("k", 10), 4),
    ] {
        assert_eq!(charged(&before, operation, &body).await, (want, 0, 1), "{operation}, {want} wanted");
    }
}

#[tokio::test]
async fn a_transaction_costs_double_whether_it_goes_through_or_not() {
    let check = json!({ "TableName": TABLE, "Key": key("c"), "ConditionExpression": "attribute_exists(pk)" });
    for (before, body, want) in [
        (vec![], transact(&[("Put", put("k", 1_024)), ("Put", put("l", 1_025))]), 6),
        (vec![put("k", 1_025)], transact(&[("Update", update("k", 100, None))]), 4),
        // Cancelled: by the item there (2), by the item to be put (3), and a check of nothing (1).
        (vec![put("k", 1_025)], transact(&[("Put", put_if_new("k", 100))]), 4),
        (vec![put("k", 100)], transact(&[("Put", put_if_new("k", 2_049)), ("Put", put("l", 10))]), 8),
        (vec![], transact(&[("ConditionCheck", check), ("Put", put("k", 10))]), 4),
    ] {
        assert_eq!(charged(&before, "TransactWriteItems", &body).await, (want, 0, 1), "{want} wanted");
    }
}

#[tokio::test]
async fn a_read_costs_each_started_four_kilobytes_and_half_of_it_where_it_may_be_stale() {
    let both = json!({ "RequestItems": { TABLE: { "Keys": [key("k"), key("l")] } } });
    let both_at_once = transact(&[("Get", get("k", false)), ("Get", get("l", false))]);
    for (before, operation, body, want_halves) in [
        (vec![put("k", 4_096)], "GetItem", get("k", false), 1),
        (vec![put("k", 4_097)], "GetItem", get("k", false), 2),
        (vec![put("k", 4_096)], "GetItem", get("k", true), 2),
        (vec![put("k", 4_097)], "GetItem", get("k", true), 4),
        (vec![], "GetItem", get("k", true), 2),
        // A query by the sum, a batch by each item, a transaction each item twice.
        (vec![put("k", 2_048), put("l", 2_048)], "Query", query(false), 1),
        (vec![put("k", 2_048), put("l", 2_049)], "Query", query(false), 2),
        (vec![put("k", 2_048), put("l", 2_049)], "Query", query(true), 4),
        (vec![], "Query", query(false), 1),
        (vec![put("k", 10), put("l", 4_097)], "BatchGetItem", both, 3),
        (vec![put("k", 10), put("l", 4_097)], "TransactGetItems", both_at_once, 12),
    ] {
        let (got, want) = (charged(&before, operation, &body).await, (0, want_halves, 1));
        assert_eq!(got, want, "{operation} over {} items", before.len());
    }
}

#[tokio::test]
async fn values_are_sized_as_dynamodb_says() {
    let bytes = "AAAA".repeat(341);
    for (value, size) in [
        (json!({ "N": "12345678901234567890123456789012345678" }), 20),
        (json!({ "N": "7" }), 2),
        (json!({ "N": "700" }), 2),
        (json!({ "BOOL": true }), 1),
        (json!({ "S": "é" }), 2),
        (json!({ "B": bytes }), 1_023),
        (json!({ "SS": ["ab", "c"] }), 3),
        (json!({ "L": [{ "S": "ab" }] }), 3 + 1 + 2),
        (json!({ "M": { "k": { "S": "ab" } } }), 3 + 1 + 1 + 2),
    ] {
        let without = "w".len() + size;
        let put = |bytes: usize| {
            let mut put = put("k", bytes - without);
            put["Item"]["w"] = value.clone();
            put
        };
        assert_eq!(charged(&[], "PutItem", &put(2_048)).await.0, 2, "{value}");
        assert_eq!(charged(&[], "PutItem", &put(2_049)).await.0, 3, "{value}");
    }
}

#[tokio::test]
async fn what_never_reached_the_tables_is_free_and_a_lost_answer_is_not() {
    let cloud = Cloud::start().await;
    for (fault, want) in
        [(Fault::Refuse, 0), (Fault::Throttle, 0), (Fault::Conflict, 0), (Fault::LoseAnswer(Lost::Error), 1)]
    {
        let before = cloud.stores.meter().total();
        let rule = cloud.stores.faults().add(Rule::new(Service::DynamoDb, fault));
        call(&cloud, "PutItem", &put("k", 10)).await;
        rule.remove();
        assert_eq!((cloud.stores.meter().total() - before).writes, want, "{fault:?}");
    }
    let before = cloud.stores.meter().total();
    call(&cloud, "PutItem", &json!({ "TableName": "no such table", "Item": item("k", 10) })).await;
    call(&cloud, "DescribeTable", &json!({ "TableName": TABLE })).await;
    assert_eq!(cloud.stores.meter().total(), before, "refused and unmetered calls");
    cloud.stores.stop().await;
}

#[tokio::test]
async fn an_answer_tells_what_its_caller_asked_for_and_no_more() {
    let cloud = Cloud::start().await;
    let mut asking = put("k", 1_025);
    asking["ReturnConsumedCapacity"] = json!("TOTAL");
    assert_eq!(call(&cloud, "PutItem", &asking).await.json()["ConsumedCapacity"]["CapacityUnits"], json!(2.0));
    assert_eq!(call(&cloud, "PutItem", &put("k", 10)).await.json(), json!({}));
    let mut asking = put_if_new("k", 10);
    assert_eq!(call(&cloud, "PutItem", &asking).await.json().get("Item"), None);
    asking["ReturnValuesOnConditionCheckFailure"] = json!("ALL_OLD");
    assert_eq!(call(&cloud, "PutItem", &asking).await.json()["Item"], item("k", 10));
    assert_eq!(cloud.stores.meter().total().writes, 2 + 2 + 1 + 1);
    cloud.stores.stop().await;
}

#[tokio::test]
async fn callers_are_told_apart_by_the_name_in_their_user_agent() {
    let cloud = Cloud::start().await;
    let agent = "aws-sdk-rust/1.4 ua/2.1 api/dynamodb/1.136 os/linux lang/rust/1.95 app/popularity";
    call_as(&cloud, agent, "PutItem", &put("k", 1_025)).await;
    call(&cloud, "PutItem", &put("l", 10)).await;
    let meter = cloud.stores.meter();
    assert_eq!((meter.of_caller("popularity").writes, meter.of_caller("").writes), (2, 1));
    assert_eq!(meter.all().len(), 2);
    cloud.stores.stop().await;
}
