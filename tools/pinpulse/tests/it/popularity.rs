//! `pinpulse popularity` against a server of this file: what it asks, and how it ends.

use std::sync::{Arc, Mutex};

use axum::Router;
use axum::http::{StatusCode, Uri};
use clap::Parser;
use pinpulse::exit::Exit;
use pinpulse::popularity::{PopularityArgs, run};

#[derive(Parser)]
struct Command {
    #[command(flatten)]
    args: PopularityArgs,
}

/// Runs the verb against a server that gives this answer; the exit and what was asked.
async fn asked(status: u16, answer: &'static str, line: &str) -> (Exit, Vec<String>) {
    let asked: Arc<Mutex<Vec<String>>> = Arc::default();
    let log = Arc::clone(&asked);
    let router = Router::new().fallback(move |uri: Uri| async move {
        log.lock().unwrap().push(uri.to_string());
        (StatusCode::from_u16(status).unwrap(), answer)
    });
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
    let words = ["popularity", "--url", &url].into_iter().chain(line.split_whitespace());
    let exit = run(Command::try_parse_from(words).unwrap().args).await;
    let asked = asked.lock().unwrap().clone();
    (exit, asked)
}

const ANSWER: &str =
    r#"{"as_of":"t","window":"7d","from":"f","to":"t","exact":true,"items":[{"key":"art","count":2,"share":1.0}]}"#;

#[tokio::test]
async fn it_asks_for_what_the_arguments_say() {
    let (exit, asked) = asked(200, ANSWER, "--by age_group --window 7d --limit 5").await;
    assert_eq!(exit, Exit::Done);
    assert_eq!(asked, ["/v1/popularity?by=age_group&window=7d&limit=5"]);
}

#[tokio::test]
async fn it_compares_where_it_is_told_to() {
    let (_, asked) = asked(200, ANSWER, "--compare --window 1h").await;
    assert_eq!(asked, ["/v1/popularity?by=category&window=1h&limit=20&compare=previous"]);
}

#[tokio::test]
async fn an_error_answer_is_a_failure() {
    let problem = r#"{"title":"Bad Request","detail":"limit is at most 100"}"#;
    assert_eq!(asked(400, problem, "--limit 5000").await.0, Exit::Failed);
}

#[tokio::test]
async fn an_answer_of_another_kind_is_a_failure() {
    for answer in ["<html>", "[]", "{}"] {
        assert_eq!(asked(200, answer, "").await.0, Exit::Failed, "{answer}");
    }
}

#[tokio::test]
async fn nobody_there_is_unreachable() {
    let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let url = format!("http://{free}");
    let args = Command::try_parse_from(["popularity", "--url", &url]).unwrap().args;
    assert_eq!(run(args).await, Exit::Unreachable);
}
