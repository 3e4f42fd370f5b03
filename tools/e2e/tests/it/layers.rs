//! Who may depend on whom, held against what cargo resolves.

use std::collections::{BTreeMap, BTreeSet};
use std::process::Command;

use serde_json::Value;

use crate::root;

/// The workspace's packages: their folders, and what each names as a normal or build dependency (tests may reach further).
struct Graph {
    direct: BTreeMap<String, BTreeSet<String>>,
    folders: BTreeMap<String, String>,
}

impl Graph {
    fn read() -> Self {
        let output = Command::new(env!("CARGO"))
            .args(["metadata", "--format-version", "1", "--locked"])
            .current_dir(root())
            .output()
            .unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        let metadata: Value = serde_json::from_slice(&output.stdout).unwrap();
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        let packages = metadata["packages"].as_array().unwrap();
        let names: BTreeMap<_, _> =
            packages.iter().map(|package| (text(&package["id"]), text(&package["name"]))).collect();
        let members: BTreeSet<_> = metadata["workspace_members"].as_array().unwrap().iter().map(text).collect();
        let place = root().to_string_lossy().into_owned();
        let folders = packages
            .iter()
            .filter(|package| members.contains(&text(&package["id"])))
            .map(|package| {
                let manifest = text(&package["manifest_path"]);
                let folder = manifest.strip_prefix(&format!("{place}/")).unwrap().split('/').next().unwrap().to_owned();
                (text(&package["name"]), folder)
            })
            .collect();
        let mut direct: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
        for node in metadata["resolve"]["nodes"].as_array().unwrap() {
            let used = node["deps"].as_array().unwrap().iter().filter(|dependency| {
                let kinds = dependency["dep_kinds"].as_array().unwrap();
                kinds.iter().any(|kind| kind["kind"].as_str() != Some("dev"))
            });
            let used = used.map(|dependency| names[&text(&dependency["pkg"])].clone());
            direct.entry(names[&text(&node["id"])].clone()).or_default().extend(used);
        }
        Self { direct, folders }
    }

    fn members(&self, folder: &str) -> BTreeSet<String> {
        self.folders.iter().filter(|(_, of)| *of == folder).map(|(name, _)| name.clone()).collect()
    }

    /// Everything a package links when it is built alone, as it is for deployment, itself apart.
    fn reached(package: &str) -> BTreeSet<String> {
        let output = Command::new(env!("CARGO"))
            .args(["tree", "--package", package, "--edges", "normal,build", "--prefix", "none", "--format", "{p}"])
            .arg("--locked")
            .current_dir(root())
            .output()
            .unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        let text = String::from_utf8(output.stdout).unwrap();
        let names = text.lines().filter_map(|line| line.split(' ').next());
        names.filter(|name| !name.is_empty() && *name != package).map(ToOwned::to_owned).collect()
    }

    #[track_caller]
    fn refuse(package: &str, reason: &str, forbidden: impl Fn(&str) -> bool) {
        let found: Vec<_> = Self::reached(package).into_iter().filter(|reached| forbidden(reached)).collect();
        assert!(found.is_empty(), "{package} reaches {found:?}: {reason}");
    }
}

#[test]
fn the_domain_reaches_no_runtime_no_cloud_and_no_network() {
    Graph::refuse("posts", "the domain is pure", |name| {
        let prefixes = ["aws", "lambda", "tokio", "hyper", "http", "reqwest", "axum", "fastrand", "rand", "getrandom"];
        prefixes.iter().any(|prefix| name.starts_with(prefix))
    });
}

#[test]
fn only_the_adapters_name_an_sdk_crate() {
    let graph = Graph::read();
    for package in graph.folders.keys().filter(|package| *package != "aws") {
        let named: Vec<_> = graph.direct[package].iter().filter(|name| name.starts_with("aws-")).collect();
        assert!(named.is_empty(), "{package} names {named:?}: adapters live in shared/aws");
    }
    Graph::refuse("aws", "adapters serve any caller", |name| name.starts_with("lambda") || name == "aws_lambda_events");
}

#[test]
fn a_function_reaches_no_function_and_no_tool() {
    let graph = Graph::read();
    let (functions, tools) = (graph.members("functions"), graph.members("tools"));
    assert!(functions.len() >= 4 && tools.len() >= 4, "{functions:?} {tools:?}");
    for package in functions.iter().chain(&graph.members("shared")) {
        Graph::refuse(package, "each deploys alone, and does not know it is tested", |name| {
            (functions.contains(name) && name != package) || tools.contains(name)
        });
    }
}

#[test]
fn the_local_cloud_knows_nothing_of_posts() {
    let graph = Graph::read();
    let ours: BTreeSet<_> = graph.folders.keys().cloned().collect();
    Graph::refuse("localcloud", "a fake that knows our records would agree with our mistakes", |name| {
        ours.contains(name) || name.starts_with("aws-sdk")
    });
}

#[test]
fn only_the_lake_functions_link_the_lake() {
    let lake =
        |name: &str| name.starts_with("deltalake") || name.starts_with("arrow") || name.starts_with("datafusion");
    for package in ["posts", "aws", "ingest", "popularity", "archive", "query", "localcloud"] {
        Graph::refuse(package, "the lake costs minutes to build and megabytes to start", lake);
    }
    Graph::refuse("batch", "a commit needs no query engine", |name| name.starts_with("datafusion"));
}
