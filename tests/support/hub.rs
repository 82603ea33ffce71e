//! A small GitHub: runs, deployments, their statuses and jobs, with an `ETag` and rate headers; logs lie behind signed
//! URLs on a port of their own. Other pages can be put beside it.

use std::collections::BTreeMap;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::net::TcpListener;
use std::sync::{Arc, Mutex, MutexGuard};
use std::thread::JoinHandle;

use afterpush::base::Clock;
use afterpush::host::clock::Machine;
use axum::Router;
use axum::extract::{Request, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};
use tokio::sync::oneshot;

/// The repository it knows.
pub const REPOSITORY: &str = "acme/shop";
/// The one token it takes.
pub const TOKEN: &str = "ghp_canary_of_the_stories_0123456789";
/// The part of a log's URL that lets everybody in.
const SIGNED: &str = "sig=5f1d";

/// A running one. It ends when this goes.
pub struct Hub {
    url: String,
    shared: Arc<Shared>,
    end: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

/// A question that was put to it.
#[derive(Clone, Debug)]
pub struct Heard {
    pub path: String,
    pub has_credential: bool,
    pub status: u16,
}

struct Shared {
    logs: String,
    world: Mutex<World>,
}

#[derive(Default)]
struct World {
    runs: Vec<Value>,
    deployments: Vec<Value>,
    statuses: BTreeMap<u64, Vec<Value>>,
    pages: BTreeMap<String, String>,
    log: String,
    heard: Vec<Heard>,
    heard_by_logs: Vec<Heard>,
}

impl Hub {
    /// Starts one on free ports of this machine.
    pub fn start() -> Self {
        let (api, logs) = (listener(), listener());
        let address = |listener: &TcpListener| format!("http://{}", listener.local_addr().expect("an address"));
        let (url, logs_url) = (address(&api), address(&logs));
        let shared = Arc::new(Shared { logs: logs_url, world: Mutex::default() });
        let (end, ended) = oneshot::channel();
        let served = Arc::clone(&shared);
        let thread = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
            runtime.block_on(serve(api, logs, served, ended));
        });
        Self { url, shared, end: Some(end), thread: Some(thread) }
    }

    /// Where its API is.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// A workflow runs for a commit; the newest run of it stands like this from now on.
    pub fn run(&self, sha: &str, status: &str, conclusion: Option<&str>) {
        let mut world = self.shared.world();
        if !world.runs.iter().any(|run| run["head_sha"] == sha) {
            let id = 101 + world.runs.len();
            let run = json!({
                "id": id, "head_sha": sha, "head_branch": "main", "event": "push", "run_attempt": 1,
                "html_url": format!("https://github.com/{REPOSITORY}/actions/runs/{id}"), "created_at": now(),
            });
            world.runs.insert(0, run);
        }
        let run = world.runs.iter_mut().find(|run| run["head_sha"] == sha).expect("it was made above");
        run["status"] = json!(status);
        run["conclusion"] = json!(conclusion);
        run["updated_at"] = json!(now());
    }

    /// A commit is deployed to production, or its deployment gets this status.
    pub fn deployment(&self, sha: &str, state: Option<&str>) {
        let mut world = self.shared.world();
        if !world.deployments.iter().any(|known| known["sha"] == sha) {
            let id = world.deployments.len() + 1;
            let made = json!({
                "id": id, "sha": sha, "ref": "main", "task": "deploy", "environment": "production",
                "production_environment": true, "created_at": now(), "updated_at": now(),
            });
            world.deployments.insert(0, made);
        }
        let known = world.deployments.iter_mut().find(|known| known["sha"] == sha).expect("it was made above");
        let id = known["id"].as_u64().expect("a number");
        // Another time each time: changes are told by it.
        known["updated_at"] = json!(now());
        if let Some(state) = state {
            let statuses = world.statuses.entry(id).or_default();
            let number = statuses.len();
            statuses.push(json!({"id": number, "state": state, "description": "", "created_at": now()}));
        }
    }

    /// What the job that failed has printed.
    pub fn log(&self, text: &str) {
        text.clone_into(&mut self.shared.world().log);
    }

    /// What lies at another path, for everybody; empty: nothing does.
    pub fn page(&self, path: &str, body: &str) {
        self.shared.world().pages.insert(path.to_owned(), body.to_owned());
    }

    /// All questions so far.
    pub fn heard(&self) -> Vec<Heard> {
        self.shared.world().heard.clone()
    }

    /// All questions for logs so far.
    pub fn heard_by_logs(&self) -> Vec<Heard> {
        self.shared.world().heard_by_logs.clone()
    }
}

impl Drop for Hub {
    fn drop(&mut self) {
        // Who is gone already needs no word.
        let _ = self.end.take().map(|end| end.send(()));
        let _ = self.thread.take().map(JoinHandle::join);
    }
}

impl Shared {
    fn world(&self) -> MutexGuard<'_, World> {
        self.world.lock().expect("nobody panics while he holds it")
    }
}

fn listener() -> TcpListener {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    listener.set_nonblocking(true).expect("a socket of our own");
    listener
}

async fn serve(api: TcpListener, logs: TcpListener, shared: Arc<Shared>, ended: oneshot::Receiver<()>) {
    let adopt = |listener| tokio::net::TcpListener::from_std(listener).expect("a socket of our own");
    let api = axum::serve(adopt(api), Router::new().fallback(answer_api).with_state(Arc::clone(&shared)));
    let logs = axum::serve(adopt(logs), Router::new().fallback(answer_log).with_state(shared));
    tokio::select! {
        _ = api => {}
        _ = logs => {}
        _ = ended => {}
    }
}

async fn answer_api(State(shared): State<Arc<Shared>>, request: Request) -> Response {
    let (path, credential) = (request.uri().to_string(), text(request.headers(), header::AUTHORIZATION.as_str()));
    let mut world = shared.world();
    let response = match world.pages.get(request.uri().path()) {
        Some(body) if !body.is_empty() => body.clone().into_response(),
        Some(_) => StatusCode::NOT_FOUND.into_response(),
        None if credential != format!("Bearer {TOKEN}") => refusal(StatusCode::UNAUTHORIZED, "Bad credentials"),
        None => found(&shared.logs, &world, request.uri().path(), request.headers()),
    };
    let status = response.status().as_u16();
    world.heard.push(Heard { path, has_credential: !credential.is_empty(), status });
    let limits = [("x-ratelimit-limit", "5000"), ("x-ratelimit-remaining", "4000")];
    (limits, response).into_response()
}

async fn answer_log(State(shared): State<Arc<Shared>>, request: Request) -> Response {
    let path = request.uri().to_string();
    let has_credential = !text(request.headers(), header::AUTHORIZATION.as_str()).is_empty();
    let mut world = shared.world();
    let is_signed = path.ends_with(SIGNED);
    let response = if is_signed { world.log.clone().into_response() } else { StatusCode::FORBIDDEN.into_response() };
    world.heard_by_logs.push(Heard { path, has_credential, status: response.status().as_u16() });
    response
}

fn found(logs: &str, world: &World, path: &str, headers: &HeaderMap) -> Response {
    let Some(rest) = path.strip_prefix(&format!("/repos/{REPOSITORY}/")) else {
        return refusal(StatusCode::NOT_FOUND, "Not Found");
    };
    let parts: Vec<&str> = rest.split('/').collect();
    let body = match parts.as_slice() {
        ["actions", "workflows", "deploy.yml", "runs"] => {
            json!({"total_count": world.runs.len(), "workflow_runs": world.runs})
        }
        ["actions", "runs", _, "attempts", "1", "jobs"] => json!({"jobs": [{
            "id": 901, "name": "deploy", "conclusion": "failure",
            "steps": [{"name": "Set up job", "conclusion": "success"}, {"name": "Run deploy", "conclusion": "failure"}],
        }]}),
        ["actions", "jobs", "901", "logs"] => {
            let place = [(header::LOCATION, format!("{logs}/901.txt?{SIGNED}"))];
            return (StatusCode::FOUND, place).into_response();
        }
        ["deployments"] => json!(world.deployments),
        ["deployments", id, "statuses"] => {
            let statuses = id.parse().ok().and_then(|id: u64| world.statuses.get(&id));
            json!(statuses.cloned().unwrap_or_default())
        }
        _ => return refusal(StatusCode::NOT_FOUND, "Not Found"),
    };
    unless_known(&body.to_string(), headers)
}

/// The body, or 304 for who has it.
fn unless_known(body: &str, headers: &HeaderMap) -> Response {
    let mut hasher = DefaultHasher::new();
    body.hash(&mut hasher);
    let etag = format!("W/\"{:x}\"", hasher.finish());
    if text(headers, header::IF_NONE_MATCH.as_str()) == etag {
        return (StatusCode::NOT_MODIFIED, [(header::ETAG, etag)]).into_response();
    }
    let headers = [(header::ETAG, etag), (header::CONTENT_TYPE, "application/json; charset=utf-8".to_owned())];
    (headers, body.to_owned()).into_response()
}

fn refusal(status: StatusCode, message: &str) -> Response {
    (status, json!({"message": message, "status": status.as_str()}).to_string()).into_response()
}

fn text(headers: &HeaderMap, name: &str) -> String {
    headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default().to_owned()
}

/// As GitHub writes it, but for the parts of a second, by which changes that follow at once are told apart.
fn now() -> String {
    Machine.now().to_string()
}
