//! The stand-in's two servers: the API, and the logs behind signed URLs.

use std::net::TcpListener;
use std::time::{Duration, Instant};

use axum::body::Bytes;
use axum::extract::{Path, Query, Request, State as Shared};
use axum::http::{HeaderMap, StatusCode, Uri, header};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use serde::Deserialize;
use serde_json::{Value, json};
use tokio::sync::oneshot;

use super::answer;
use super::app::{App, Pace};
use super::order::{Order, Trouble};
use super::recipe::Stage;
use super::world::{Heard, State, World};
use crate::base::Timestamp;

/// How often apps that move by the clock are looked after.
const TICK: Duration = Duration::from_millis(20);

/// The signature of every log's URL.
const SIGNATURE: &str = "5f1d";

/// Serves until told to end.
pub(super) async fn serve(api: TcpListener, logs: TcpListener, world: World, ended: oneshot::Receiver<()>) {
    let (Ok(api), Ok(logs)) = (tokio::net::TcpListener::from_std(api), tokio::net::TcpListener::from_std(logs)) else {
        return;
    };
    let api = axum::serve(api, api_routes(&world));
    let logs = axum::serve(logs, log_routes(&world));
    tokio::select! {
        _ = api => {}
        _ = logs => {}
        () = tick(&world) => {}
        _ = ended => {}
    }
}

async fn tick(world: &World) {
    let (start, mut last) = (Instant::now(), Duration::ZERO);
    loop {
        tokio::time::sleep(TICK).await;
        let total = start.elapsed();
        world.tick(total, total.saturating_sub(last));
        last = total;
    }
}

pub(super) fn api_routes(world: &World) -> Router {
    Router::new()
        .route("/v2/apps", get(apps))
        .route("/v2/apps/{app}", get(app))
        .route("/v2/apps/{app}/deployments", get(deployments))
        .route("/v2/apps/{app}/deployments/{deployment}", get(deployment))
        .route("/v2/apps/{app}/deployments/{deployment}/logs", get(log_urls))
        .layer(middleware::from_fn_with_state(world.clone(), trouble))
        .route("/stand-in/orders", post(order))
        .layer(middleware::from_fn_with_state(world.clone(), guard))
        .with_state(world.clone())
}

pub(super) fn log_routes(world: &World) -> Router {
    Router::new().route("/{deployment}/{stage}", get(log)).with_state(world.clone())
}

/// Which page is wanted.
#[derive(Deserialize)]
struct PageWanted {
    #[serde(default = "first")]
    page: usize,
    #[serde(default = "usual")]
    per_page: usize,
}

const fn first() -> usize {
    1
}

const fn usual() -> usize {
    20
}

/// Notes each question, and lets it pass with the right token only.
async fn guard(Shared(world): Shared<World>, request: Request, next: Next) -> Response {
    let (path, credential) = (request.uri().to_string(), credential(request.headers()));
    let is_known = {
        let mut state = world.state();
        state.heard.push(Heard { path, has_credential: credential.is_some() });
        credential.as_deref() == Some(&format!("Bearer {}", state.token))
    };
    let response = if is_known { next.run(request).await } else { refusal(&Trouble::Unauthorized) };
    let state = world.state();
    (limits(&state), response).into_response()
}

async fn trouble(Shared(world): Shared<World>, request: Request, next: Next) -> Response {
    let trouble = world.state().next_trouble();
    match trouble {
        None => next.run(request).await,
        Some(Trouble::Mute) => std::future::pending().await,
        Some(trouble) => refusal(&trouble),
    }
}

/// The headers every answer has: its clock and its rate limit.
fn limits(state: &State) -> [(header::HeaderName, String); 4] {
    let now = state.now();
    let remaining = 5000_usize.saturating_sub(state.heard.len());
    [
        (header::DATE, http_date(now)),
        (header::HeaderName::from_static("ratelimit-limit"), "5000".to_owned()),
        (header::HeaderName::from_static("ratelimit-remaining"), remaining.to_string()),
        (header::HeaderName::from_static("ratelimit-reset"), (now.as_secs() + 3600).to_string()),
    ]
}

fn http_date(at: Timestamp) -> String {
    let at = jiff::Timestamp::from_microsecond(at.as_micros()).unwrap_or_default();
    jiff::fmt::rfc2822::DateTimePrinter::new().timestamp_to_rfc9110_string(&at).unwrap_or_default()
}

fn refusal(trouble: &Trouble) -> Response {
    let say = |status: StatusCode, id: &str, message: &str| {
        (status, Json(json!({"id": id, "message": message}))).into_response()
    };
    match trouble {
        Trouble::Unauthorized => say(StatusCode::UNAUTHORIZED, "unauthorized", "Unable to authenticate you."),
        Trouble::Forbidden => {
            say(StatusCode::FORBIDDEN, "forbidden", "You are not authorized to perform this operation.")
        }
        Trouble::NotFound => not_found(),
        Trouble::Throttled(after) => {
            let refusal = say(StatusCode::TOO_MANY_REQUESTS, "too_many_requests", "API Rate limit exceeded.");
            ([(header::RETRY_AFTER, after.clone())], refusal).into_response()
        }
        Trouble::Down | Trouble::Mute => {
            say(StatusCode::INTERNAL_SERVER_ERROR, "server_error", "Unexpected server-side error")
        }
        Trouble::Html => ([(header::CONTENT_TYPE, "text/html")], "<html>Welcome to the hotel</html>").into_response(),
        Trouble::Torn => ([(header::CONTENT_TYPE, "application/json")], "{\"deployments\": [{\"id\"").into_response(),
    }
}

fn not_found() -> Response {
    let words = json!({"id": "not_found", "message": "The resource you requested could not be found."});
    (StatusCode::NOT_FOUND, Json(words)).into_response()
}

async fn order(Shared(world): Shared<World>, body: Bytes) -> Response {
    let order = serde_json::from_slice::<Order>(&body).map_err(|error| error.to_string());
    match order.and_then(|order| world.obey(order)) {
        Ok(()) => StatusCode::NO_CONTENT.into_response(),
        Err(why) => (StatusCode::BAD_REQUEST, Json(json!({"id": "bad_order", "message": why}))).into_response(),
    }
}

async fn apps(Shared(world): Shared<World>, uri: Uri, Query(wanted): Query<PageWanted>) -> Json<Value> {
    let all: Vec<Value> = world.state().apps.iter().map(answer::app).collect();
    Json(answer::page("apps", &all, wanted.page, wanted.per_page, uri.path()))
}

async fn app(Shared(world): Shared<World>, Path(id): Path<String>) -> Response {
    with(&world, &id, |app| Json(json!({"app": answer::app(app)})).into_response())
}

async fn deployments(
    Shared(world): Shared<World>,
    uri: Uri,
    Path(id): Path<String>,
    Query(wanted): Query<PageWanted>,
) -> Response {
    let now = world.state().now();
    with(&world, &id, |app| {
        let all: Vec<Value> =
            app.deployments.iter().rev().map(|deployment| answer::deployment(app, deployment)).collect();
        let page = answer::page("deployments", &all, wanted.page, wanted.per_page, uri.path());
        if app.pace == Pace::Polls && wanted.page == 1 {
            app.step(now);
        }
        Json(page).into_response()
    })
}

async fn deployment(Shared(world): Shared<World>, Path((id, deployment)): Path<(String, String)>) -> Response {
    with(&world, &id, |app| match app.deployment(&deployment) {
        Some(found) => Json(json!({"deployment": answer::deployment(app, found)})).into_response(),
        None => not_found(),
    })
}

/// Which log is wanted.
#[derive(Deserialize)]
struct LogWanted {
    #[serde(rename = "type")]
    stage: String,
}

async fn log_urls(
    Shared(world): Shared<World>,
    Path((id, deployment)): Path<(String, String)>,
    Query(wanted): Query<LogWanted>,
) -> Response {
    let logs = world.state().logs_url.clone();
    with(&world, &id, |app| {
        let Some(found) = app.deployment(&deployment) else { return not_found() };
        let stage = if found.stage == Stage::DeployError { "DEPLOY" } else { "BUILD" };
        if found.log.is_empty() || wanted.stage != stage {
            return (StatusCode::BAD_REQUEST, Json(json!({"id": "bad_request", "message": "there are no logs"})))
                .into_response();
        }
        Json(json!({"historic_urls": [format!("{logs}/{deployment}/{stage}?signature={SIGNATURE}")]})).into_response()
    })
}

/// The log itself, for whoever has the signed URL.
async fn log(
    Shared(world): Shared<World>,
    uri: Uri,
    Path((deployment, _)): Path<(String, String)>,
    headers: HeaderMap,
) -> Response {
    let mut state = world.state();
    state.heard_by_logs.push(Heard { path: uri.to_string(), has_credential: credential(&headers).is_some() });
    if uri.query() != Some(&format!("signature={SIGNATURE}")) {
        return StatusCode::FORBIDDEN.into_response();
    }
    let found = state.apps.iter().find_map(|app| app.deployment(&deployment));
    found.map_or_else(not_found, |deployment| format!("{}\n", deployment.log.join("\n")).into_response())
}

fn with(world: &World, id: &str, answer: impl FnOnce(&mut App) -> Response) -> Response {
    world.state().apps.iter_mut().find(|app| app.id == id).map_or_else(not_found, answer)
}

fn credential(headers: &HeaderMap) -> Option<String> {
    headers.get(header::AUTHORIZATION)?.to_str().ok().map(str::to_owned)
}
