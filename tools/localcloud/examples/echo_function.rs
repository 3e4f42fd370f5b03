//! A function for tests of the local Lambda: it speaks the Runtime API with nothing but a socket and does what its
//! event says. Not an example to follow: real functions use lambda_runtime.

use std::{
    collections::BTreeMap,
    io::{self, BufRead as _, BufReader, Read as _, Write as _},
    net::TcpStream,
    thread,
    time::Duration,
};

use serde_json::{Value, json};

const API: &str = "/2018-06-01/runtime";

/// An answer of the Runtime API: its headers, names in small letters, and its body.
type Answer = (BTreeMap<String, String>, Vec<u8>);

struct Api {
    host: String,
    connection: BufReader<TcpStream>,
}

fn main() -> io::Result<()> {
    let variables: BTreeMap<String, String> = std::env::vars().collect();
    let host = variables.get("AWS_LAMBDA_RUNTIME_API").cloned().unwrap_or_default();
    let mut api = Api { connection: BufReader::new(TcpStream::connect(&host)?), host };
    match variables.get("ECHO_START").map(String::as_str) {
        Some("exit") => std::process::exit(3),
        Some("error") => {
            let error = json!({ "errorType": "Echo.NoStart", "errorMessage": "told not to start" });
            api.call("POST", "/init/error", error.to_string().as_bytes())?;
            return Ok(());
        }
        _ => {}
    }
    let mut count = 0;
    loop {
        let (headers, event) = api.call("GET", "/invocation/next", b"")?;
        count += 1;
        let id = headers.get("lambda-runtime-aws-request-id").cloned().unwrap_or_default();
        let event: Value = serde_json::from_slice(&event)?;
        let (kind, body) = match obey(&event, count, &headers, &variables)? {
            Ok(answer) => ("response", answer),
            Err(error) => ("error", error),
        };
        api.call("POST", &format!("/invocation/{id}/{kind}"), body.to_string().as_bytes())?;
    }
}

/// Does what the event's `do` says.
fn obey(
    event: &Value,
    count: u64,
    headers: &BTreeMap<String, String>,
    variables: &BTreeMap<String, String>,
) -> io::Result<Result<Value, Value>> {
    Ok(Ok(match event["do"].as_str().unwrap_or("echo") {
        "fail" => return Ok(Err(json!({ "errorType": "Echo.Failed", "errorMessage": "told to fail" }))),
        "abort" => std::process::abort(),
        "hang" => loop {
            thread::sleep(Duration::from_secs(1));
        },
        // Says that it is here, and waits until the other side closes.
        "hold" => {
            let port = u16::try_from(event["port"].as_u64().unwrap_or_default()).unwrap_or_default();
            let mut held = TcpStream::connect(("127.0.0.1", port))?;
            held.read_to_end(&mut Vec::new())?;
            json!({ "pid": std::process::id() })
        }
        "count" => json!({ "count": count, "pid": std::process::id() }),
        "headers" => json!(headers),
        "variables" => json!(variables),
        "large" => {
            Value::String("x".repeat(usize::try_from(event["bytes"].as_u64().unwrap_or_default()).unwrap_or_default()))
        }
        "print" => {
            writeln!(io::stdout(), "{}", event["line"].as_str().unwrap_or_default())?;
            json!(null)
        }
        _ => event.clone(),
    }))
}

impl Api {
    fn call(&mut self, method: &str, path: &str, body: &[u8]) -> io::Result<Answer> {
        let head =
            format!("{method} {API}{path} HTTP/1.1\r\nhost: {}\r\ncontent-length: {}\r\n\r\n", self.host, body.len());
        let socket = self.connection.get_mut();
        socket.write_all(&[head.as_bytes(), body].concat())?;
        let mut status = String::new();
        if self.connection.read_line(&mut status)? == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        let mut headers = BTreeMap::new();
        loop {
            let mut line = String::new();
            self.connection.read_line(&mut line)?;
            let Some((name, value)) = line.trim_end().split_once(": ") else { break };
            headers.insert(name.to_ascii_lowercase(), value.to_owned());
        }
        let length = headers.get("content-length").and_then(|length| length.parse().ok()).unwrap_or(0);
        let mut body = vec![0; length];
        self.connection.read_exact(&mut body)?;
        Ok((headers, body))
    }
}
