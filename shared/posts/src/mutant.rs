//! Deliberate breaks of the counting protocol and of the cleaning rules, for the tests that have to notice them.
//!
//! A test that finds nothing proves little unless it would find something. So each place where the protocol could be gotten
//! wrong can be, by name: the model test switches one on, in its own thread, and must see a wrong number. So can the rules
//! that the course's own projects got wrong, which a recount of rows and answers must notice. The switch exists only with
//! the feature `mutants`, which nothing but tests ask for; without it [`on`] is a constant `false` and every break is
//! compiled away.

/// A way to get the protocol or a rule wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mutant {
    /// A page is written whatever its `last` says.
    ConditionDropped,
    /// A page takes an update whose first record it already holds: `<=` for `<`.
    ConditionAtOrBefore,
    /// A page's `last` becomes the batch's last record, not the page's own.
    LastOfBatch,
    /// The page that a failed condition returns is not looked at: the update counts as done.
    OldItemIgnored,
    /// After a failed condition the whole update is sent again, not what the page lacks.
    TailNotRecomputed,
    /// A page that fails is passed over and the batch goes on.
    FailedPageSkipped,
    /// Sequence numbers are compared as the text the stream gave.
    SequenceUnpadded,
    /// Progress and chunk are committed before the pages are written.
    CommitBeforePages,
    /// Top lists are written after progress and chunk are committed.
    ListsAfterCommit,
    /// A page that held its update already is not looked at for the lists.
    HeldPageNotListed,
    /// A day's list counts only the hours of the records at hand.
    DayOfTouchedHours,
    /// A top list is written over whatever version is there.
    ListUnconditional,
    /// A top list that fails is passed over and the batch goes on.
    FailedListSkipped,
    /// A top list is remembered before it is written.
    ListRememberedUnwritten,
    /// Progress is overwritten wherever it is.
    ProgressUnconditional,
    /// Progress that somebody else moved counts as one's own commit.
    MovedIsDone,
    /// Progress is read without consistency.
    ProgressReadWeak,
    /// Records that progress covers are judged again.
    DoneRecordsKept,
    /// The duplicate window is read before progress.
    WindowBeforeProgress,
    /// The duplicate window is read without consistency.
    WindowReadWeak,
    /// The window an instance remembers is used wherever progress is.
    RememberedUnchecked,
    /// The window is loaded by the narrower of two versions of the rules.
    WindowOfNarrowRules,
    /// Repeats inside a batch are not looked for.
    BatchNotRemembered,
    /// A duplicate is remembered as if it had been counted, and lengthens the window.
    DuplicateRemembered,
    /// Shard time follows each record's own arrival, back too.
    TimeRunsBack,
    /// A child does not take over its parents' window.
    WindowNotInherited,
    /// A child takes over its parents' window but not that of theirs.
    GrandparentsForgotten,
    /// A child does not take over its parents' shard time.
    TimeNotInherited,
    /// A parent without records ends the lineage.
    EmptyParentEnds,
    /// A child starts although its parents are not done.
    ParentNotAwaited,
    /// All records of a batch are judged by the rules of its first one's day.
    RulesOfBatch,
    /// Only counted posts touch the rate page.
    RateOfCountedOnly,
    /// A batch that failed is answered as done.
    ErrorSwallowed,
    /// A batch that failed is answered with its last record, not with the first that is not done.
    HighestReported,
    /// Two batches of a shard are under way at a time, records parted by their keys.
    TwoBatchesAtATime,
    /// When an entry of a put fails, all of them are put again.
    AllPutAgain,
    /// An entry of a put that failed gets a receipt all the same.
    FailedPutsIgnored,
    /// A follower count without a letter is lost.
    PlainCountLost,
    /// A follower count that is missing is 0.
    MissingCountZero,
    /// The first age group ends with 25: `<= 25`.
    FirstGroupTo25,
    /// The first age group ends before 24: `< 24`.
    FirstGroupBelow24,
    /// `No description available` is a description.
    DescriptionSentinelKept,
    /// `User Info Error` is a poster.
    PosterSentinelKept,
    /// Row number 0 is no row number.
    IndexZeroDropped,
    /// A time with a `T` where others write a space is no time.
    TimeWithTRefused,
}

impl Mutant {
    /// Those of following a shard.
    pub const FOLLOWING: [Self; 35] = [
        Self::ConditionDropped,
        Self::ConditionAtOrBefore,
        Self::LastOfBatch,
        Self::OldItemIgnored,
        Self::TailNotRecomputed,
        Self::FailedPageSkipped,
        Self::SequenceUnpadded,
        Self::CommitBeforePages,
        Self::ListsAfterCommit,
        Self::HeldPageNotListed,
        Self::DayOfTouchedHours,
        Self::ListUnconditional,
        Self::FailedListSkipped,
        Self::ListRememberedUnwritten,
        Self::ProgressUnconditional,
        Self::MovedIsDone,
        Self::ProgressReadWeak,
        Self::DoneRecordsKept,
        Self::WindowBeforeProgress,
        Self::WindowReadWeak,
        Self::RememberedUnchecked,
        Self::WindowOfNarrowRules,
        Self::BatchNotRemembered,
        Self::DuplicateRemembered,
        Self::TimeRunsBack,
        Self::WindowNotInherited,
        Self::GrandparentsForgotten,
        Self::TimeNotInherited,
        Self::EmptyParentEnds,
        Self::ParentNotAwaited,
        Self::RulesOfBatch,
        Self::RateOfCountedOnly,
        Self::ErrorSwallowed,
        Self::HighestReported,
        Self::TwoBatchesAtATime,
    ];

    /// Those of the rules for what a post is.
    pub const DOMAIN: [Self; 8] = [
        Self::PlainCountLost,
        Self::MissingCountZero,
        Self::FirstGroupTo25,
        Self::FirstGroupBelow24,
        Self::DescriptionSentinelKept,
        Self::PosterSentinelKept,
        Self::IndexZeroDropped,
        Self::TimeWithTRefused,
    ];
}

#[cfg(feature = "mutants")]
thread_local! {
    static ON: std::cell::Cell<Option<Mutant>> = const { std::cell::Cell::new(None) };
}

/// Switches one break on in this thread, or all off.
#[cfg(feature = "mutants")]
pub fn switch(mutant: Option<Mutant>) {
    ON.set(mutant);
}

/// Whether a break is on in this thread.
#[cfg(feature = "mutants")]
#[must_use]
pub fn on(mutant: Mutant) -> bool {
    ON.get() == Some(mutant)
}

/// Whether a break is on: never, in what is deployed.
#[cfg(not(feature = "mutants"))]
#[must_use]
pub const fn on(_: Mutant) -> bool {
    false
}
