//! The clients that docs/API.md shows, run as they stand there.

use std::io::Write as _;
use std::process::{Command, Stdio};

use serde_json::Value;

use crate::running::{Local, until};

const DOCUMENT: &str = include_str!("../../../../docs/API.md");

/// The address that the document uses.
const ADDRESS: &str = "http://127.0.0.1:8000";

/// Languages of fenced blocks, and what runs one from its standard input.
const RUN_BY: [(&str, &[&str]); 3] =
    [("sh", &["bash", "-e", "-s"]), ("python", &["python3", "-"]), ("js", &["node", "--input-type=module", "-"])];

/// The fenced blocks of the section of clients: language and text.
fn blocks() -> Vec<(&'static str, &'static str)> {
    let section = DOCUMENT.split("\n## Clients\n").nth(1).unwrap().split("\n## ").next().unwrap();
    let fenced = section.split("\n```").skip(1).step_by(2);
    fenced.map(|block| block.split_once('\n').unwrap()).collect()
}

/// Whether a program is there. Where it has to be, as CI asks, its absence is a failure; elsewhere it is said.
fn is_there(program: &str) -> bool {
    let there = Command::new(program).arg("--version").output().is_ok_and(|output| output.status.success());
    #[expect(clippy::disallowed_methods, reason = "what must be tested is up to who runs the test")]
    let required = std::env::var_os("PINPULSE_CLIENTS").is_some_and(|value| value == "required");
    assert!(there || !required, "{program} is not there, and the clients are required here");
    if !there {
        // Not by a macro: those the harness keeps to itself while the test passes.
        let mut past_the_harness = std::io::stderr().lock();
        writeln!(past_the_harness, "SKIPPED: there is no {program}, so its client in docs/API.md was not run").unwrap();
    }
    there
}

fn run(program: &[&str], text: &str) -> String {
    let mut command = Command::new(program[0]);
    command.args(&program[1..]).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    child.stdin.take().unwrap().write_all(text.as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    let (out, err) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{}: {out}{err}", program[0]);
    out.into_owned()
}

#[tokio::test]
async fn the_clients_of_the_document_work_as_they_stand() {
    let folder = tempfile::tempdir().unwrap();
    let local = Local::start(folder.path(), &[]);
    let blocks = blocks();
    assert_eq!(blocks.iter().map(|(language, _)| *language).collect::<Vec<_>>(), ["sh", "python", "js"]);
    let posted = [("travel", 1, "\"accepted\":3"), ("quotes", 3, "3 accepted"), ("beauty", 1, "1 accepted")];
    for ((language, text), (category, pins, says)) in blocks.into_iter().zip(posted) {
        let (_, program) = RUN_BY.into_iter().find(|(known, _)| *known == language).unwrap();
        let curl_or_interpreter = if language == "sh" { "curl" } else { program[0] };
        if !is_there(curl_or_interpreter) {
            continue;
        }
        assert!(text.contains(ADDRESS), "{language}");
        let said = run(program, &text.replace(ADDRESS, &local.url));
        assert!(said.contains(says), "{language}: {said}");
        until(category, async || (counted(&local, category).await == Some(pins)).then_some(())).await;
    }
    local.stop();
}

async fn counted(local: &Local, category: &str) -> Option<u64> {
    let answer: Value = local.get("/v1/popularity?by=category&window=1h").await;
    answer["items"].as_array().unwrap().iter().find(|item| item["key"] == category)?["count"].as_u64()
}
