//! Historical answers come out as they were stored, or as CSV.

use lambda_http::{Body, Response};
use localcloud::{Fault, Rule, Service};
use posts::questions::{LATEST_KEY, Question};
use serde_json::json;

use crate::world::{World, json_of, request};

const QUESTION: Question = Question::TopPosterByCountry;
const PATH: &str = "/v1/history/top_poster_by_country";
const RUN: &str = "20261121T120000000Z-p12-g12-u12-q9";
const OLDER_RUN: &str = "20261120T120000000Z-p11-g11-u11-q9";

/// An answer as history writes it.
fn answer(run: &str) -> String {
    r#"{"question":"top_poster_by_country","columns":[{"name":"country","type":"string"},{"name":"poster_name","type":"string"},{"name":"follower_count","type":"long"},{"name":"share","type":"double"}],"rows":[{"country":"Chile","poster_name":"Ann, \"the\" poster","follower_count":5000000,"share":1.0},{"country":"C\u00f4te d'Ivoire","poster_name":"=Bob","follower_count":null,"share":0.25}],"table_versions":{"pin":12,"geo":12,"user":12,"quarantine":9},"run":"RUN"}"#
        .replace("RUN", run)
}

fn text(response: &Response<Body>) -> String {
    assert_eq!(response.status(), 200);
    String::from_utf8(response.body().to_vec()).unwrap()
}

fn header<'a>(response: &'a Response<Body>, name: &str) -> &'a str {
    response.headers()[name].to_str().unwrap()
}

#[tokio::test]
async fn an_answer_is_given_byte_for_byte_and_not_again_while_it_stays() {
    let world = World::start().await;
    world.put(&QUESTION.key(), &answer(RUN)).await;
    let first = world.send(request("GET", PATH, "", &[("accept", "*/*")])).await;
    assert_eq!(text(&first), answer(RUN));
    assert_eq!(header(&first, "content-type"), "application/json");
    assert_eq!(header(&first, "cache-control"), "public, max-age=1, stale-while-revalidate=5");
    assert_eq!(header(&first, "vary"), "accept");

    let tag = header(&first, "etag");
    let again = world.send(request("GET", PATH, "", &[("if-none-match", tag)])).await;
    assert_eq!((again.status().as_u16(), again.body().len(), header(&again, "etag")), (304, 0, tag));
    let other_form = world.send(request("GET", PATH, "format=csv", &[("if-none-match", tag)])).await;
    assert_eq!(other_form.status(), 200);
    world.put(&QUESTION.key(), &answer(OLDER_RUN)).await;
    let moved = world.send(request("GET", PATH, "", &[("if-none-match", tag)])).await;
    assert_eq!(text(&moved), answer(OLDER_RUN));
    world.stores.stop().await;
}

#[tokio::test]
async fn csv_is_chosen_by_name_or_by_header() {
    let world = World::start().await;
    world.put(&QUESTION.key(), &answer(RUN)).await;
    let named = world.send(request("GET", PATH, "format=csv", &[])).await;
    assert_eq!(header(&named, "content-type"), "text/csv; charset=utf-8");
    let csv = text(&named);
    assert_eq!(csv.matches("\r\n").count(), 3);
    insta::assert_snapshot!(csv.replace("\r\n", "\n"));
    let by_header = world.send(request("GET", PATH, "", &[("accept", "text/csv")])).await;
    assert_eq!((text(&by_header), header(&by_header, "content-type")), (csv, "text/csv; charset=utf-8"));
    let both = world.send(request("GET", PATH, "format=json", &[("accept", "text/csv")])).await;
    assert_eq!(text(&both), answer(RUN));
    world.stores.stop().await;
}

#[tokio::test]
async fn a_former_run_is_asked_for_by_its_name() {
    let world = World::start().await;
    for run in [OLDER_RUN, RUN] {
        world.put(&QUESTION.key_of_run(run), &answer(run)).await;
    }
    world.put(&QUESTION.key(), &answer(RUN)).await;
    let former = world.send(request("GET", PATH, &format!("as_of={OLDER_RUN}"), &[])).await;
    assert_eq!(text(&former), answer(OLDER_RUN));
    let unknown = world.send(request("GET", PATH, "as_of=20260101T000000000Z-p1-g1-u1-q1", &[])).await;
    assert_eq!((unknown.status().as_u16(), json_of(&unknown)["type"].clone()), (404, json!("/docs#no-such-run")));
    world.stores.stop().await;
}

#[tokio::test]
async fn what_has_no_answer_says_why() {
    let world = World::start().await;
    let early = world.send(request("GET", PATH, "", &[])).await;
    assert_eq!((early.status().as_u16(), header(&early, "content-type")), (404, "application/problem+json"));
    assert_eq!(json_of(&early)["detail"], "no run yet: `pinpulse batch` makes one");
    for name in ["popular", "latest", "%2e%2e", "top_poster_by_country.json"] {
        let unknown = world.send(request("GET", &format!("/v1/history/{name}"), "", &[])).await;
        assert_eq!(unknown.status(), 404, "{name}");
        let detail = json_of(&unknown)["detail"].as_str().unwrap().to_owned();
        assert!(Question::ALL.iter().all(|question| detail.contains(question.name())), "{detail}");
    }
    world.stores.stop().await;
}

#[tokio::test]
async fn the_list_names_every_question_before_and_after_a_run() {
    let world = World::start().await;
    let early = world.get("/v1/history", "").await;
    assert_eq!((&early["run"], early["questions"].as_array().unwrap().len()), (&json!(null), 9));
    world
        .put(
            LATEST_KEY,
            &format!(
                r#"{{"run":"{RUN}","table_versions":{{"pin":12,"geo":12,"user":12,"quarantine":9}},"questions":"0af1"}}"#
            ),
        )
        .await;
    insta::assert_json_snapshot!(world.get("/v1/history", "").await);
    world.stores.stop().await;
}

#[tokio::test]
async fn a_bucket_that_does_not_answer_is_said_to_be_unavailable() {
    let world = World::start().await;
    for (fault, retry_after) in [(Fault::Refuse, "5"), (Fault::Throttle, "1")] {
        let injected = world.stores.faults().add(Rule::new(Service::S3, fault).on("GetObject"));
        for (path, query) in [(PATH, ""), ("/v1/history", ""), ("/v1/popularity", "window=all")] {
            let response = world.send(request("GET", path, query, &[])).await;
            assert_eq!((response.status().as_u16(), header(&response, "retry-after")), (503, retry_after), "{path}");
        }
        assert_eq!(injected.hits(), 3 * u64::from(aws::retry::INTERACTIVE.attempts));
        assert_eq!(world.send(request("GET", "/v1/popularity", "", &[])).await.status(), 200);
        injected.remove();
    }
    world.stores.stop().await;
}
