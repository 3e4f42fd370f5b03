//! The peer: a Python process that does the same with orjson, told by lines when to take its turn.

use std::io::{BufRead as _, BufReader, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::time::Duration;

use serde_json::Value;

use super::Check;
use super::load::Stream;

/// A running peer, ended when dropped.
pub(crate) struct Peer {
    child: Child,
    orders: ChildStdin,
    answers: BufReader<ChildStdout>,
    folder: PathBuf,
}

impl Peer {
    /// Writes the events to a folder of their own and starts the peer on it.
    pub(crate) fn start(python: &Path, streams: &[Stream]) -> Result<Self, String> {
        let text = |error: std::io::Error| format!("failed to start the peer: {error}");
        let folder = std::env::temp_dir().join(format!("pinpulse-bench-{}", std::process::id()));
        std::fs::create_dir_all(&folder).map_err(text)?;
        for stream in streams {
            for (number, event) in stream.events.iter().enumerate() {
                std::fs::write(folder.join(format!("{}-{number:06}.json", stream.kind)), event).map_err(text)?;
            }
        }
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("peers/stream.py");
        let mut child = Command::new(python)
            .args([script.as_os_str(), folder.as_os_str()])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .map_err(text)?;
        let orders = child.stdin.take().ok_or("the peer has no input")?;
        let answers = BufReader::new(child.stdout.take().ok_or("the peer has no output")?);
        Ok(Self { child, orders, answers, folder })
    }

    /// What its pass comes to.
    pub(crate) fn check(&mut self) -> Result<Check, String> {
        let answer = self.ask("check")?;
        let number = |name: &str| answer[name].as_u64().ok_or(format!("the peer's answer has no {name}"));
        Ok(Check {
            updates: number("updates")?,
            counted: number("counted")?,
            quarantined: number("quarantined")?,
            digest: answer["digest"].as_str().unwrap_or_default().to_owned(),
        })
    }

    /// The CPU time of one pass.
    pub(crate) fn once(&mut self) -> Result<Duration, String> {
        let answer = self.ask("run")?;
        answer["cpu_s"].as_f64().map(Duration::from_secs_f64).ok_or("the peer's answer has no time".to_owned())
    }

    fn ask(&mut self, order: &str) -> Result<Value, String> {
        let text = |error: std::io::Error| format!("the peer is gone: {error}");
        writeln!(self.orders, "{order}").map_err(text)?;
        self.orders.flush().map_err(text)?;
        let mut line = String::new();
        self.answers.read_line(&mut line).map_err(text)?;
        serde_json::from_str(&line).map_err(|error| format!("the peer answered {line:?}: {error}"))
    }
}

impl Drop for Peer {
    fn drop(&mut self) {
        // Both fail only where there is nothing left to end or to remove.
        self.child.kill().ok();
        self.child.wait().ok();
        std::fs::remove_dir_all(&self.folder).ok();
    }
}
