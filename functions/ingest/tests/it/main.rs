//! The whole function against a local cloud: events in, answers out, and what the streams hold afterwards.

mod accepting;
#[cfg(test)]
mod door;
mod failing;
mod hostile;
mod refusing;
#[cfg(test)]
mod runtime;
