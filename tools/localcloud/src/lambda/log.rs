//! The lines that functions write: given to whoever subscribed, else to stderr with the function's name in front.
//!
//! Before that a tap sees every line, and keeps back those that it takes: metrics, which no log should show and of which
//! none may be missed.
//!
//! A line is cut at 64 KiB, so that a function which writes no line end cannot fill the memory.

use std::{fmt, io::Write as _, sync::Arc};

use tokio::{
    io::{AsyncBufReadExt as _, AsyncRead, BufReader},
    sync::broadcast,
};

const MAX_LINE_BYTES: usize = 64 * 1024;

/// Lines kept for a subscriber that is behind; it misses older ones.
const BACKLOG_LINES: usize = 1024;

/// One line a function wrote to stdout or stderr.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogLine {
    /// The function's name.
    pub function: Arc<str>,
    /// The line without its end; bytes that are not UTF-8 are replaced.
    pub line: String,
}

/// Sees every line before anyone else; a line it answers `true` for goes no further.
pub type LineTap = Arc<dyn Fn(&LogLine) -> bool + Send + Sync>;

/// Where the lines of all functions meet.
#[derive(Clone)]
pub(crate) struct Logs {
    lines: broadcast::Sender<LogLine>,
    tap: Option<LineTap>,
}

impl fmt::Debug for Logs {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("Logs").field("tapped", &self.tap.is_some()).finish_non_exhaustive()
    }
}

impl Logs {
    pub(crate) fn new(tap: Option<LineTap>) -> Self {
        Self { lines: broadcast::Sender::new(BACKLOG_LINES), tap }
    }

    pub(crate) fn subscribe(&self) -> broadcast::Receiver<LogLine> {
        self.lines.subscribe()
    }

    /// Forwards one pipe until the function closes it.
    pub(crate) async fn forward(self, function: Arc<str>, pipe: impl AsyncRead + Unpin) {
        let mut pipe = BufReader::new(pipe);
        while let Some(line) = next_line(&mut pipe).await {
            self.publish(LogLine { function: function.clone(), line });
        }
    }

    fn publish(&self, line: LogLine) {
        if self.tap.as_ref().is_some_and(|tap| tap(&line)) {
            return;
        }
        if let Err(broadcast::error::SendError(line)) = self.lines.send(line) {
            // Nobody subscribed. A stderr that is closed is no reason to disturb the function.
            drop(writeln!(std::io::stderr().lock(), "{}: {}", line.function, line.line));
        }
    }
}

/// The next line, or the next 64 KiB of a longer one; nothing once the pipe is closed or broken.
async fn next_line(pipe: &mut BufReader<impl AsyncRead + Unpin>) -> Option<String> {
    let mut line = Vec::new();
    loop {
        let available = pipe.fill_buf().await.ok()?;
        if available.is_empty() {
            return (!line.is_empty()).then(|| text(&line));
        }
        let room = available.len().min(MAX_LINE_BYTES - line.len());
        let end = available.iter().take(room).position(|&byte| byte == b'\n');
        let taken = end.unwrap_or(room);
        line.extend(available.iter().take(taken));
        pipe.consume(taken + usize::from(end.is_some()));
        if end.is_some() || line.len() == MAX_LINE_BYTES {
            return Some(text(&line));
        }
    }
}

fn text(line: &[u8]) -> String {
    String::from_utf8_lossy(line).trim_end_matches('\r').to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn lines(written: &[u8]) -> Vec<String> {
        let mut pipe = BufReader::with_capacity(7, written);
        let mut lines = Vec::new();
        while let Some(line) = next_line(&mut pipe).await {
            lines.push(line);
        }
        lines
    }

    #[tokio::test]
    async fn lines_come_whole_and_the_last_one_needs_no_end() {
        assert_eq!(lines(b"one\n\ntwo is longer\r\nthree").await, ["one", "", "two is longer", "three"]);
    }

    #[tokio::test]
    async fn an_endless_line_is_cut() {
        let cut = lines(&vec![b'x'; MAX_LINE_BYTES + 5]).await;
        assert_eq!(cut.iter().map(String::len).collect::<Vec<_>>(), [MAX_LINE_BYTES, 5]);
    }
}
