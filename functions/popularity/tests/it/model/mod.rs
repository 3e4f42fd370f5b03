//! The counting protocol under an adversary, without a network: the shipped handler over stores in memory, and a seed that
//! decides everything else.
//!
//! A schedule is a lineage of shards with records in it ([`records`]), an event source that delivers them in any bounds,
//! again, twice at a time and out of turn ([`source`]), and stores that refuse, lose answers, and hand every call back to
//! the scheduler ([`world`]). One thread, no clock: a seed is a schedule. Afterwards every stored integer must be what a
//! plain recount of the records gives ([`recount`]), and the steps an exact partition of the shards ([`verdict`]).

mod fixture;
mod lineage;
mod mutants;
mod records;
mod recount;
mod schedule;
mod schedules;
mod source;
mod verdict;
mod world;
