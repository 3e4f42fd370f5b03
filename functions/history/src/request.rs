//! What an invocation asks for: answers, `{}`, `{"question": "<name>"}` or `{"force": true}`; a recount,
//! `{"job": "reconcile"}`, with `"days"` one of `"closed"` (the default), `"all"` and a day such as `"2026-11-21"`; or
//! maintenance, `{"job": "maintain"}`, with `"days": "all"` to look at raw objects of every day; or a replay of what is in
//! quarantine, `{"job": "replay"}`, with `"reason"` for one reason only.
//!
//! Members it does not know are passed over: a schedule may send an event of its own making.

use posts::quarantine::Reason;
use posts::questions::Question;
use serde_json::Value;

use crate::error::Error;
use crate::recount::Days;

/// What an invocation asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Request {
    /// Answers to questions.
    Answer {
        /// This question only; all of them, and the totals, without one.
        question: Option<Question>,
        /// Answer even if the tables did not change since the last run.
        force: bool,
    },
    /// A recount of the live pages of some arrival days.
    Reconcile(Days),
    /// Maintenance.
    Maintain {
        /// Raw objects of every day are looked at, not only of those that have become old enough lately.
        all_days: bool,
    },
    /// A replay of what is in quarantine for a reason, or at all.
    Replay(Option<Reason>),
}

impl Request {
    /// Reads an event.
    ///
    /// # Errors
    /// If it names no job, question or day there is, or a member is of another type.
    pub(crate) fn read(event: &Value) -> Result<Self, Error> {
        match event.get("job") {
            None | Some(Value::Null) => Self::answer(event),
            Some(Value::String(job)) if job == "reconcile" => Self::reconcile(event),
            Some(Value::String(job)) if job == "maintain" => Self::maintain(event),
            Some(Value::String(job)) if job == "replay" => Self::replay(event),
            Some(_) => Err(Error::Event("there is no such job; there are reconcile, maintain and replay".to_owned())),
        }
    }

    fn answer(event: &Value) -> Result<Self, Error> {
        let question = match event.get("question") {
            None | Some(Value::Null) => None,
            Some(Value::String(name)) => {
                Some(Question::from_name(name).ok_or_else(|| Error::Event("there is no such question".to_owned()))?)
            }
            Some(_) => return Err(Error::Event("question is no text".to_owned())),
        };
        let force = match event.get("force") {
            None | Some(Value::Null) => false,
            Some(Value::Bool(force)) => *force,
            Some(_) => return Err(Error::Event("force is neither true nor false".to_owned())),
        };
        Ok(Self::Answer { question, force })
    }

    fn maintain(event: &Value) -> Result<Self, Error> {
        match event.get("days") {
            None | Some(Value::Null) => Ok(Self::Maintain { all_days: false }),
            Some(Value::String(days)) if days == "all" => Ok(Self::Maintain { all_days: true }),
            Some(_) => Err(Error::Event("days is not all, the only choice of maintenance".to_owned())),
        }
    }

    fn replay(event: &Value) -> Result<Self, Error> {
        match event.get("reason") {
            None | Some(Value::Null) => Ok(Self::Replay(None)),
            Some(reason) => match serde_json::from_value(reason.clone()) {
                Ok(reason) => Ok(Self::Replay(Some(reason))),
                Err(_) => Err(Error::Event("there is no such reason".to_owned())),
            },
        }
    }

    fn reconcile(event: &Value) -> Result<Self, Error> {
        let days = match event.get("days") {
            None | Some(Value::Null) => Some(Days::default()),
            Some(Value::String(days)) => match days.as_str() {
                "closed" => Some(Days::Closed),
                "all" => Some(Days::All),
                day => day.parse().ok().map(Days::One),
            },
            Some(_) => None,
        };
        let days =
            days.ok_or_else(|| Error::Event("days is none of closed, all and a day like 2026-11-21".to_owned()))?;
        Ok(Self::Reconcile(days))
    }
}

#[cfg(test)]
mod tests {
    use posts::arrival::Day;
    use serde_json::json;

    use super::*;

    #[test]
    fn an_empty_event_and_a_schedules_own_ask_for_everything() {
        for event in [json!({}), json!(null), json!({"version": "0", "detail-type": "Scheduled Event", "detail": {}})] {
            assert_eq!(Request::read(&event).unwrap(), Request::Answer { question: None, force: false }, "{event}");
        }
    }

    #[test]
    fn one_question_is_asked_by_name_and_force_by_true() {
        let request = Request::read(&json!({"question": "category_by_year", "force": true})).unwrap();
        assert_eq!(request, Request::Answer { question: Some(Question::CategoryByYear), force: true });
    }

    #[test]
    fn a_recount_is_of_closed_days_unless_it_says_otherwise() {
        for (event, want) in [
            (json!({"job": "reconcile"}), Days::Closed),
            (json!({"job": "reconcile", "days": "closed"}), Days::Closed),
            (json!({"job": "reconcile", "days": "all"}), Days::All),
            (json!({"job": "reconcile", "days": "1970-01-02"}), Days::One(Day::containing(86_400_000))),
        ] {
            assert_eq!(Request::read(&event).unwrap(), Request::Reconcile(want), "{event}");
        }
    }

    #[test]
    fn maintenance_looks_at_late_days_unless_it_says_otherwise() {
        for (event, all_days) in
            [(json!({"job": "maintain"}), false), (json!({"job": "maintain", "days": "all"}), true)]
        {
            assert_eq!(Request::read(&event).unwrap(), Request::Maintain { all_days }, "{event}");
        }
    }

    #[test]
    fn a_replay_is_of_everything_unless_it_says_why() {
        for (event, reason) in
            [(json!({"job": "replay"}), None), (json!({"job": "replay", "reason": "not_json"}), Some(Reason::NotJson))]
        {
            assert_eq!(Request::read(&event).unwrap(), Request::Replay(reason), "{event}");
        }
    }

    #[test]
    fn what_cannot_be_meant_is_refused() {
        for event in [
            json!({"question": "category"}),
            json!({"question": 1}),
            json!({"force": "yes"}),
            json!({"job": "answer everything"}),
            json!({"job": 1}),
            json!({"job": "reconcile", "days": "yesterday"}),
            json!({"job": "reconcile", "days": 3}),
            json!({"job": "maintain", "days": "closed"}),
            json!({"job": "replay", "reason": "dislike"}),
        ] {
            assert!(matches!(Request::read(&event), Err(Error::Event(_))), "{event}");
        }
    }
}
