//! What happened in a schedule, in order: always as one number, so that two runs of a seed can be compared, and as lines
//! where someone wants to read them.

use std::hash::{DefaultHasher, Hash, Hasher};

/// The course of a schedule.
#[derive(Debug, Default)]
pub(crate) struct Trace {
    digest: DefaultHasher,
    lines: Option<Vec<String>>,
}

impl Trace {
    /// Keeps lines if asked to.
    pub(crate) fn new(lines: bool) -> Self {
        Self { digest: DefaultHasher::new(), lines: lines.then(Vec::new) }
    }

    pub(crate) fn note(&mut self, now_ms: u64, what: impl FnOnce() -> String) {
        let what = what();
        (now_ms, &what).hash(&mut self.digest);
        if let Some(lines) = &mut self.lines {
            lines.push(format!("{now_ms:>9} ms  {what}"));
        }
    }

    /// The same for the same course.
    pub(crate) fn digest(&self) -> u64 {
        self.digest.finish()
    }

    pub(crate) fn into_lines(self) -> Vec<String> {
        self.lines.unwrap_or_default()
    }
}
