//! The local Lambda with real processes: `examples/echo_function.rs`, which does what its event says.

use std::{path::PathBuf, process::Command, time::Duration};

use bytes::Bytes;
use localcloud::{FunctionSpec, InvokeError, Lambda};
use serde_json::{Value, json};
use tokio::net::{TcpListener, TcpStream};

/// The program that cargo built beside this test.
fn echo_program() -> PathBuf {
    let test = std::env::current_exe().expect("a running test has a path");
    let program = test.ancestors().nth(2).expect("tests lie in deps/ below the profile").join("examples/echo_function");
    assert!(program.exists(), "cargo test builds examples; with --test, run cargo build --examples first");
    program
}

fn echo() -> FunctionSpec {
    FunctionSpec {
        name: "echo".to_owned(),
        program: echo_program(),
        args: Vec::new(),
        env: Vec::new(),
        timeout: Duration::from_mins(1),
        memory_mb: 128,
        max_instances: 1,
    }
}

async fn lambda(spec: FunctionSpec) -> Lambda {
    Lambda::start(vec![spec]).await.expect("the function is well described")
}

async fn invoke(lambda: &Lambda, event: Value) -> Result<Value, InvokeError> {
    let answer = lambda.invoke("echo", event.to_string().into()).await?;
    Ok(serde_json::from_slice(&answer).expect("answers are JSON"))
}

fn invoke_later(lambda: &Lambda, event: Value) -> tokio::task::JoinHandle<Result<Value, InvokeError>> {
    let lambda = lambda.clone();
    tokio::spawn(async move { invoke(&lambda, event).await })
}

/// A port where functions told to hold come in, each until its connection is dropped.
async fn door() -> (TcpListener, Value) {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let port = listener.local_addr().expect("bound").port();
    (listener, json!({ "do": "hold", "port": port }))
}

async fn held(door: &TcpListener) -> TcpStream {
    door.accept().await.expect("the function comes in").0
}

fn kill(pid: u32) {
    let killed = Command::new("kill").args(["-9", &pid.to_string()]).status().expect("kill runs");
    assert!(killed.success());
}

#[tokio::test]
async fn an_event_comes_back_and_the_process_serves_again() {
    let lambda = lambda(echo()).await;
    let event = json!({ "text": "naïve \u{1F4CC}" });
    assert_eq!(invoke(&lambda, event.clone()).await, Ok(event));
    let second = invoke(&lambda, json!({ "do": "count" })).await.unwrap();
    assert_eq!(second["count"], 2);
    let instances = lambda.instances();
    assert_eq!((instances.len(), instances[0].invocations, instances[0].busy), (1, 2, false));
    assert_eq!(second["pid"], instances[0].pid);
    lambda.stop().await;
    assert_eq!(lambda.instances(), []);
    assert_eq!(invoke(&lambda, json!({})).await, Err(InvokeError::Stopped));
}

#[tokio::test]
async fn the_process_finds_what_lambda_gives_and_nothing_of_ours() {
    let spec = FunctionSpec { env: vec![("STREAM".to_owned(), "pin-1".to_owned())], ..echo() };
    let lambda = lambda(spec).await;
    let variables = invoke(&lambda, json!({ "do": "variables" })).await.unwrap();
    assert_eq!(variables["AWS_LAMBDA_FUNCTION_NAME"], "echo");
    assert_eq!(variables["AWS_LAMBDA_FUNCTION_MEMORY_SIZE"], "128");
    assert_eq!(variables["STREAM"], "pin-1");
    assert!(variables.get("PATH").is_some());
    assert!(variables.get("CARGO_MANIFEST_DIR").is_none(), "cargo gives this to tests, so it was inherited");
    let headers = invoke(&lambda, json!({ "do": "headers" })).await.unwrap();
    assert_eq!(headers["lambda-runtime-invoked-function-arn"], "arn:aws:lambda:us-east-1:000000000000:function:echo");
    let deadline_ms: i64 = headers["lambda-runtime-deadline-ms"].as_str().unwrap().parse().unwrap();
    assert!(deadline_ms > 1_700_000_000_000, "milliseconds since 1970: {deadline_ms}");
    lambda.stop().await;
}

#[tokio::test]
async fn invocations_run_side_by_side_up_to_the_limit_and_the_next_one_waits() {
    let lambda = lambda(FunctionSpec { max_instances: 2, ..echo() }).await;
    let (door, hold) = door().await;
    let running: Vec<_> = (0..3).map(|_| invoke_later(&lambda, hold.clone())).collect();
    let (first, second) = (held(&door).await, held(&door).await);
    assert_eq!(lambda.instances().iter().filter(|instance| instance.busy).count(), 2);
    drop(first);
    let third = held(&door).await;
    assert_eq!(lambda.instances().len(), 2, "the third took the place that became free");
    drop((second, third));
    for answer in running {
        answer.await.unwrap().unwrap();
    }
    lambda.stop().await;
}

#[tokio::test]
async fn a_crash_fails_its_invocation_and_the_next_one_gets_a_new_process() {
    let lambda = lambda(echo()).await;
    let before = invoke(&lambda, json!({ "do": "count" })).await.unwrap();
    let crash = invoke(&lambda, json!({ "do": "abort" })).await;
    assert!(matches!(&crash, Err(InvokeError::Crashed { status }) if status.contains("SIGABRT")), "{crash:?}");
    let after = invoke(&lambda, json!({ "do": "count" })).await.unwrap();
    assert_eq!(after["count"], 1);
    assert_ne!(after["pid"], before["pid"]);
    lambda.stop().await;
}

#[tokio::test]
async fn a_process_killed_while_it_works_fails_its_invocation() {
    let lambda = lambda(echo()).await;
    let (door, hold) = door().await;
    let running = invoke_later(&lambda, hold);
    let _held = held(&door).await;
    kill(lambda.instances()[0].pid);
    let crash = running.await.unwrap();
    assert!(matches!(&crash, Err(InvokeError::Crashed { status }) if status.contains("SIGKILL")), "{crash:?}");
    lambda.stop().await;
}

#[tokio::test]
async fn a_process_killed_while_it_waits_costs_nobody_an_invocation() {
    let lambda = lambda(echo()).await;
    for _ in 0..5 {
        invoke(&lambda, json!({ "do": "count" })).await.unwrap();
        kill(lambda.instances()[0].pid);
        while !lambda.instances().is_empty() {
            tokio::task::yield_now().await;
        }
    }
    assert_eq!(invoke(&lambda, json!({ "do": "count" })).await.unwrap()["count"], 1);
    lambda.stop().await;
}

#[tokio::test]
async fn a_handlers_error_is_told_and_the_process_lives_on() {
    let lambda = lambda(echo()).await;
    let failed = invoke(&lambda, json!({ "do": "fail" })).await;
    let want = InvokeError::Failed { error_type: "Echo.Failed".to_owned(), message: "told to fail".to_owned() };
    assert_eq!(failed, Err(want));
    assert_eq!(invoke(&lambda, json!({ "do": "count" })).await.unwrap()["count"], 2);
    lambda.stop().await;
}

#[tokio::test]
async fn an_invocation_over_its_time_is_ended_with_its_process() {
    let timeout = Duration::from_millis(200);
    let lambda = lambda(FunctionSpec { timeout, ..echo() }).await;
    assert_eq!(invoke(&lambda, json!({ "do": "hang" })).await, Err(InvokeError::TimedOut { after: timeout }));
    assert_eq!(lambda.instances().iter().filter(|instance| instance.busy).count(), 0);
    assert_eq!(invoke(&lambda, json!({ "do": "count" })).await.unwrap()["count"], 1);
    lambda.stop().await;
}

#[tokio::test]
async fn a_function_that_does_not_start_says_why() {
    let start = |how: &str| FunctionSpec { env: vec![("ECHO_START".to_owned(), how.to_owned())], ..echo() };
    for (spec, error_type, words) in [
        (
            FunctionSpec { program: "/no/such/program".into(), ..echo() },
            "Runtime.InvalidEntrypoint",
            "/no/such/program",
        ),
        (start("exit"), "Runtime.ExitError", "exit status: 3"),
        (start("error"), "Echo.NoStart", "told not to start"),
    ] {
        let lambda = lambda(spec).await;
        let error = invoke(&lambda, json!({})).await.expect_err("it cannot start");
        assert_eq!(error.error_type(), error_type);
        assert!(error.to_string().contains(words), "{error}");
        lambda.stop().await;
    }
}

#[tokio::test]
async fn payloads_over_six_megabytes_are_refused_both_ways() {
    let lambda = lambda(echo()).await;
    let bytes = localcloud::lambda::MAX_PAYLOAD_BYTES;
    let event = Bytes::from(vec![b' '; bytes + 1]);
    assert_eq!(lambda.invoke("echo", event).await, Err(InvokeError::PayloadTooLarge { bytes: bytes + 1 }));
    // Two quotes belong to the answer.
    assert!(invoke(&lambda, json!({ "do": "large", "bytes": bytes - 2 })).await.is_ok());
    let error = invoke(&lambda, json!({ "do": "large", "bytes": bytes - 1 })).await.expect_err("one byte too many");
    assert_eq!(error.error_type(), "Function.ResponseSizeTooLarge");
    lambda.stop().await;
}

#[tokio::test]
async fn an_unknown_function_is_told_apart() {
    let lambda = lambda(echo()).await;
    assert_eq!(lambda.invoke("other", Bytes::new()).await, Err(InvokeError::UnknownFunction));
    assert!(Lambda::start(vec![echo(), echo()]).await.is_err(), "two functions of one name");
}

#[tokio::test]
async fn an_invocation_is_finished_even_if_its_caller_goes() {
    let lambda = lambda(echo()).await;
    let (door, hold) = door().await;
    let caller = invoke_later(&lambda, hold);
    let connection = held(&door).await;
    caller.abort();
    drop(connection);
    // With one instance, this can only be answered after the first one was.
    assert_eq!(invoke(&lambda, json!({ "do": "count" })).await.unwrap()["count"], 2);
    lambda.stop().await;
}

#[tokio::test]
async fn what_a_function_writes_is_told_line_by_line() {
    let lambda = lambda(echo()).await;
    let mut logs = lambda.logs();
    invoke(&lambda, json!({ "do": "print", "line": "hello" })).await.unwrap();
    let line = logs.recv().await.unwrap();
    assert_eq!((&*line.function, line.line.as_str()), ("echo", "hello"));
    lambda.stop().await;
}

#[tokio::test]
async fn stopping_ends_processes_that_are_at_work() {
    let lambda = lambda(echo()).await;
    let (door, hold) = door().await;
    let running = invoke_later(&lambda, hold);
    let _held = held(&door).await;
    lambda.stop().await;
    assert_eq!(running.await.unwrap(), Err(InvokeError::Stopped));
    assert_eq!(lambda.instances(), []);
}
