//! The shapes of a stream: shards, and who came from whom.

use posts::shard::Shard;

/// A shard's parents, as places in the list; a shard without records is one that was split again before any came.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Place {
    pub(crate) parents: &'static [usize],
    pub(crate) empty: bool,
}

const fn from(parents: &'static [usize]) -> Place {
    Place { parents, empty: false }
}

const fn empty(parents: &'static [usize]) -> Place {
    Place { parents, empty: true }
}

/// Parents stand before their children.
pub(crate) const SHAPES: [&[Place]; 9] = [
    // One shard; two.
    &[from(&[])],
    &[from(&[]), from(&[])],
    // A split; a split and a merge; two shards merged; a shard split twice.
    &[from(&[]), from(&[0]), from(&[0])],
    &[from(&[]), from(&[0]), from(&[0]), from(&[1, 2])],
    &[from(&[]), from(&[]), from(&[0, 1])],
    &[from(&[]), from(&[0]), from(&[1])],
    // A child that never had a record, alone and beside one that had.
    &[from(&[]), empty(&[0]), from(&[1])],
    &[from(&[]), from(&[0]), empty(&[0]), from(&[1, 2])],
    // A shard that never had a record has children all the same.
    &[empty(&[]), from(&[0]), from(&[1])],
];

/// The name of the shard at a place.
pub(crate) fn shard(place: usize) -> Shard {
    Shard::new("pin-1", &format!("shardId-00000000000{place}")).unwrap()
}

/// Every ancestor of a place, near and far, each once.
pub(crate) fn ancestors(shape: &[Place], place: usize) -> Vec<usize> {
    let mut found = Vec::new();
    let mut waiting = shape[place].parents.to_vec();
    while let Some(ancestor) = waiting.pop() {
        if !found.contains(&ancestor) {
            found.push(ancestor);
            waiting.extend(shape[ancestor].parents);
        }
    }
    found
}

/// The nearest ancestors with records.
pub(crate) fn heirs_of(shape: &[Place], place: usize) -> Vec<usize> {
    let mut found = Vec::new();
    for parent in shape[place].parents {
        if shape[*parent].empty { found.extend(heirs_of(shape, *parent)) } else { found.push(*parent) }
    }
    found.sort_unstable();
    found.dedup();
    found
}
