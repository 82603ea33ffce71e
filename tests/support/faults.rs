//! A server over real sockets that misbehaves in the way the first part of the path names, and remembers what it was
//! sent.

use std::io::Write;
use std::sync::{Arc, LazyLock, Mutex};
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

/// Every form in which a provider that is asked too often may say when to come back: `/throttled-<place in here>`.
pub const COME_BACK: &[&str] = &[
    "Retry-After: 5\r\n",
    "Retry-After: 0\r\n",
    "Retry-After: -1\r\n",
    "Retry-After: 99999999999999999999\r\n",
    "Retry-After: Wed, 21 Oct 2065 07:28:00 GMT\r\n",
    "Retry-After: Thu, 01 Jan 1970 00:00:00 GMT\r\n",
    "Retry-After: soon\r\n",
    "Retry-After:\r\n",
    "X-RateLimit-Reset: 18446744073709551615\r\nX-RateLimit-Remaining: 0\r\n",
    "RateLimit-Reset: -9223372036854775808\r\n",
    "",
];

/// A misbehaving server; it ends with the test's runtime.
pub struct Faults {
    url: String,
    heads: Arc<Mutex<Vec<String>>>,
}

impl Faults {
    /// Starts one on a free port of this machine.
    pub async fn start() -> Self {
        Self::start_on("127.0.0.1:0").await
    }

    /// Starts one on this address.
    pub async fn start_on(address: &str) -> Self {
        let listener = TcpListener::bind(address).await.expect("a free port");
        let url = format!("http://{}", listener.local_addr().expect("an address"));
        let heads = Arc::new(Mutex::new(Vec::new()));
        let noted = Arc::clone(&heads);
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(serve(stream, Arc::clone(&noted)));
            }
        });
        Self { url, heads }
    }

    /// The URL of a misbehaviour.
    pub fn url(&self, path: &str) -> String {
        format!("{}{path}", self.url)
    }

    /// The heads of the requests so far.
    pub fn heads(&self) -> Vec<String> {
        self.heads.lock().expect("no test panics while it looks").clone()
    }
}

async fn serve(mut stream: TcpStream, heads: Arc<Mutex<Vec<String>>>) -> Option<()> {
    loop {
        let head = head(&mut stream).await?;
        let path = head.split_whitespace().nth(1)?.to_owned();
        heads.lock().expect("no test panics while it looks").push(head);
        let (path, detail) = path.split_once('?').unwrap_or((&path, ""));
        let name = path.get(1..).and_then(|rest| rest.find('/')).map_or(path, |end| &path[..=end]);
        match name {
            "/reset" => {
                stream.set_zero_linger().ok()?;
                return None;
            }
            "/mute" => std::future::pending().await,
            "/loris" => drip(&mut stream).await?,
            "/endless" => flood(&mut stream, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", &chunk()).await?,
            "/header-bomb" => flood(&mut stream, "HTTP/1.1 200 OK\r\n", &headers()).await?,
            _ => stream.write_all(&answer(name, detail)).await.ok()?,
        }
        if name == "/truncated" || name == "/broken-gzip" {
            return None;
        }
    }
}

fn answer(name: &str, detail: &str) -> Vec<u8> {
    static BOMB: LazyLock<Vec<u8>> = LazyLock::new(|| zipped(&vec![0; 64 << 20]));
    let numbered = |prefix| name.strip_prefix(prefix).and_then(|number| number.parse().ok());
    if let Some(status) = numbered("/status-").filter(|status| (200..600_usize).contains(status)) {
        return with(&status.to_string(), "", b"{}");
    }
    if let Some(form) = numbered("/throttled-").and_then(|place| COME_BACK.get(place)) {
        return with("429 Too Many Requests", form, b"{}");
    }
    if let Some(port) = numbered("/away-to-port-") {
        return with("302 Found", &format!("Location: http://127.0.0.1:{port}/fine\r\n"), b"");
    }
    match name {
        "/truncated" => b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nonly this".to_vec(),
        "/redirect" => with("302 Found", &format!("Location: {detail}\r\n"), b""),
        "/bomb" => with("200 OK", "Content-Encoding: gzip\r\n", &BOMB),
        "/gzip" => with("200 OK", "Content-Encoding: gzip\r\n", &zipped(b"plain text")),
        "/broken-gzip" => with("200 OK", "Content-Encoding: gzip\r\n", b"this is no gzip"),
        "/html" => with("200 OK", "Content-Type: text/html\r\n", b"<html>Welcome to the hotel</html>"),
        "/lines" => with("200 OK", "", &lines(100_000)),
        "/garbage" => b"\x16\x03\x01 this is not HTTP at all\r\n\r\n".to_vec(),
        _ => with("200 OK", "Date: Sat, 01 Aug 2026 10:00:00 GMT\r\n", b"{\"fine\": true}"),
    }
}

fn with(status: &str, headers: &str, body: &[u8]) -> Vec<u8> {
    let mut answer = format!("HTTP/1.1 {status}\r\n{headers}Content-Length: {}\r\n\r\n", body.len()).into_bytes();
    answer.extend_from_slice(body);
    answer
}

fn zipped(body: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    encoder.write_all(body).and_then(|()| encoder.finish()).expect("memory is enough")
}

fn chunk() -> Vec<u8> {
    let mut chunk = b"10000\r\n".to_vec();
    chunk.resize(chunk.len() + 0x10000, b'x');
    chunk.extend_from_slice(b"\r\n");
    chunk
}

fn lines(count: u32) -> Vec<u8> {
    (0..count).flat_map(|number| format!("line {number}\n").into_bytes()).collect()
}

fn headers() -> Vec<u8> {
    format!("X-Y: {}\r\n", "y".repeat(100)).repeat(1000).into_bytes()
}

async fn head(stream: &mut TcpStream) -> Option<String> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(stream.read_u8().await.ok()?);
    }
    String::from_utf8(head).ok()
}

/// One byte now and then, for ever.
async fn drip(stream: &mut TcpStream) -> Option<()> {
    stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n").await.ok()?;
    loop {
        stream.write_all(b".").await.ok()?;
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// As much as the other side takes, up to a gigabyte.
async fn flood(stream: &mut TcpStream, begin: &str, piece: &[u8]) -> Option<()> {
    stream.write_all(begin.as_bytes()).await.ok()?;
    for _ in 0..(1 << 30) / piece.len() {
        stream.write_all(piece).await.ok()?;
    }
    Some(())
}
