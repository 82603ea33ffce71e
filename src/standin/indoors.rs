//! A stand-in that is asked in process, for a simulation: the same answers without a socket.

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::http::{Request, header};
use tower::ServiceExt;

use super::serve::{api_routes, log_routes};
use super::world::World;

/// Where its API is said to be.
pub(crate) const API: &str = "http://127.0.0.1:1";
/// Where its logs are said to be.
const LOGS: &str = "http://127.0.0.1:2";

/// The stand-in.
#[derive(Clone, Debug)]
pub(crate) struct Indoors {
    pub(crate) world: World,
    api: Router,
    logs: Router,
}

/// What it answers.
pub(crate) struct Reply {
    pub(crate) status: u16,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
}

impl Indoors {
    /// One without an app.
    pub(crate) fn new() -> Self {
        let world = World::new(LOGS.to_owned());
        let (api, logs) = (api_routes(&world), log_routes(&world));
        Self { world, api, logs }
    }

    /// The answer to a GET; `None` where nothing of it is at this URL.
    pub(crate) async fn get(&self, url: &str, token: Option<&str>) -> Option<Reply> {
        let of = |base: &str, router: &Router| Some((url.strip_prefix(base)?.to_owned(), router.clone()));
        let (path, router) = of(API, &self.api).or_else(|| of(LOGS, &self.logs))?;
        let mut request = Request::get(path);
        if let Some(token) = token {
            request = request.header(header::AUTHORIZATION, format!("Bearer {token}"));
        }
        let response = router.oneshot(request.body(Body::empty()).ok()?).await.ok()?;
        let text = |value: &header::HeaderValue| value.to_str().unwrap_or_default().to_owned();
        let headers = response.headers().iter().map(|(name, value)| (name.to_string(), text(value))).collect();
        let status = response.status().as_u16();
        Some(Reply { status, headers, body: to_bytes(response.into_body(), usize::MAX).await.ok()?.to_vec() })
    }
}
