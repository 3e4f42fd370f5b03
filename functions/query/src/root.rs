//! What a terminal gets at the root: what this is, and lines to paste, for the very URL it was asked under.
//!
//! The URL comes from headers that a client writes, so only characters that a shell and a URL take as they are get through.

use lambda_http::http::header::{self, HeaderName};

use crate::event::FORWARDED_PROTO;
use crate::read::Call;

/// What stands for a host that is missing or not to be repeated.
const UNKNOWN_HOST: &str = "your-api.example";

/// The longest name of a host, with its port (RFC 1035 gives a name 253 characters).
const MAX_HOST_BYTES: usize = 260;

/// The URL under which the client reaches this function, without a slash at its end.
pub(crate) fn base_url(call: &Call) -> String {
    let text = |name: &HeaderName| call.headers.get(name).and_then(|value| value.to_str().ok());
    let host = text(&header::HOST).map(str::to_ascii_lowercase).filter(|host| is_host(host));
    let host = host.as_deref().unwrap_or(UNKNOWN_HOST);
    let scheme = match text(&FORWARDED_PROTO) {
        _ if is_local(host) => "http",
        Some("http") => "http",
        _ => "https",
    };
    let stage = call.stage.as_deref().filter(|stage| is_stage(stage));
    format!("{scheme}://{host}{}{}", if stage.is_some() { "/" } else { "" }, stage.unwrap_or_default())
}

fn is_host(host: &str) -> bool {
    let allowed = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b".-:[]".contains(&byte);
    (1..=MAX_HOST_BYTES).contains(&host.len()) && host.bytes().all(allowed)
}

fn is_local(host: &str) -> bool {
    let name = host.split_once(':').map_or(host, |(name, _)| name);
    matches!(name, "localhost" | "127.0.0.1") || host.starts_with("[::1]")
}

/// The characters API Gateway takes in a stage's name.
fn is_stage(stage: &str) -> bool {
    stage.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte))
}

const PIN: &str = r#"{"index":7528,"unique_id":"fbe53c66-3442-4773-b19e-d3ec6f54dddf","title":"Ten gardens","description":"Small ones","poster_name":"Ann","follower_count":"12k","tag_list":"garden,home","is_image_or_video":"image","image_src":"https://example.com/1.jpg","save_location":"Local save in /data/home-decor","category":"home-decor"}"#;

const GEO: &str =
    r#"{"ind":7528,"country":"Fiji","latitude":-17.7,"longitude":178.0,"timestamp":"2026-11-21T10:30:00"}"#;

const USER: &str =
    r#"{"ind":7528,"first_name":"Ann","last_name":"Example","age":29,"date_joined":"2017-03-05T08:15:00"}"#;

/// The lines.
pub(crate) fn text(base: &str) -> String {
    let version = env!("CARGO_PKG_VERSION");
    let post =
        |path: &str, body: &str| format!("curl -sS '{base}{path}' -H 'content-type: application/json' -d '{body}'");
    // Another row than the single records: those same ones again would be duplicates.
    let whole = format!(r#"{{"pin":{PIN},"geo":{GEO},"user":{USER}}}"#).replace("7528", "7529");
    let get = |path: &str| format!("curl -sS '{base}{path}'");
    let lines = [
        ("Post a pin", post("/v1/pins", PIN)),
        ("Post a geo: where and when", post("/v1/geos", GEO)),
        ("Post a user: by whom", post("/v1/users", USER)),
        ("Post all three as one whole post", post("/v1/posts", &whole)),
        (
            "Read what is popular (by category, profile, country or age_group; window 1h, 24h, 7d or all)",
            get("/v1/popularity?by=category&window=24h&limit=20"),
        ),
        ("Read how many posts a minute", get("/v1/rate?window=60m&step=1m")),
        ("Read which historical questions there are", get("/v1/history")),
        ("Read an answer (format json or csv)", get("/v1/history/category_by_country?format=csv")),
    ];
    let intro = format!(
        "Pinpulse {version}\n\nPosts go in over HTTP; a second later they show in live popularity. Times are UTC.\n\
         The same post sent again within ten minutes counts once.\n"
    );
    let lines = lines.map(|(what, line)| format!("\n# {what}\n{line}\n"));
    intro + &lines.concat()
}

#[cfg(test)]
mod tests {
    use lambda_http::aws_lambda_events::query_map::QueryMap;
    use lambda_http::http::HeaderMap;
    use posts::Kind;
    use posts::clean::{Cleaner, clean};

    use super::*;

    fn base(host: Option<&str>, proto: Option<&str>, stage: Option<&str>) -> String {
        let mut headers = HeaderMap::new();
        for (name, value) in [(header::HOST, host), (FORWARDED_PROTO, proto)] {
            if let Some(value) = value {
                headers.insert(name, value.try_into().unwrap());
            }
        }
        base_url(&Call {
            request_id: String::new(),
            method: "GET".to_owned(),
            path: "/".to_owned(),
            stage: stage.map(str::to_owned),
            takes_bytes: true,
            ends_in_slash: true,
            headers,
            parameters: QueryMap::default(),
            body: Vec::new(),
        })
    }

    #[test]
    fn the_url_is_the_one_the_client_used() {
        for (host, proto, stage, want) in [
            (Some("127.0.0.1:8000"), Some("http"), None, "http://127.0.0.1:8000"),
            (Some("localhost"), None, None, "http://localhost"),
            (Some("LOCALHOST:1"), Some("https"), None, "http://localhost:1"),
            (Some("[::1]:8000"), None, None, "http://[::1]:8000"),
            (
                Some("a1.execute-api.us-east-1.amazonaws.com"),
                Some("https"),
                Some("dev"),
                "https://a1.execute-api.us-east-1.amazonaws.com/dev",
            ),
            (Some("pins.example"), Some("http"), None, "http://pins.example"),
            (Some("pins.example"), Some("gopher"), None, "https://pins.example"),
            (Some("localhost.evil.example"), None, None, "https://localhost.evil.example"),
        ] {
            assert_eq!(base(host, proto, stage), want, "{host:?} {proto:?} {stage:?}");
        }
    }

    #[test]
    fn nothing_a_shell_would_run_gets_through() {
        let long = "a".repeat(300);
        for host in
            [Some("a';rm -rf .;'"), Some("a/b"), Some("$(x)"), Some("a b"), Some("\u{e9}"), Some(""), Some(&long), None]
        {
            assert_eq!(base(host, None, Some("$x';")), "https://your-api.example", "{host:?}");
        }
    }

    #[test]
    fn what_the_lines_post_is_clean() {
        for (kind, body) in [(Kind::Pin, PIN), (Kind::Geo, GEO), (Kind::User, USER)] {
            assert_eq!(clean(Cleaner::V1, None, body.as_bytes()).unwrap().post.kind(), kind);
            assert!(!body.contains('\''));
        }
    }

    #[test]
    fn the_lines_stay_as_they_are() {
        insta::assert_snapshot!(text("http://127.0.0.1:8000").replace(env!("CARGO_PKG_VERSION"), "VERSION"));
    }
}
