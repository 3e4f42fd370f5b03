//! The HTTP front: API Gateway's HTTP API with Lambda integrations (payload format 2.0), and Lambda's Invoke API.
//!
//! Source of its facts: API Gateway developer guide, "Create AWS Lambda proxy integrations for HTTP APIs", "Create routes
//! for HTTP APIs", "Configure CORS for HTTP APIs", "Quotas for HTTP APIs"; AWS Lambda API reference, "Invoke".

mod answer;
mod body;
mod cors;
mod event;
mod host;
mod invoke_api;
mod reply;
mod routes;
mod server;

pub use cors::Cors;
pub use routes::HttpRoute;
pub use server::{Front, FrontOptions, StartError};
