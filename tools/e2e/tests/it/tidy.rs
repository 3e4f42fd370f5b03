//! Tidiness: what every source file and every function package has in common.

use std::fs;
use std::path::{Path, PathBuf};

use crate::root;

/// Lines of code in a file, tests apart.
const MAX_LINES: usize = 600;

fn sources() -> Vec<PathBuf> {
    let mut found = Vec::new();
    for folder in ["functions", "shared", "tools"] {
        walk(&root().join(folder), &mut found);
    }
    assert!(found.len() > 50, "{}", found.len());
    found
}

fn walk(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            walk(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(path);
        }
    }
}

#[test]
fn every_source_file_says_what_it_is_for() {
    for path in sources() {
        let text = fs::read_to_string(&path).unwrap();
        assert!(text.starts_with("//! "), "{} has no opening `//!`", path.display());
    }
}

#[test]
fn no_source_file_is_too_long_to_be_one_idea() {
    for path in sources() {
        let text = fs::read_to_string(&path).unwrap();
        let code = text.split("#[cfg(test)]\nmod tests").next().unwrap_or_default();
        let lines = code.lines().count();
        assert!(lines <= MAX_LINES, "{} has {lines} lines of code", path.display());
    }
}

#[test]
fn a_function_is_one_package_one_folder_one_binary() {
    for entry in fs::read_dir(root().join("functions")).unwrap() {
        let folder = entry.unwrap().path();
        let name = folder.file_name().unwrap().to_string_lossy().into_owned();
        let manifest = fs::read_to_string(folder.join("Cargo.toml")).unwrap();
        assert!(manifest.contains(&format!("name = \"{name}\"")), "{name}: the package is named otherwise");
        assert!(!manifest.contains("[[bin]]"), "{name}: the one binary is src/main.rs");
        let main = fs::read_to_string(folder.join("src/main.rs")).unwrap();
        assert!(main.lines().count() <= 25, "{name}: main.rs does more than start");
        assert!(!folder.join("src/bin").exists(), "{name}: a second binary");
    }
}

#[test]
fn documents_link_to_files_that_exist() {
    let mut documents = vec![root().join("README.md")];
    for folder in ["docs", "docs/decisions", "events", "infra"] {
        let entries = fs::read_dir(root().join(folder)).unwrap().map(|entry| entry.unwrap().path());
        documents.extend(entries.filter(|path| path.extension().is_some_and(|extension| extension == "md")));
    }
    for document in documents {
        let text = fs::read_to_string(&document).unwrap();
        for target in text.split("](").skip(1).filter_map(|rest| rest.split(')').next()) {
            let file = target.split('#').next().unwrap_or_default();
            if file.is_empty() || file.contains("://") {
                continue;
            }
            let place = document.parent().unwrap().join(file);
            assert!(place.exists(), "{} links to {file}, which is not there", document.display());
        }
    }
}
