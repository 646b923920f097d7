//! A small HTTP client of the tests' own: one request a connection, every byte as it was sent.

use std::net::SocketAddr;

use serde_json::Value;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
};

/// Talks to one API.
#[derive(Clone)]
pub struct Client {
    /// Where it is.
    pub address: SocketAddr,
}

/// What came back.
pub struct Answer {
    /// The status.
    pub status: u16,
    headers: Vec<(String, String)>,
    /// The body.
    pub body: Vec<u8>,
}

impl Answer {
    /// The first header of a name.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    /// What the answer sets, as a browser sends it back.
    pub fn cookies(&self) -> String {
        let set = self.headers.iter().filter(|(name, _)| name == "set-cookie");
        set.filter_map(|(_, value)| value.split(';').next()).collect::<Vec<_>>().join("; ")
    }

    /// The body as text.
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    /// The body as JSON.
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|_| panic!("no JSON: {} {}", self.status, self.text()))
    }

    /// The code of an error, after looking that its body is whole.
    pub fn error(&self) -> String {
        let error = &self.json()["error"];
        assert_eq!(error["request_id"].as_str(), self.header("x-request-id"), "{error}");
        assert!(error["request_id"].as_str().is_some_and(|id| id.starts_with("req_")), "{error}");
        assert!(error["message"].is_string() && error["type"].is_string(), "{error}");
        error["code"].as_str().expect("a code").to_owned()
    }
}

impl Client {
    /// A client of an address.
    pub fn new(address: SocketAddr) -> Self {
        Self { address }
    }

    /// Gets a path, with a bearer token or none.
    pub async fn get(&self, path: &str, token: Option<&str>) -> Answer {
        self.send("GET", path, &bearer(token), b"").await
    }

    /// Deletes a path.
    pub async fn delete(&self, path: &str, token: Option<&str>) -> Answer {
        self.send("DELETE", path, &bearer(token), b"").await
    }

    /// Posts JSON.
    pub async fn post(&self, path: &str, token: Option<&str>, body: &Value) -> Answer {
        let mut headers = bearer(token);
        headers.push(("content-type", "application/json".into()));
        self.send("POST", path, &headers, body.to_string().as_bytes()).await
    }

    /// Posts a form.
    pub async fn form(&self, path: &str, headers: &[(&str, String)], body: &str) -> Answer {
        let mut headers = headers.to_vec();
        headers.push(("content-type", "application/x-www-form-urlencoded".into()));
        self.send("POST", path, &headers, body.as_bytes()).await
    }

    /// Asks as a browser without scripts does: with cookies, and with a form's type and body.
    pub async fn browse(&self, method: &str, path: &str, cookies: &str, form: Option<(&str, String)>) -> Answer {
        let (content_type, body) = form.unwrap_or_default();
        let headers = [("cookie", cookies.to_owned()), ("content-type", content_type.to_owned())];
        let given: Vec<_> = headers.into_iter().filter(|(_, value)| !value.is_empty()).collect();
        self.send(method, path, &given, body.as_bytes()).await
    }

    /// Sends a request of any kind.
    pub async fn send(&self, method: &str, path: &str, headers: &[(&str, String)], body: &[u8]) -> Answer {
        let mut request = format!("{method} {path} HTTP/1.1\r\nhost: {}\r\nconnection: close\r\n", self.address);
        for (name, value) in headers {
            request.push_str(&format!("{name}: {value}\r\n"));
        }
        request.push_str(&format!("content-length: {}\r\n\r\n", body.len()));
        let stream = TcpStream::connect(self.address).await.expect("it listens");
        let (mut reading, mut writing) = stream.into_split();
        let body = body.to_vec();
        let writing = tokio::spawn(async move {
            writing.write_all(request.as_bytes()).await.expect("the head is taken");
            // A server that refuses a body early stops reading it.
            drop(writing.write_all(&body).await);
            writing
        });
        let mut bytes = Vec::new();
        drop(reading.read_to_end(&mut bytes).await);
        writing.abort();
        parse(&bytes)
    }
}

fn bearer(token: Option<&str>) -> Vec<(&'static str, String)> {
    token.map(|token| ("authorization", format!("Bearer {token}"))).into_iter().collect()
}

fn parse(bytes: &[u8]) -> Answer {
    let end = bytes.windows(4).position(|four| four == b"\r\n\r\n").expect("the head of an answer");
    let head = String::from_utf8_lossy(&bytes[..end]).into_owned();
    let mut lines = head.split("\r\n");
    let status = lines.next().and_then(|line| line.split(' ').nth(1)).and_then(|code| code.parse().ok());
    let headers: Vec<(String, String)> = lines
        .filter_map(|line| line.split_once(':'))
        .map(|(name, value)| (name.to_ascii_lowercase(), value.trim().to_owned()))
        .collect();
    let rest = &bytes[end + 4..];
    let chunked = headers.iter().any(|(name, value)| name == "transfer-encoding" && value == "chunked");
    let body = if chunked { unchunk(rest) } else { rest.to_vec() };
    Answer { status: status.expect("a status"), headers, body }
}

fn unchunk(mut rest: &[u8]) -> Vec<u8> {
    let mut body = Vec::new();
    while let Some(at) = rest.windows(2).position(|two| two == b"\r\n") {
        let size = usize::from_str_radix(&String::from_utf8_lossy(&rest[..at]), 16).expect("a size");
        if size == 0 {
            break;
        }
        body.extend_from_slice(&rest[at + 2..at + 2 + size]);
        rest = &rest[at + 4 + size..];
    }
    body
}
