//! A server that answers each question as a test says, and remembers what it was sent.

use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};

/// A running one. It lives as long as the tests do.
pub struct Oracle {
    pub url: String,
    heads: Arc<Mutex<Vec<String>>>,
}

/// What is answered to the head of a request: status line, further lines of the head, body.
type Answered = (&'static str, String, String);

impl Oracle {
    /// One that answers so.
    pub fn start(answer: impl Fn(&str) -> Answered + Send + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let url = format!("http://{}", listener.local_addr().expect("an address"));
        let heads = Arc::new(Mutex::new(Vec::new()));
        let noted = Arc::clone(&heads);
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                // Who goes away in the middle has heard enough.
                let _ = serve(stream, &noted, &answer);
            }
        });
        Self { url, heads }
    }

    /// One of the questions held this.
    pub fn has_heard(&self, text: &str) -> bool {
        self.heads.lock().expect("no test panics while it looks").iter().any(|head| head.contains(text))
    }
}

fn serve(mut stream: TcpStream, noted: &Mutex<Vec<String>>, answer: &impl Fn(&str) -> Answered) -> std::io::Result<()> {
    let mut head = String::new();
    let mut reader = BufReader::new(stream.try_clone()?);
    while !head.ends_with("\r\n\r\n") {
        if reader.read_line(&mut head)? == 0 {
            return Ok(());
        }
    }
    let (status, lines, body) = answer(&head);
    noted.lock().expect("no test panics while it looks").push(head);
    let length = body.len();
    let head = format!("HTTP/1.1 {status}\r\n{lines}Connection: close\r\nContent-Length: {length}\r\n\r\n");
    stream.write_all(head.as_bytes()).and_then(|()| stream.write_all(body.as_bytes()))
}
