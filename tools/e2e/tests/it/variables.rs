//! Environment variables: what a function reads is what the template gives it, no more and no less.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;

use crate::root;

#[test]
fn a_function_reads_the_variables_that_the_template_gives_it() {
    let text = fs::read_to_string(root().join("template.yaml")).unwrap();
    let deployment = pinpulse::template::read(&text, &|_, _| None, &BTreeMap::new()).unwrap();
    let folders = fs::read_dir(root().join("functions")).unwrap().count();
    assert_eq!(deployment.functions.len(), folders, "every function is in the template");
    for function in deployment.functions {
        let config = root().join("functions").join(&function.name).join("src/config.rs");
        let config = fs::read_to_string(config).unwrap();
        let read: BTreeSet<_> = config.split("required(\"").skip(1).filter_map(|rest| rest.split('"').next()).collect();
        let given: BTreeSet<_> = function.environment.keys().map(String::as_str).collect();
        assert_eq!(read, given, "{}", function.name);
    }
}
