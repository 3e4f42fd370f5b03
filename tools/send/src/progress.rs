//! A progress bar on stderr, while a person is looking and did not ask for quiet.

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use crate::output::stderr_is_terminal;
use crate::report::Tally;

/// Where a run stands, shown or not.
pub(crate) struct Progress {
    bar: ProgressBar,
}

impl Progress {
    /// A bar over `total` posts, or a count where nobody knows how many there will be.
    pub(crate) fn shown(total: Option<u64>) -> Self {
        if !stderr_is_terminal() {
            return Self::hidden();
        }
        let bar = ProgressBar::with_draw_target(total, ProgressDrawTarget::stderr());
        let template =
            if total.is_some() { "{bar:30} {pos}/{len} posts  {msg}  {eta}" } else { "{spinner} {pos} posts  {msg}" };
        // A template that indicatif cannot read leaves its own style, which is good enough.
        if let Ok(style) = ProgressStyle::with_template(template) {
            bar.set_style(style);
        }
        Self { bar }
    }

    /// No bar.
    pub(crate) fn hidden() -> Self {
        Self { bar: ProgressBar::hidden() }
    }

    /// Shows the counts so far.
    pub(crate) fn update(&self, tally: &Tally) {
        if self.bar.is_hidden() {
            return;
        }
        self.bar.set_position(tally.posts);
        let outcome = &tally.outcome;
        self.bar.set_message(format!(
            "accepted {} rejected {} failed {}",
            outcome.accepted, outcome.rejected, outcome.failed
        ));
    }

    /// A line above the bar.
    pub(crate) fn talk(&self, text: &str) {
        self.bar.suspend(|| crate::output::talk(text));
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        self.bar.finish_and_clear();
    }
}
