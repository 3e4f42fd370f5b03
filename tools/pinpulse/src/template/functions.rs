//! Functions: their program, variables, time and memory, and the events that trigger them.
//!
//! Globals.Function is merged as SAM does it: a function's own value replaces the global one, variables are joined.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use super::deployment::Function;
use super::error::TemplateError;
use super::names::FUNCTION;
use super::scope::{Scope, text};
use super::value::Node;

/// Lambda's limits (Lambda quotas: timeout, memory).
const TIMEOUT_S: std::ops::RangeInclusive<i64> = 1..=900;
const MEMORY_MB: std::ops::RangeInclusive<i64> = 128..=10_240;
/// SAM's and Lambda's defaults.
const DEFAULT_TIMEOUT_S: i64 = 3;
const DEFAULT_MEMORY_MB: i64 = 128;

/// A function and its events.
pub(super) struct Declared<'t> {
    pub(super) function: Function,
    pub(super) events: Vec<Event<'t>>,
}

/// An event of a function: its name, type and properties.
pub(super) struct Event<'t> {
    pub(super) name: String,
    pub(super) kind: String,
    pub(super) properties: Node<'t>,
}

/// Kinds of event that some file beside this one reads.
const KINDS: [&str; 4] = ["HttpApi", "Kinesis", "Schedule", "ScheduleV2"];

pub(super) fn declared<'t>(scope: &Scope<'t>) -> Result<Vec<Declared<'t>>, TemplateError> {
    let mut names = BTreeSet::new();
    let mut all = Vec::new();
    for (logical_id, resource) in scope.resources(FUNCTION)? {
        let declared = one(scope, logical_id, &resource)?;
        if !names.insert(declared.function.name.clone()) {
            let problem = format!("a second function runs {}", declared.function.name);
            return Err(TemplateError::wrong(resource.path(), problem));
        }
        all.push(declared);
    }
    Ok(all)
}

fn one<'t>(scope: &Scope<'t>, logical_id: String, resource: &Node<'t>) -> Result<Declared<'t>, TemplateError> {
    let own = scope.required(resource, "Properties")?;
    let globals = scope.section("Globals").and_then(|globals| globals.get("Function"));
    let number = |key: &str, accepted, default| -> Result<i64, TemplateError> {
        let holder = if own.get(key).is_some() { Some(&own) } else { globals.as_ref() };
        let said = holder.map_or(Ok(None), |holder| scope.number_of(holder, key, accepted))?;
        Ok(said.unwrap_or(default))
    };
    let timeout_s = number("Timeout", TIMEOUT_S, DEFAULT_TIMEOUT_S)?;
    let memory_mb = number("MemorySize", MEMORY_MB, DEFAULT_MEMORY_MB)?;
    let mut environment = globals.as_ref().map_or_else(|| Ok(BTreeMap::new()), |globals| variables(scope, globals))?;
    environment.extend(variables(scope, &own)?);
    let function = Function {
        logical_id,
        name: scope.program(resource)?,
        environment,
        timeout: Duration::from_secs(timeout_s.unsigned_abs()),
        memory_mb: u32::try_from(memory_mb).unwrap_or(u32::MAX),
    };
    Ok(Declared { function, events: events(scope, &own)? })
}

fn variables<'t>(scope: &Scope<'t>, properties: &Node<'t>) -> Result<BTreeMap<String, String>, TemplateError> {
    let Some(environment) = scope.member(properties, "Environment")? else {
        return Ok(BTreeMap::new());
    };
    let mut variables = BTreeMap::new();
    for (name, value) in scope.entries_of(&environment, "Variables")? {
        if let Some(value) = scope.resolve(&value)? {
            variables.insert(name, text(&value)?);
        }
    }
    Ok(variables)
}

fn events<'t>(scope: &Scope<'t>, properties: &Node<'t>) -> Result<Vec<Event<'t>>, TemplateError> {
    let mut events = Vec::new();
    for (name, event) in scope.entries_of(properties, "Events")? {
        let Some(event) = scope.resolve(&event)? else {
            continue;
        };
        let kind = text(&scope.required(&event, "Type")?)?;
        if !KINDS.contains(&kind.as_str()) {
            return Err(TemplateError::not_understood(event.path(), format!("an event of type {kind}")));
        }
        let properties = scope.required(&event, "Properties")?;
        events.push(Event { name, kind, properties });
    }
    Ok(events)
}

impl<'t> Declared<'t> {
    /// The function's events of one kind.
    pub(super) fn events_of(&self, kind: &'static str) -> impl Iterator<Item = &Event<'t>> {
        self.events.iter().filter(move |event| event.kind == kind)
    }
}

#[cfg(test)]
mod tests {
    use super::super::deployment::Deployment;
    use super::super::fixture::{read_plainly, template, with_event};
    use super::*;

    fn read_with_globals(globals: &str, own: &str) -> Deployment {
        read_plainly(&format!("Globals: {{Function: {{{globals}}}}}\n{}", template(own))).unwrap()
    }

    #[test]
    fn a_functions_own_value_replaces_the_global_one_and_variables_are_joined() {
        let globals = "Timeout: 10, MemorySize: 256, Environment: {Variables: {A: all, B: all}}";
        let own = "      Timeout: 20\n      Environment: {Variables: {B: own, C: own}}\n";
        let function = read_with_globals(globals, own).functions.remove(0);
        assert_eq!((function.timeout, function.memory_mb), (Duration::from_secs(20), 256));
        let want = [("A", "all"), ("B", "own"), ("C", "own")].map(|(name, value)| (name.to_owned(), value.to_owned()));
        assert_eq!(function.environment, BTreeMap::from(want));
    }

    #[test]
    fn what_is_nowhere_said_has_lambdas_default() {
        let function = read_with_globals("Runtime: provided.al2023", "      Description: d\n").functions.remove(0);
        assert_eq!((function.timeout, function.memory_mb), (Duration::from_secs(3), 128));
    }

    #[test]
    fn no_value_hides_the_global_value_too() {
        let function = read_with_globals("Timeout: 10", "      Timeout: !Ref AWS::NoValue\n").functions.remove(0);
        assert_eq!(function.timeout, Duration::from_secs(3));
    }

    #[test]
    fn a_function_without_a_program_is_an_error() {
        let text = template("      Timeout: 5\n").replace("BuildProperties", "Other");
        let path = "Resources.Ingest.Metadata.BuildProperties".to_owned();
        assert_eq!(read_plainly(&text), Err(TemplateError::Missing { path }));
    }

    #[test]
    fn two_functions_with_one_program_are_an_error() {
        let text = template("      Timeout: 5\n")
            + "  Twin: {Type: 'AWS::Serverless::Function', Metadata: {BuildProperties: {Binary: ingest}}, Properties: {}}\n";
        assert_eq!(read_plainly(&text), Err(TemplateError::wrong("Resources.Twin", "a second function runs ingest")));
    }

    #[test]
    fn an_event_that_nothing_here_delivers_is_refused_by_its_type() {
        for kind in ["SQS", "Api", "S3", "DynamoDB"] {
            let read = with_event(kind, "Any: thing");
            let want = format!("an event of type {kind}");
            assert!(matches!(&read, Err(TemplateError::NotUnderstood { name, .. }) if *name == want), "{read:?}");
        }
    }

    #[test]
    fn time_and_memory_outside_lambdas_limits_are_errors() {
        for own in ["Timeout: 0", "Timeout: 901", "MemorySize: 64", "MemorySize: 10241"] {
            let read = read_plainly(&template(&format!("      {own}\n")));
            assert!(matches!(read, Err(TemplateError::Wrong { .. })), "{own}: {read:?}");
        }
    }
}
