//! What a shard's next step starts from: progress, or what the parents leave to a child, and the duplicate window there.

use std::collections::HashSet;

use aws::failure::CallError;
use aws::lineage::origin;
use aws::live::Progress;
use posts::arrival::Arrival;
use posts::fate::Window;
use posts::mutant::{self, Mutant};
use posts::rules;
use posts::sequence::Sequence;
use posts::shard::Shard;

use crate::store::Store;

/// Where a step starts. Every attempt at it that starts here finds the same window, whoever makes it and whenever.
#[derive(Debug)]
pub(crate) struct Past {
    /// The shard's last record that is done.
    pub(crate) last: Option<Sequence>,
    /// Shard time, `None` before the lineage's first record.
    time_ms: Option<i64>,
    /// The shard's parents, as shards of the same stream.
    pub(crate) parents: Vec<String>,
}

impl Past {
    /// From progress, else from the parents.
    pub(crate) async fn of<S: Store>(store: &S, shard: &Shard, from: Option<&Progress>) -> Result<Self, CallError> {
        if let Some(progress) = from {
            let Progress { last, time_ms, parents, .. } = progress.clone();
            return Ok(Self { last: Some(last), time_ms: Some(time_ms), parents });
        }
        let origin = origin(store, shard).await?;
        if mutant::on(Mutant::TimeNotInherited) {
            return Ok(Self { last: None, time_ms: None, parents: origin.parents });
        }
        Ok(Self { last: None, time_ms: origin.time_ms, parents: origin.parents })
    }

    /// The duplicate window: what the shard has counted within W of shard time, and its ancestors before it.
    ///
    /// Chunks are kept under the shard that counted them and are not copied to children, so the ancestors are asked again
    /// as long as their end lies within W.
    pub(crate) async fn window<S: Store>(&self, store: &S, shard: &Shard) -> Result<Window, CallError> {
        let mut window = Window::starting_at(self.time_ms);
        let Some(time_ms) = self.time_ms else { return Ok(window) };
        let since_ms = time_ms.saturating_sub(width_ms(time_ms));
        if let Some(last) = &self.last {
            for seen in store.window(shard, last, since_ms).await? {
                window.remember(seen);
            }
        }
        let mut asked = HashSet::new();
        let mut waiting = self.parents.clone();
        if mutant::on(Mutant::WindowNotInherited) {
            waiting.clear();
        }
        while let Some(name) = waiting.pop() {
            let Some(ancestor) = Shard::parse(&name) else { continue };
            if !asked.insert(name) {
                continue;
            }
            let Some(end) = store.progress(&ancestor).await? else { continue };
            if end.time_ms < since_ms {
                continue;
            }
            for seen in store.window(&ancestor, &end.last, since_ms).await? {
                window.remember(seen);
            }
            if !mutant::on(Mutant::GrandparentsForgotten) {
                waiting.extend(end.parents);
            }
        }
        Ok(window)
    }
}

/// How far back the next records may have to look: the widest W, since a late one is judged by its own day's rules.
fn width_ms(time_ms: i64) -> i64 {
    if mutant::on(Mutant::WindowOfNarrowRules) {
        return rules::at(Arrival(time_ms).day()).window_ms;
    }
    rules::WIDEST_WINDOW_MS
}
