//! The expressions that the adapters send: conditions, key conditions and updates. What is not understood is refused by
//! name, so that a schedule never passes on a guess.

use std::cmp::Ordering;
use std::collections::BTreeSet;

use serde_json::{Map, Value};

use super::Item;

/// What an expression holds that is not understood here.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct NotUnderstood(pub(crate) String);

/// A condition on an item, attribute names and values filled in.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Condition {
    Compare(Operand, Comparison, Operand),
    Between(Operand, Operand, Operand),
    Exists(String),
    Absent(String),
    BeginsWith(Operand, Operand),
    Both(Box<Condition>, Box<Condition>),
    Either(Box<Condition>, Box<Condition>),
    Not(Box<Condition>),
}

/// How two operands are compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Comparison {
    Equal,
    Unequal,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
}

/// An attribute or a given value.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Operand {
    Attribute(String),
    Given(Value),
}

/// What an update does.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Update {
    pub(crate) sets: Vec<(String, Operand)>,
    pub(crate) adds: Vec<(String, Value)>,
    pub(crate) removes: Vec<String>,
}

impl Condition {
    /// Whether it holds for an item; an empty one where there is none.
    pub(crate) fn holds(&self, item: &Item) -> bool {
        match self {
            Self::Compare(left, comparison, right) => match (left.of(item), right.of(item)) {
                (Some(left), Some(right)) => comparison.holds(left, right),
                _ => *comparison == Comparison::Unequal,
            },
            Self::Between(value, from, to) => {
                let at_least = Self::Compare(value.clone(), Comparison::GreaterOrEqual, from.clone());
                at_least.holds(item) && Self::Compare(value.clone(), Comparison::LessOrEqual, to.clone()).holds(item)
            }
            Self::Exists(name) => item.contains_key(name),
            Self::Absent(name) => !item.contains_key(name),
            Self::BeginsWith(value, prefix) => {
                let texts = (value.of(item).and_then(text), prefix.of(item).and_then(text));
                matches!(texts, (Some(value), Some(prefix)) if value.starts_with(prefix))
            }
            Self::Both(left, right) => left.holds(item) && right.holds(item),
            Self::Either(left, right) => left.holds(item) || right.holds(item),
            Self::Not(condition) => !condition.holds(item),
        }
    }

    /// The value that a key condition demands of an attribute.
    pub(crate) fn demanded(&self, attribute: &str) -> Option<&Value> {
        match self {
            Self::Compare(Operand::Attribute(name), Comparison::Equal, Operand::Given(value)) if name == attribute => {
                Some(value)
            }
            Self::Both(left, right) => left.demanded(attribute).or_else(|| right.demanded(attribute)),
            _ => None,
        }
    }
}

impl Comparison {
    fn holds(self, left: &Value, right: &Value) -> bool {
        let order = compare(left, right);
        match self {
            Self::Equal => left == right || order == Some(Ordering::Equal),
            Self::Unequal => left != right && order != Some(Ordering::Equal),
            Self::Less => order == Some(Ordering::Less),
            Self::LessOrEqual => matches!(order, Some(Ordering::Less | Ordering::Equal)),
            Self::Greater => order == Some(Ordering::Greater),
            Self::GreaterOrEqual => matches!(order, Some(Ordering::Greater | Ordering::Equal)),
        }
    }
}

impl Operand {
    pub(crate) fn of<'a>(&'a self, item: &'a Item) -> Option<&'a Value> {
        match self {
            Self::Attribute(name) => item.get(name),
            Self::Given(value) => Some(value),
        }
    }
}

/// Texts by their bytes, numbers by value; anything else has no order.
fn compare(left: &Value, right: &Value) -> Option<Ordering> {
    match (text(left), text(right)) {
        (Some(left), Some(right)) => Some(left.as_bytes().cmp(right.as_bytes())),
        (None, None) => Some(number(left)?.cmp(&number(right)?)),
        _ => None,
    }
}

/// A text's characters.
pub(crate) fn text(value: &Value) -> Option<&str> {
    value.get("S")?.as_str()
}

/// A whole number.
pub(crate) fn number(value: &Value) -> Option<i128> {
    value.get("N")?.as_str()?.parse().ok()
}

/// The parts of a request that its expressions refer to.
pub(crate) struct Terms<'a> {
    names: &'a Map<String, Value>,
    values: &'a Map<String, Value>,
    used: BTreeSet<String>,
}

impl<'a> Terms<'a> {
    pub(crate) fn new(names: &'a Map<String, Value>, values: &'a Map<String, Value>) -> Self {
        Self { names, values, used: BTreeSet::new() }
    }

    pub(crate) fn condition(&mut self, text: &str) -> Result<Condition, NotUnderstood> {
        let mut parser = Parser { tokens: tokens(text)?, at: 0, terms: self };
        let condition = parser.either()?;
        parser.end()?;
        Ok(condition)
    }

    pub(crate) fn update(&mut self, text: &str) -> Result<Update, NotUnderstood> {
        let mut parser = Parser { tokens: tokens(text)?, at: 0, terms: self };
        let update = parser.update()?;
        parser.end()?;
        Ok(update)
    }

    /// DynamoDB refuses a request with a name or a value that no expression uses.
    pub(crate) fn all_used(&self) -> Result<(), NotUnderstood> {
        let unused = self.names.keys().chain(self.values.keys()).find(|name| !self.used.contains(*name));
        unused.map_or(Ok(()), |name| Err(NotUnderstood(format!("{name} is unused in expressions"))))
    }

    fn name(&mut self, token: &str) -> Result<String, NotUnderstood> {
        if !token.starts_with('#') {
            return Ok(token.to_owned());
        }
        self.used.insert(token.to_owned());
        let name = self.names.get(token).and_then(Value::as_str);
        name.map(ToOwned::to_owned).ok_or_else(|| NotUnderstood(format!("{token} is no name of the request")))
    }

    fn value(&mut self, token: &str) -> Result<Value, NotUnderstood> {
        self.used.insert(token.to_owned());
        let value = self.values.get(token).cloned();
        value.ok_or_else(|| NotUnderstood(format!("{token} is no value of the request")))
    }
}

fn tokens(text: &str) -> Result<Vec<String>, NotUnderstood> {
    let mut tokens = Vec::new();
    let mut rest = text.trim_start();
    while let Some(first) = rest.chars().next() {
        let length = if first.is_ascii_alphanumeric() || "#:_".contains(first) {
            let end = rest.char_indices().skip(1).find(|(_, c)| !c.is_ascii_alphanumeric() && *c != '_');
            end.map_or(rest.len(), |(end, _)| end)
        } else if ["<>", "<=", ">="].iter().any(|two| rest.starts_with(two)) {
            2
        } else if "()=<>,".contains(first) {
            1
        } else {
            return Err(NotUnderstood(format!("{first:?} in the expression {text:?}")));
        };
        let (token, after) = rest.split_at(length);
        tokens.push(token.to_owned());
        rest = after.trim_start();
    }
    Ok(tokens)
}

struct Parser<'a, 'b> {
    tokens: Vec<String>,
    at: usize,
    terms: &'a mut Terms<'b>,
}

impl Parser<'_, '_> {
    fn peek(&self) -> &str {
        self.tokens.get(self.at).map_or("", String::as_str)
    }

    fn next(&mut self) -> String {
        let token = self.peek().to_owned();
        self.at += 1;
        token
    }

    fn word(&mut self, word: &str) -> bool {
        let found = self.peek().eq_ignore_ascii_case(word);
        self.at += usize::from(found);
        found
    }

    fn expect(&mut self, word: &str) -> Result<(), NotUnderstood> {
        if self.word(word) { Ok(()) } else { Err(self.stuck()) }
    }

    fn stuck(&self) -> NotUnderstood {
        NotUnderstood(format!("{:?} in the expression {:?}", self.peek(), self.tokens.join(" ")))
    }

    fn end(&self) -> Result<(), NotUnderstood> {
        if self.at >= self.tokens.len() { Ok(()) } else { Err(self.stuck()) }
    }

    fn either(&mut self) -> Result<Condition, NotUnderstood> {
        let mut condition = self.both()?;
        while self.word("OR") {
            condition = Condition::Either(Box::new(condition), Box::new(self.both()?));
        }
        Ok(condition)
    }

    fn both(&mut self) -> Result<Condition, NotUnderstood> {
        let mut condition = self.single()?;
        while self.word("AND") {
            condition = Condition::Both(Box::new(condition), Box::new(self.single()?));
        }
        Ok(condition)
    }

    fn single(&mut self) -> Result<Condition, NotUnderstood> {
        if self.word("NOT") {
            return Ok(Condition::Not(Box::new(self.single()?)));
        }
        if self.word("(") {
            let condition = self.either()?;
            self.expect(")")?;
            return Ok(condition);
        }
        match self.peek() {
            "attribute_exists" => Ok(Condition::Exists(self.one_argument()?)),
            "attribute_not_exists" => Ok(Condition::Absent(self.one_argument()?)),
            "begins_with" => self.begins_with(),
            _ => self.comparison(),
        }
    }

    fn one_argument(&mut self) -> Result<String, NotUnderstood> {
        self.at += 1;
        self.expect("(")?;
        let name = self.path()?;
        self.expect(")")?;
        Ok(name)
    }

    fn begins_with(&mut self) -> Result<Condition, NotUnderstood> {
        self.at += 1;
        self.expect("(")?;
        let value = self.operand()?;
        self.expect(",")?;
        let prefix = self.operand()?;
        self.expect(")")?;
        Ok(Condition::BeginsWith(value, prefix))
    }

    fn comparison(&mut self) -> Result<Condition, NotUnderstood> {
        let left = self.operand()?;
        if self.word("BETWEEN") {
            let from = self.operand()?;
            self.expect("AND")?;
            return Ok(Condition::Between(left, from, self.operand()?));
        }
        let comparison = match self.peek() {
            "=" => Comparison::Equal,
            "<>" => Comparison::Unequal,
            "<" => Comparison::Less,
            "<=" => Comparison::LessOrEqual,
            ">" => Comparison::Greater,
            ">=" => Comparison::GreaterOrEqual,
            _ => return Err(self.stuck()),
        };
        self.at += 1;
        Ok(Condition::Compare(left, comparison, self.operand()?))
    }

    fn operand(&mut self) -> Result<Operand, NotUnderstood> {
        if self.peek().starts_with(':') {
            let token = self.next();
            return Ok(Operand::Given(self.terms.value(&token)?));
        }
        Ok(Operand::Attribute(self.path()?))
    }

    fn path(&mut self) -> Result<String, NotUnderstood> {
        let starts = self.peek().chars().next();
        if !starts.is_some_and(|first| first.is_ascii_alphabetic() || first == '#' || first == '_') {
            return Err(self.stuck());
        }
        let token = self.next();
        if self.peek() == "(" {
            return Err(NotUnderstood(format!("the function {token}")));
        }
        self.terms.name(&token)
    }

    fn update(&mut self) -> Result<Update, NotUnderstood> {
        let mut update = Update::default();
        while self.at < self.tokens.len() {
            let clause = self.next().to_ascii_uppercase();
            loop {
                let name = self.path()?;
                match clause.as_str() {
                    "SET" => {
                        self.expect("=")?;
                        update.sets.push((name, self.operand()?));
                    }
                    "ADD" => {
                        let Operand::Given(value) = self.operand()? else { return Err(self.stuck()) };
                        update.adds.push((name, value));
                    }
                    "REMOVE" => update.removes.push(name),
                    _ => return Err(NotUnderstood(format!("the clause {clause}"))),
                }
                if !self.word(",") {
                    break;
                }
            }
        }
        Ok(update)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn item(value: Value) -> Item {
        let Value::Object(members) = value else { panic!("an object") };
        members.into_iter().collect()
    }

    #[test]
    fn conditions_hold_as_dynamodb_says() {
        let names = json!({"#last": "last"});
        let values = json!({":bound": {"S": "0015"}, ":n": {"N": "10"}});
        let page = item(json!({"last": {"S": "0014"}, "n": {"N": "9"}}));
        for (text, on_page, on_nothing) in [
            ("attribute_not_exists(#last) OR #last < :bound", true, true),
            ("#last = :bound", false, false),
            ("#last <> :bound", true, true),
            ("NOT #last >= :bound AND n < :n", true, false),
            ("n BETWEEN :n AND :n OR attribute_exists(#last)", true, false),
            ("(n < :n)", true, false),
            ("begins_with(#last, :bound)", false, false),
            ("n < :bound", false, false),
        ] {
            let (names, values) = (names.as_object().unwrap(), values.as_object().unwrap());
            let condition = Terms::new(names, values).condition(text).unwrap();
            assert_eq!((condition.holds(&page), condition.holds(&Item::new())), (on_page, on_nothing), "{text}");
        }
    }

    #[test]
    fn what_is_not_understood_is_named() {
        let (names, values) = (Map::new(), Map::new());
        for (text, named) in [("size(a) > b", "size"), ("a.b = c", "'.'"), ("a == b", "\"=\""), ("#x = y", "#x")] {
            let refused = Terms::new(&names, &values).condition(text).unwrap_err();
            assert!(refused.0.contains(named), "{text}: {refused:?}");
        }
        let refused = Terms::new(&names, &values).update("DELETE a").unwrap_err();
        assert!(refused.0.contains("DELETE"), "{refused:?}");
    }

    #[test]
    fn an_unused_name_or_value_is_refused() {
        let values = json!({":a": {"N": "1"}, ":b": {"N": "1"}});
        let names = Map::new();
        let mut terms = Terms::new(&names, values.as_object().unwrap());
        let update = terms.update("SET x = :a ADD y :a").unwrap();
        assert_eq!((update.sets.len(), update.adds.len()), (1, 1));
        assert!(terms.all_used().unwrap_err().0.contains(":b"));
    }
}
