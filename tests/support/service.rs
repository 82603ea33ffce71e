//! The deployed service itself: says which commit it runs, and whether it is ready, as it is told.

use std::sync::{Arc, Mutex, MutexGuard};
use std::thread::JoinHandle;

use axum::Router;
use axum::extract::State;
use axum::http::StatusCode;
use axum::routing::get;
use tokio::net::TcpListener;
use tokio::sync::oneshot;

/// A running service; it ends when this goes.
pub struct Service {
    url: String,
    tale: Arc<Mutex<Tale>>,
    end: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

/// What it says.
struct Tale {
    commits: Vec<String>,
    ready: StatusCode,
    asked: usize,
}

impl Service {
    /// Starts one that runs no commit and is ready.
    pub fn start() -> Self {
        let tale = Arc::new(Mutex::new(Tale { commits: Vec::new(), ready: StatusCode::OK, asked: 0 }));
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
        let listener = runtime.block_on(TcpListener::bind("127.0.0.1:0")).expect("a free port");
        let url = format!("http://{}", listener.local_addr().expect("an address"));
        let routes = Router::new().route("/version", get(version)).route("/ready", get(ready));
        let routes = routes.with_state(Arc::clone(&tale));
        let (end, ended) = oneshot::channel::<()>();
        let thread = std::thread::spawn(move || {
            runtime.block_on(async {
                tokio::select! {
                    served = axum::serve(listener, routes) => served.expect("it serves"),
                    _ = ended => {}
                }
            });
        });
        Self { url, tale, end: Some(end), thread: Some(thread) }
    }

    /// The URL of one of its endpoints.
    pub fn url(&self, endpoint: &str) -> String {
        format!("{}/{endpoint}", self.url)
    }

    /// It runs this commit from now on.
    pub fn runs(&self, commit: &str) {
        self.alternates(&[commit]);
    }

    /// Several instances answer in turn, each running another commit.
    pub fn alternates(&self, commits: &[&str]) {
        self.tale().commits = commits.iter().map(|&commit| commit.to_owned()).collect();
    }

    /// `ready` answers with this status from now on.
    pub fn is_ready(&self, status: u16) {
        self.tale().ready = StatusCode::from_u16(status).expect("a status");
    }

    /// How often its version was asked for.
    pub fn asked(&self) -> usize {
        self.tale().asked
    }

    fn tale(&self) -> MutexGuard<'_, Tale> {
        self.tale.lock().expect("no test panics while it looks")
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        // Who has ended needs no word.
        let _ = self.end.take().map(|end| end.send(()));
        let _ = self.thread.take().map(JoinHandle::join);
    }
}

async fn version(State(tale): State<Arc<Mutex<Tale>>>) -> String {
    let mut tale = tale.lock().expect("no test panics while it looks");
    let asked = tale.asked;
    tale.asked += 1;
    let commit = tale.commits.get(asked % tale.commits.len().max(1)).cloned().unwrap_or_default();
    format!("{{\"build\": {{\"commit\": \"{commit}\"}}}}")
}

async fn ready(State(tale): State<Arc<Mutex<Tale>>>) -> StatusCode {
    tale.lock().expect("no test panics while it looks").ready
}
