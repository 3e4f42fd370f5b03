//! Which Host headers are answered: only names of this machine. A page on the web that makes its own name point to
//! 127.0.0.1 (DNS rebinding) would otherwise read and write the local cloud through its visitor's browser.

use axum::http::{HeaderMap, header};

/// The Host header, if it names this machine.
pub(crate) fn local_host(headers: &HeaderMap) -> Option<&str> {
    let mut hosts = headers.get_all(header::HOST).iter();
    let (first, second) = (hosts.next(), hosts.next());
    let host = first.filter(|_| second.is_none())?.to_str().ok()?;
    is_local(host).then_some(host)
}

/// A host's name and its port, if it has one. An address of IPv6 has colons of its own and stands in brackets.
pub(crate) fn name_and_port(host: &str) -> (&str, Option<&str>) {
    match host.rsplit_once(':') {
        Some((name, port)) if !port.ends_with(']') => (name, Some(port)),
        _ => (host, None),
    }
}

fn is_local(host: &str) -> bool {
    let (name, port) = name_and_port(host);
    let port_is_fine = port.is_none_or(|port| port.parse::<u16>().is_ok());
    port_is_fine && (name.eq_ignore_ascii_case("localhost") || name == "127.0.0.1" || name == "[::1]")
}

#[cfg(test)]
mod tests {
    use super::is_local;

    #[test]
    fn only_names_of_this_machine_are_local() {
        for local in ["localhost", "LocalHost:8000", "127.0.0.1", "127.0.0.1:1", "[::1]", "[::1]:8000"] {
            assert!(is_local(local), "{local}");
        }
        for foreign in
            ["", "example.com", "localhost.example.com", "127.0.0.1.nip.io", "127.0.0.1:x", "10.0.0.1", "::1"]
        {
            assert!(!is_local(foreign), "{foreign}");
        }
    }
}
