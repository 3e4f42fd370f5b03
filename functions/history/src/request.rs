//! What an invocation asks for: `{}`, `{"question": "<name>"}` or `{"force": true}`.
//!
//! Members it does not know are passed over: a schedule may send an event of its own making.

use posts::questions::Question;
use serde_json::Value;

use crate::error::Error;

/// What an invocation asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Request {
    /// This question only; all of them, and the totals, without one.
    pub question: Option<Question>,
    /// Answer even if the tables did not change since the last run.
    pub force: bool,
}

impl Request {
    /// Reads an event.
    ///
    /// # Errors
    /// If it names no question there is, or a member is of another type.
    pub(crate) fn read(event: &Value) -> Result<Self, Error> {
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
        Ok(Self { question, force })
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn an_empty_event_and_a_schedules_own_ask_for_everything() {
        for event in [json!({}), json!(null), json!({"version": "0", "detail-type": "Scheduled Event", "detail": {}})] {
            assert_eq!(Request::read(&event).unwrap(), Request::default(), "{event}");
        }
    }

    #[test]
    fn one_question_is_asked_by_name_and_force_by_true() {
        let request = Request::read(&json!({"question": "category_by_year", "force": true})).unwrap();
        assert_eq!(request, Request { question: Some(Question::CategoryByYear), force: true });
    }

    #[test]
    fn what_cannot_be_meant_is_refused() {
        for event in [json!({"question": "category"}), json!({"question": 1}), json!({"force": "yes"})] {
            assert!(matches!(Request::read(&event), Err(Error::Event(_))), "{event}");
        }
    }
}
