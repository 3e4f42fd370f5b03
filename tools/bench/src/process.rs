//! What Linux says about a process: its children, its CPU time, the most memory it ever held.

use std::path::PathBuf;

/// A kernel tick in `/proc/<pid>/stat`: 100 a second on every Linux that Rust's standard library supports (`USER_HZ`).
const TICKS_PER_SECOND: f64 = 100.0;

/// What a process has used since it began.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Usage {
    /// User and system time, seconds.
    pub(crate) cpu_s: f64,
    /// Peak resident set (`VmHWM`), bytes.
    pub(crate) peak_bytes: u64,
}

/// What a process has used; `None` if it is gone.
pub(crate) fn usage(pid: u32) -> Option<Usage> {
    let stat = std::fs::read_to_string(file(pid, "stat")).ok()?;
    let status = std::fs::read_to_string(file(pid, "status")).ok()?;
    Some(Usage { cpu_s: cpu_s(&stat)?, peak_bytes: peak_bytes(&status)? })
}

/// The child of `parent` whose command line holds all of `words`.
pub(crate) fn child(parent: u32, words: &[String]) -> Option<u32> {
    let pids = std::fs::read_dir("/proc").ok()?.filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok());
    pids.filter(|pid| parent_of(*pid) == Some(parent)).find(|pid| {
        let line = std::fs::read(file(*pid, "cmdline")).unwrap_or_default();
        let said: Vec<&[u8]> = line.split(|byte| *byte == 0).collect();
        words.iter().all(|word| said.contains(&word.as_bytes()))
    })
}

fn parent_of(pid: u32) -> Option<u32> {
    let status = std::fs::read_to_string(file(pid, "status")).ok()?;
    field(&status, "PPid:")?.parse().ok()
}

fn file(pid: u32, name: &str) -> PathBuf {
    PathBuf::from(format!("/proc/{pid}/{name}"))
}

fn field<'a>(status: &'a str, name: &str) -> Option<&'a str> {
    status.lines().find_map(|line| line.strip_prefix(name)).map(str::trim)
}

fn peak_bytes(status: &str) -> Option<u64> {
    let kilobytes: u64 = field(status, "VmHWM:")?.strip_suffix("kB")?.trim().parse().ok()?;
    Some(kilobytes * 1_024)
}

/// Fields 14 and 15, counted after the name, which may hold spaces and ends at the last parenthesis.
fn cpu_s(stat: &str) -> Option<f64> {
    let (_, rest) = stat.rsplit_once(')')?;
    let mut fields = rest.split_whitespace().skip(11);
    let (user, system): (f64, f64) = (fields.next()?.parse().ok()?, fields.next()?.parse().ok()?);
    Some((user + system) / TICKS_PER_SECOND)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_with_spaces_does_not_move_the_fields() {
        let stat = "7 (a b) c) S 1 7 7 0 -1 4194560 1 0 0 0 150 50 0 0 20 0 1 0 9 1 1";
        assert_eq!(cpu_s(stat), Some(2.0));
    }

    #[test]
    fn the_peak_is_in_bytes() {
        assert_eq!(peak_bytes("Name:\tx\nVmHWM:\t  2048 kB\n"), Some(2 * 1_024 * 1_024));
    }

    #[test]
    fn this_process_uses_something() {
        assert!(usage(std::process::id()).is_some_and(|usage| usage.peak_bytes > 0));
    }
}
