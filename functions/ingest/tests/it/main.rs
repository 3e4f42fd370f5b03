//! The whole function against a local cloud: events in, answers out, and what the streams hold afterwards.

mod accepting;
#[cfg(test)]
mod borrowed;
#[cfg(test)]
mod door;
mod failing;
#[cfg(test)]
mod hostile;
mod keys;
mod refusing;
#[cfg(test)]
mod runtime;
#[cfg(test)]
mod sent;
mod validating;
#[cfg(test)]
mod wire;
