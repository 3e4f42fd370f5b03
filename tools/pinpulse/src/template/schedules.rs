//! Schedule events: which function the clock starts, and with what event.
//!
//! Retries, windows and dead-letter queues are EventBridge's. A start or end date, or a time zone other than UTC, would
//! change when a function runs, so both are refused by name.

use super::deployment::Schedule;
use super::error::TemplateError;
use super::functions::{Declared, Event};
use super::scope::{Scope, text};

/// Properties that are read here, and those that change neither when a function runs nor with what.
const KNOWN: [&str; 15] = [
    "DeadLetterConfig",
    "Description",
    "Enabled",
    "FlexibleTimeWindow",
    "GroupName",
    "Input",
    "KmsKeyArn",
    "Name",
    "OmitName",
    "RetryPolicy",
    "RoleArn",
    "Schedule",
    "ScheduleExpression",
    "ScheduleExpressionTimezone",
    "State",
];

pub(super) fn schedules<'t>(scope: &Scope<'t>, declared: &[Declared<'t>]) -> Result<Vec<Schedule>, TemplateError> {
    let mut all = Vec::new();
    for each in declared {
        for (kind, key) in [("ScheduleV2", "ScheduleExpression"), ("Schedule", "Schedule")] {
            for event in each.events_of(kind) {
                all.extend(schedule(scope, &each.function.name, event, key)?);
            }
        }
    }
    Ok(all)
}

/// One schedule; `None` if it is disabled.
fn schedule<'t>(
    scope: &Scope<'t>,
    function: &str,
    event: &Event<'t>,
    key: &str,
) -> Result<Option<Schedule>, TemplateError> {
    let said = &event.properties;
    scope.only(said, &KNOWN)?;
    let disabled = scope.text_of(said, "State")?.is_some_and(|state| state == "DISABLED")
        || scope.truth_of(said, "Enabled")? == Some(false);
    if disabled {
        return Ok(None);
    }
    if let Some(zone) = scope.text_of(said, "ScheduleExpressionTimezone")?.filter(|zone| zone != "UTC") {
        return Err(TemplateError::not_understood(&said.below("ScheduleExpressionTimezone"), zone));
    }
    Ok(Some(Schedule {
        name: scope.text_of(said, "Name")?.unwrap_or_else(|| event.name.clone()),
        function: function.to_owned(),
        expression: text(&scope.required(said, key)?)?,
        input: scope.text_of(said, "Input")?,
    }))
}

#[cfg(test)]
mod tests {
    use super::super::fixture::with_event;
    use super::*;

    #[test]
    fn a_schedule_has_an_expression_and_perhaps_an_input_and_a_name() {
        let v2 = "ScheduleExpression: rate(5 minutes), Input: '{\"job\": \"consolidate\"}', Name: often, \
                  RetryPolicy: {MaximumRetryAttempts: 2}, ScheduleExpressionTimezone: UTC";
        let want = Schedule {
            name: "often".to_owned(),
            function: "ingest".to_owned(),
            expression: "rate(5 minutes)".to_owned(),
            input: Some("{\"job\": \"consolidate\"}".to_owned()),
        };
        assert_eq!(with_event("ScheduleV2", v2).unwrap().schedules, [want]);
        let old = with_event("Schedule", "Schedule: cron(0 3 * * ? *)").unwrap().schedules.remove(0);
        assert_eq!((old.name.as_str(), old.expression.as_str(), old.input), ("E", "cron(0 3 * * ? *)", None));
    }

    #[test]
    fn a_disabled_schedule_is_left_out() {
        for (kind, properties) in [
            ("ScheduleV2", "ScheduleExpression: rate(1 day), State: DISABLED"),
            ("Schedule", "Schedule: rate(1 day), Enabled: false"),
        ] {
            assert_eq!(with_event(kind, properties).unwrap().schedules, [], "{kind}");
        }
    }

    #[test]
    fn another_time_zone_or_an_end_is_refused_by_name() {
        for (more, name) in
            [("ScheduleExpressionTimezone: Europe/London", "Europe/London"), ("EndDate: '2030-01-01'", "EndDate")]
        {
            let read = with_event("ScheduleV2", &format!("ScheduleExpression: rate(1 day), {more}"));
            assert!(
                matches!(&read, Err(TemplateError::NotUnderstood { name: refused, .. }) if refused == name),
                "{read:?}"
            );
        }
    }
}
