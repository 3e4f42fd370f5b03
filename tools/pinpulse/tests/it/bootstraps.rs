//! `--functions`: the functions as programs of their own, one folder each, as cargo-lambda leaves them.
//!
//! The programs here are scripts that hand over to this build's functions, so that the way from the folder to a live number
//! is walked without building bootstraps. With bootstraps that were built, `PINPULSE_FUNCTIONS=target/lambda` makes every
//! test of this folder run them.

use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::Command;

use serde_json::json;

use crate::running::{Local, until};

const NAMES: [&str; 6] = ["ingest", "popularity", "archive", "batch", "history", "query"];

fn put_bootstraps(folder: &Path, names: &[&str]) {
    for name in names {
        let own = folder.join(name);
        std::fs::create_dir_all(&own).unwrap();
        let ran = own.join("ran");
        let script = format!(
            "#!/bin/sh\ntouch '{}'\nexec '{}' function {name}\n",
            ran.display(),
            env!("CARGO_BIN_EXE_pinpulse")
        );
        let bootstrap = own.join("bootstrap");
        std::fs::write(&bootstrap, script).unwrap();
        std::fs::set_permissions(&bootstrap, std::fs::Permissions::from_mode(0o755)).unwrap();
    }
}

#[tokio::test]
async fn bootstraps_of_a_folder_run_in_place_of_the_functions_in_the_program() {
    let (data, functions) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    put_bootstraps(functions.path(), &NAMES);
    let local = Local::start(data.path(), &["--functions", functions.path().to_str().unwrap()]);
    let geo =
        json!({"ind": 1, "timestamp": "2021-05-06 07:08:09", "latitude": 1.5, "longitude": 2.5, "country": "Malta"});
    let (status, answer) = local.post("/v1/geos", "application/json", geo.to_string()).await;
    assert_eq!(status, 202, "{answer}");
    until("Malta", async || {
        let live = local.get("/v1/popularity?by=country&window=1h").await;
        (live["items"][0]["key"] == "Malta" && live["items"][0]["count"] == 1).then_some(())
    })
    .await;
    for name in ["ingest", "popularity", "query"] {
        assert!(functions.path().join(name).join("ran").exists(), "{name} ran from elsewhere");
    }
    local.stop();
}

#[test]
fn a_folder_without_a_bootstrap_of_each_function_is_refused_by_name() {
    let (data, functions) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    put_bootstraps(functions.path(), &NAMES[..4]);
    let refused = Command::new(env!("CARGO_BIN_EXE_pinpulse"))
        .args(["local", "--port", "0", "--data-dir"])
        .arg(data.path())
        .arg("--functions")
        .arg(functions.path())
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&refused.stderr);
    assert_eq!(refused.status.code(), Some(1), "{said}");
    assert!(said.contains("no bootstrap of history, query"), "{said}");
}
