//! Reads template.yaml: what the local mode must start, and what must trigger it.
//!
//! The template is the only place where functions, variables, triggers and stores are declared, so what runs on one
//! machine cannot drift from what is deployed. What it says and the local mode cannot honour is refused by name and
//! place, never passed over in silence; what the local mode has no use for (roles, alarms, outputs) is not even worked
//! out, so it may hold anything.
//!
//! Pure: text in, values out. No file, no network, no clock. Source of the format: AWS SAM specification 2016-10-31 and
//! AWS CloudFormation template reference.

mod api;
mod conditions;
mod deployment;
mod error;
mod functions;
mod intrinsics;
mod mappings;
mod names;
mod parameters;
mod resources;
mod routes;
mod schedules;
mod scope;
mod value;

#[cfg(test)]
mod deployed;
#[cfg(test)]
mod fixture;

pub use deployment::{
    Api, Bucket, Cors, Deployment, Function, Mapping, Route, Schedule, StartingPosition, Stream, Table, read,
};
pub use error::TemplateError;
