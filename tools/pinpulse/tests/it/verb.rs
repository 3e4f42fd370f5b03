//! `pinpulse send` as a process: the verb is there, takes its options and ends as it says. What it does is tested in `tools/send`.

use std::process::{Command, Output};

fn send(line: &str) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_pinpulse"));
    command.arg("send").args(line.split_whitespace()).env_remove("PINPULSE_URL").env_remove("PINPULSE_SOURCE");
    command.output().unwrap()
}

#[test]
fn nobody_there_is_exit_4_and_a_summary_all_the_same() {
    let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let output = send(&format!("--url http://{free} --count 1 --retries 0 --dialect kinesis --gzip"));
    assert_eq!(output.status.code(), Some(4), "{}", String::from_utf8_lossy(&output.stderr));
    let summary: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(summary["unreachable"], true);
}

#[test]
fn what_makes_no_sense_is_exit_2() {
    for line in ["--rate 0", "--dialect pin --batch 10", "--source ftp://db.example/x"] {
        assert_eq!(send(line).status.code(), Some(2), "{line}");
    }
}
