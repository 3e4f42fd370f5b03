//! The program as a person or a script starts it: what is on stdout and on stderr, exit codes, signals.

use std::process::{Command, Output, Stdio};
use std::time::Duration;

use serde_json::{Value, json};

use crate::door::{Door, accepted};

fn program(line: &str) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_pinpulse-send"));
    command.args(line.split_whitespace()).stdin(Stdio::null());
    for variable in ["PINPULSE_URL", "PINPULSE_KEY", "PINPULSE_SOURCE"] {
        command.env_remove(variable);
    }
    command
}

async fn output(mut command: Command) -> Output {
    tokio::task::spawn_blocking(move || command.output().unwrap()).await.unwrap()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

#[tokio::test]
async fn stdout_is_one_json_summary_and_the_exit_code_tells_the_end() {
    let wide = Door::open_wide().await;
    let refusing = Door::open(|_, _| (422, json!({ "title": "no" }))).await;
    let away = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    for (line, url, code) in [
        ("--count 2", wide.url.clone(), 0),
        ("--count 2", refusing.url.clone(), 3),
        ("--count 2 --poison 1", refusing.url.clone(), 0),
        ("--count 2 --retries 0", format!("http://{away}"), 4),
        ("--count 2 --key s3cret", "s3cret".to_owned(), 2),
    ] {
        let mut command = program(line);
        command.env("PINPULSE_URL", &url);
        let output = output(command).await;
        assert_eq!(output.status.code(), Some(code), "{line} {url}: {}", text(&output.stderr));
        assert!(!text(&output.stderr).contains("--key"), "{}", text(&output.stderr));
        if code != 2 {
            let summary: Value = serde_json::from_slice(&output.stdout).unwrap();
            // Nobody there ends a run early.
            assert!(summary["posts"] == 2 || code == 4, "{summary}");
            assert!(!text(&output.stderr).contains('\u{1b}'), "a bar where there is no terminal");
        }
    }
}

#[tokio::test]
async fn the_key_may_come_from_the_environment_and_is_not_in_the_help() {
    let door = Door::open_wide().await;
    let mut command = program("--count 1 --quiet");
    command.env("PINPULSE_URL", &door.url).env("PINPULSE_KEY", "s3cret");
    let sent = output(command).await;
    assert_eq!((sent.status.code(), text(&sent.stderr)), (Some(0), String::new()));
    assert_eq!(door.seen()[0].header("x-api-key"), Some("s3cret"));
    let mut command = program("--help");
    command.env("PINPULSE_KEY", "s3cret").env("PINPULSE_SOURCE", "mysql://ann:s3cret@db.example/x");
    let help = text(&output(command).await.stdout);
    assert!(!help.contains("s3cret") && help.contains("What goes wrong on purpose:"), "{help}");
}

#[tokio::test]
async fn a_first_ctrl_c_ends_the_run_with_its_summary() {
    // Each answer takes a while, so that some are in flight.
    let door = Door::open(|_, seen| {
        std::thread::sleep(Duration::from_millis(20));
        accepted(seen)
    });
    let door = door.await;
    let mut command = program("--rate 50 --duration 1h");
    let child = command.env("PINPULSE_URL", &door.url).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    door.count.subscribe().wait_for(|count| *count >= 5).await.unwrap();
    let id = child.id().to_string();
    assert!(Command::new("kill").args(["-INT", &id]).status().unwrap().success());
    let output = tokio::task::spawn_blocking(move || child.wait_with_output().unwrap()).await.unwrap();
    let summary: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!((output.status.code(), &summary["failed"]), (Some(0), &json!(0)));
    assert_eq!(summary["accepted"], summary["sent"]);
}
