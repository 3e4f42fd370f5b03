//! What a template's values are worked out against, and the typed reading of one value.
//!
//! Work is lazy: a value is worked out when someone asks for it, so what nobody needs may hold anything. A chain of
//! references is followed to a bounded depth, and every condition and name is worked out once: a small hostile template
//! cannot make long work.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::ops::RangeInclusive;

use serde_norway::Value;

use super::error::TemplateError;
use super::value::Node;

/// The longest chain of names and conditions that need each other. Real templates need three.
const MAX_CHAIN: usize = 32;

/// The physical name of a resource by its logical id and type, where the caller chooses it.
pub(super) type Names<'t> = &'t dyn Fn(&str, &str) -> Option<String>;

/// A template, the values given for its parameters and the names given to its resources.
pub(super) struct Scope<'t> {
    pub(super) root: Node<'t>,
    pub(super) names: Names<'t>,
    pub(super) parameters: &'t BTreeMap<String, String>,
    pub(super) conditions: RefCell<BTreeMap<String, bool>>,
    pub(super) named: RefCell<BTreeMap<String, String>>,
    open: RefCell<Vec<String>>,
}

impl<'t> Scope<'t> {
    pub(super) fn new(value: &'t Value, names: Names<'t>, parameters: &'t BTreeMap<String, String>) -> Self {
        Self {
            root: Node::root(value),
            names,
            parameters,
            conditions: RefCell::default(),
            named: RefCell::default(),
            open: RefCell::default(),
        }
    }

    /// A top-level section (`Resources`, `Parameters`), as it stands.
    pub(super) fn section(&self, name: &str) -> Option<Node<'t>> {
        self.root.get(name)
    }

    /// The value under a key of a mapping, worked out. `None` if it is absent, null or `AWS::NoValue`.
    pub(super) fn member(&self, mapping: &Node<'t>, key: &str) -> Result<Option<Node<'t>>, TemplateError> {
        let Some(mapping) = self.resolve(mapping)? else {
            return Ok(None);
        };
        if !mapping.is_mapping() && !mapping.value().is_null() {
            return Err(TemplateError::wrong(mapping.path(), "should be a mapping"));
        }
        mapping.get(key).map_or(Ok(None), |value| self.resolve(&value))
    }

    /// As [`Self::member`], where absence is an error.
    pub(super) fn required(&self, mapping: &Node<'t>, key: &str) -> Result<Node<'t>, TemplateError> {
        self.member(mapping, key)?.ok_or_else(|| TemplateError::Missing { path: mapping.below(key) })
    }

    pub(super) fn text_of(&self, mapping: &Node<'t>, key: &str) -> Result<Option<String>, TemplateError> {
        self.member(mapping, key)?.map(|value| text(&value)).transpose()
    }

    /// A whole number under a key, within what AWS accepts. CloudFormation takes numbers as text too.
    pub(super) fn number_of(
        &self,
        mapping: &Node<'t>,
        key: &str,
        accepted: RangeInclusive<i64>,
    ) -> Result<Option<i64>, TemplateError> {
        let Some(value) = self.member(mapping, key)? else {
            return Ok(None);
        };
        let number =
            text(&value)?.parse().map_err(|_| TemplateError::wrong(value.path(), "should be a whole number"))?;
        if accepted.contains(&number) {
            return Ok(Some(number));
        }
        let (least, most) = accepted.into_inner();
        Err(TemplateError::wrong(value.path(), format!("{number} is outside {least} to {most}")))
    }

    pub(super) fn truth_of(&self, mapping: &Node<'t>, key: &str) -> Result<Option<bool>, TemplateError> {
        let Some(value) = self.member(mapping, key)? else {
            return Ok(None);
        };
        match text(&value)?.as_str() {
            "true" => Ok(Some(true)),
            "false" => Ok(Some(false)),
            _ => Err(TemplateError::wrong(value.path(), "should be true or false")),
        }
    }

    /// A list of texts under a key; one text stands for a list of one.
    pub(super) fn texts_of(&self, mapping: &Node<'t>, key: &str) -> Result<Option<Vec<String>>, TemplateError> {
        let Some(value) = self.member(mapping, key)? else {
            return Ok(None);
        };
        let Some(items) = value.items() else {
            return Ok(Some(vec![text(&value)?]));
        };
        let mut texts = Vec::with_capacity(items.len());
        for item in items {
            if let Some(item) = self.resolve(&item)? {
                texts.push(text(&item)?);
            }
        }
        Ok(Some(texts))
    }

    /// The entries of a mapping under a key, not worked out themselves.
    pub(super) fn entries_of(&self, mapping: &Node<'t>, key: &str) -> Result<Vec<(String, Node<'t>)>, TemplateError> {
        match self.member(mapping, key)? {
            None => Ok(Vec::new()),
            Some(value) if value.is_mapping() => Ok(value.entries()),
            Some(value) => Err(TemplateError::wrong(value.path(), "should be a mapping")),
        }
    }

    /// A value and all below it as JSON. `None` for `AWS::NoValue`.
    pub(super) fn json(&self, node: &Node<'t>) -> Result<Option<serde_json::Value>, TemplateError> {
        let Some(node) = self.resolve(node)? else {
            return Ok(None);
        };
        if let Some(items) = node.items() {
            let items = items.iter().filter_map(|item| self.json(item).transpose());
            return Ok(Some(serde_json::Value::Array(items.collect::<Result<_, _>>()?)));
        }
        if node.is_mapping() {
            let mut object = serde_json::Map::new();
            for (key, value) in node.entries() {
                if let Some(value) = self.json(&value)? {
                    object.insert(key, value);
                }
            }
            return Ok(Some(serde_json::Value::Object(object)));
        }
        serde_json::to_value(node.value())
            .map(Some)
            .map_err(|_| TemplateError::wrong(node.path(), "has no form in JSON"))
    }

    /// Refuses by name every key of a mapping that is not among the known ones, unless it comes to `AWS::NoValue`.
    pub(super) fn only(&self, mapping: &Node<'t>, known: &[&str]) -> Result<(), TemplateError> {
        for (key, value) in mapping.entries() {
            if !known.contains(&key.as_str()) && self.resolve(&value)?.is_some() {
                return Err(TemplateError::not_understood(mapping.path(), key));
            }
        }
        Ok(())
    }

    /// Works out something with a name that may need other names, and notices when it needs itself.
    pub(super) fn once_inside<T>(
        &self,
        name: &str,
        path: &str,
        work: impl FnOnce() -> Result<T, TemplateError>,
    ) -> Result<T, TemplateError> {
        let circular = {
            let open = self.open.borrow();
            open.len() >= MAX_CHAIN || open.iter().any(|opened| opened == name)
        };
        if circular {
            return Err(TemplateError::Circular { path: path.to_owned(), name: name.to_owned() });
        }
        self.open.borrow_mut().push(name.to_owned());
        let worked_out = work();
        self.open.borrow_mut().pop();
        worked_out
    }
}

/// A worked-out scalar as text.
pub(super) fn text(node: &Node<'_>) -> Result<String, TemplateError> {
    node.scalar().ok_or_else(|| TemplateError::wrong(node.path(), "should be a text or a number"))
}
