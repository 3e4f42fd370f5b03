//! The peers of `bench consolidate`: other engines over the raw objects of the same run, in `peers/consolidate`.
//!
//! They run after the program has ended, one after the other, so that nothing competes. Rows must be equal before any figure
//! is compared.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde_json::{Map, Value, json};

/// Runs all of them over the bucket in a data folder; what each took.
///
/// # Errors
/// If they cannot be run, or one of them has other rows than the tables.
pub(crate) fn run(python: &Path, data_dir: &Path) -> Result<Value, String> {
    let bucket = bucket(data_dir).ok_or_else(|| format!("there are no tables below {}", data_dir.display()))?;
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("peers/consolidate/run.py");
    let done = Command::new(python)
        .arg(&script)
        .arg(&bucket)
        .stderr(Stdio::inherit())
        .output()
        .map_err(|error| format!("run {}: {error}", script.display()))?;
    let figures: Value = serde_json::from_slice(&done.stdout)
        .map_err(|error| format!("read what {} says: {error}", script.display()))?;
    if done.status.success() { Ok(figures) } else { Err(format!("a peer has other rows than the tables: {figures}")) }
}

/// How many times as much each peer took as batch did: CPU, wall, peak memory.
pub(crate) fn ratios(ours: &Value, peers: &Value) -> Value {
    let engines = peers["engines"].as_object().into_iter().flatten();
    let ratio = |peer: &Value, ours: &Value| match (peer.as_f64(), ours.as_f64()) {
        (Some(peer), Some(ours)) if ours > 0.0 => json!(peer / ours),
        _ => Value::Null,
    };
    let ratios = engines.map(|(name, peer)| {
        let of = ["cpu_s", "wall_s", "peak_mb"].map(|figure| (figure.to_owned(), ratio(&peer[figure], &ours[figure])));
        (name.clone(), Value::Object(of.into_iter().collect()))
    });
    Value::Object(ratios.collect::<Map<_, _>>())
}

/// The one bucket with tables.
fn bucket(data_dir: &Path) -> Option<PathBuf> {
    let buckets = std::fs::read_dir(data_dir.join("s3")).ok()?;
    buckets.filter_map(|bucket| Some(bucket.ok()?.path())).find(|bucket| bucket.join("tables").is_dir())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_ratio_is_what_the_peer_took_for_what_batch_took() {
        let ours = json!({"cpu_s": 2.0, "wall_s": 4.0, "peak_mb": 100});
        let peers = json!({"engines": {"duckdb": {"cpu_s": 5.0, "wall_s": 4.0, "peak_mb": 900}, "broken": {}}});
        let want = json!({
            "duckdb": {"cpu_s": 2.5, "wall_s": 1.0, "peak_mb": 9.0},
            "broken": {"cpu_s": null, "wall_s": null, "peak_mb": null},
        });
        assert_eq!(ratios(&ours, &peers), want);
    }
}
