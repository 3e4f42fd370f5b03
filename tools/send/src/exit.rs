//! How the command ends, as a number that scripts can read.
//!
//! The numbers are an interface: they never change their meaning, and every verb uses these and no others.

use std::process::{ExitCode, Termination};

/// The end of a verb.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Exit {
    /// Everything asked for was done: 0.
    Done,
    /// Something failed: 1.
    Failed,
    /// The arguments do not make sense: 2 (clap's own number).
    Usage,
    /// The work was done, but some records were refused: 3.
    Rejected,
    /// The target never answered: 4.
    Unreachable,
    /// Two numbers that must be equal are not: 5.
    Mismatch,
    /// Stopped at once by a second Ctrl-C: 130.
    Interrupted,
}

impl Exit {
    /// The process's exit code.
    #[must_use]
    pub fn code(self) -> u8 {
        match self {
            Self::Done => 0,
            Self::Failed => 1,
            Self::Usage => 2,
            Self::Rejected => 3,
            Self::Unreachable => 4,
            Self::Mismatch => 5,
            Self::Interrupted => 130,
        }
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit.code())
    }
}

impl Termination for Exit {
    fn report(self) -> ExitCode {
        self.into()
    }
}
