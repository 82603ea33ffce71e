//! HTTP questions to the outside: bounded in time and size, and careful with the credential.
//!
//! The credential is bound to an origin and attached only there. Redirects are followed by hand, within the same
//! origin, because the usual policy of HTTP clients carries custom headers and query strings to other hosts. The
//! body is counted after decompression while it streams in, so that a small bomb stays small.

mod words;

use std::sync::OnceLock;
use std::time::{Duration, Instant};

use reqwest::header::{AUTHORIZATION, CACHE_CONTROL, HeaderValue, IF_NONE_MATCH, LOCATION};
use reqwest::redirect::Policy;
use reqwest::{Client, ClientBuilder, Response, Url};

use super::clock::Machine;
use super::exchange::{Carried, Carrier};
use super::secrets::Bound;
use crate::base::{Clock, Span, text};
use crate::wire::{Answer, Attach, Fault, HttpAsk, NoAnswer, Origin, origin};

/// Redirects that are followed for one question.
const REDIRECTS: usize = 3;

/// How much longer than its end a log may be before it is given up.
const LOG_LENGTHS: usize = 64;

/// How long each part of a question may take.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Name resolution, TCP and TLS.
    pub connect: Duration,
    /// Silence of the other side.
    pub read: Duration,
    /// The whole question with its redirects.
    pub total: Duration,
}

/// Asks HTTP questions. Connections are kept and shared.
#[derive(Debug)]
pub struct Http {
    limits: Limits,
    /// For loopback, so that it needs no root certificates.
    plain: OnceLock<Result<Client, String>>,
    tls: OnceLock<Result<Client, String>>,
}

impl Default for Limits {
    fn default() -> Self {
        Self { connect: Duration::from_secs(5), read: Duration::from_secs(10), total: Duration::from_secs(30) }
    }
}

impl Default for Http {
    fn default() -> Self {
        Self::new()
    }
}

impl Carrier for Http {
    fn carry<'a>(&'a self, ask: &'a HttpAsk, credential: Option<&'a Bound>) -> Carried<'a> {
        Box::pin(self.perform(ask, credential))
    }
}

impl Http {
    /// With the usual limits. Nothing is opened or read yet.
    pub fn new() -> Self {
        Self::with_limits(Limits::default())
    }

    /// With other limits.
    pub fn with_limits(limits: Limits) -> Self {
        Self { limits, plain: OnceLock::new(), tls: OnceLock::new() }
    }

    /// Asks, and reads the answer within the limits. Any HTTP status is an answer.
    pub async fn perform(&self, ask: &HttpAsk, credential: Option<&Bound>) -> Result<Answer, NoAnswer> {
        let started = Instant::now();
        let goal = Goal::of(&ask.url)?;
        let host = goal.origin.host.clone();
        let whole = self.follow(ask, goal, credential);
        let (response, body) = match tokio::time::timeout(self.limits.total, whole).await {
            Ok(result) => result?,
            Err(_) => return Err(network(&host, (words::too_slow(self.limits.total), Fault::Slow))),
        };
        Ok(Answer {
            status: response.status,
            headers: response.headers,
            body,
            complaint: String::new(),
            at: Machine.now(),
            latency: Span::from_std(started.elapsed()),
        })
    }

    async fn follow(
        &self,
        ask: &HttpAsk,
        mut goal: Goal,
        credential: Option<&Bound>,
    ) -> Result<(Head, Vec<u8>), NoAnswer> {
        for _ in 0..=REDIRECTS {
            let response = self.send(ask, &goal, credential).await?;
            match goal.redirected_by(&response, ask.may_lead_away)? {
                Some(next) => goal = next,
                None => return self.read(ask, &goal, response).await,
            }
        }
        Err(goal.astray(format!("more than {REDIRECTS} redirects")))
    }

    async fn send(&self, ask: &HttpAsk, goal: &Goal, credential: Option<&Bound>) -> Result<Response, NoAnswer> {
        let mut request = self.client(goal)?.get(goal.url.clone()).header(CACHE_CONTROL, "no-cache");
        for (name, value) in &ask.headers {
            request = request.header(*name, *value);
        }
        // What came back once may be no value of a header; then the whole answer is asked for.
        if let Some(etag) = ask.etag.as_ref().and_then(|etag| HeaderValue::from_str(etag).ok()) {
            request = request.header(IF_NONE_MATCH, etag);
        }
        if ask.attach == Attach::Bearer {
            request = request.header(AUTHORIZATION, bearer(goal, credential)?);
        }
        request.send().await.map_err(|error| network(&goal.origin.host, words::of(&error, &self.limits)))
    }

    async fn read(&self, ask: &HttpAsk, goal: &Goal, mut response: Response) -> Result<(Head, Vec<u8>), NoAnswer> {
        let head = Head::of(&response);
        let mut body = Body::new(ask);
        loop {
            match response.chunk().await {
                Ok(Some(chunk)) => body.take(&chunk).map_err(|limit| too_large(goal, limit))?,
                Ok(None) => return Ok((head, body.finish())),
                Err(error) => return Err(network(&goal.origin.host, words::of(&error, &self.limits))),
            }
        }
    }

    fn client(&self, goal: &Goal) -> Result<&Client, NoAnswer> {
        let client = match goal.url.scheme() {
            "https" => self.tls.get_or_init(|| build(self.builder().https_only(true))),
            _ => self.plain.get_or_init(|| build(self.builder().tls_certs_only([]))),
        };
        client.as_ref().map_err(|why| NoAnswer::Unaskable(why.clone()))
    }

    fn builder(&self) -> ClientBuilder {
        static PROVIDER: OnceLock<()> = OnceLock::new();
        PROVIDER.get_or_init(|| {
            // Refused only where one is installed already, which serves as well.
            let _ = rustls::crypto::ring::default_provider().install_default();
        });
        Client::builder()
            .user_agent(concat!("afterpush/", env!("CARGO_PKG_VERSION")))
            .redirect(Policy::none())
            .referer(false)
            .no_proxy()
            .connect_timeout(self.limits.connect)
            .read_timeout(self.limits.read)
    }
}

fn build(builder: ClientBuilder) -> Result<Client, String> {
    builder.build().map_err(|error| {
        let why = words::chain(&error);
        format!(
            "TLS cannot be set up on this machine ({why}); install the package ca-certificates or set SSL_CERT_FILE"
        )
    })
}

/// A URL that may be asked.
struct Goal {
    url: Url,
    origin: Origin,
}

impl Goal {
    fn of(url: &str) -> Result<Self, NoAnswer> {
        let wrong = || NoAnswer::Unaskable("not an http or https URL without user name and password".to_owned());
        let origin = origin(url).ok_or_else(wrong)?;
        let url = Url::parse(url).map_err(|_| wrong())?;
        if origin.scheme != "https" && !origin.is_loopback() {
            let host = text::visible(&origin.host);
            return Err(NoAnswer::Unaskable(format!("{host}: plain http is asked on this machine only; use https")));
        }
        Ok(Self { url, origin })
    }

    /// Where the answer sends us; an error where it sends us to another origin, unless it may lead there.
    fn redirected_by(&self, response: &Response, may_lead_away: bool) -> Result<Option<Self>, NoAnswer> {
        if !matches!(response.status().as_u16(), 301 | 302 | 303 | 307 | 308) {
            return Ok(None);
        }
        let location = response.headers().get(LOCATION).and_then(|value| value.to_str().ok());
        let Some(location) = location else { return Ok(None) };
        let lost = || self.astray("redirects to what is not a URL".to_owned());
        let next = Self::of(self.url.join(location).map_err(|_| lost())?.as_str())?;
        if next.origin != self.origin {
            if may_lead_away {
                return Ok(None);
            }
            let other = format!("{}:{}", text::visible(&next.origin.host), next.origin.port);
            return Err(self.astray(format!("redirects to {other}, which is not followed")));
        }
        Ok(Some(next))
    }

    fn astray(&self, what: String) -> NoAnswer {
        NoAnswer::Astray { host: text::visible(&self.origin.host), what }
    }
}

/// The header with the credential; an error unless it is bound to where the question goes.
fn bearer(goal: &Goal, credential: Option<&Bound>) -> Result<HeaderValue, NoAnswer> {
    let host = text::visible(&goal.origin.host);
    let bound = credential.ok_or_else(|| NoAnswer::NoCredential(format!("{host}: there is no credential for it")))?;
    if bound.origin != goal.origin {
        let own = &bound.origin.host;
        return Err(NoAnswer::Unaskable(format!("{host}: the credential is bound to {own} and goes nowhere else")));
    }
    let mut value = HeaderValue::from_str(&format!("Bearer {}", bound.secret.expose()))
        .map_err(|_| NoAnswer::NoCredential(format!("{} cannot be sent in a header", bound.from)))?;
    value.set_sensitive(true);
    Ok(value)
}

/// What an answer begins with.
struct Head {
    status: u16,
    headers: Vec<(String, String)>,
}

impl Head {
    fn of(response: &Response) -> Self {
        let text = |value: &HeaderValue| value.to_str().ok().map(str::to_owned);
        let headers = response.headers().iter();
        let headers = headers.filter_map(|(name, value)| Some((name.as_str().to_owned(), text(value)?))).collect();
        Self { status: response.status().as_u16(), headers }
    }
}

/// A body that is coming in.
struct Body {
    kept: Vec<u8>,
    max: usize,
    tail: bool,
    seen: usize,
}

impl Body {
    fn new(ask: &HttpAsk) -> Self {
        Self { kept: Vec::new(), max: ask.max_bytes, tail: ask.tail, seen: 0 }
    }

    /// Takes a piece, or tells the limit it went over.
    fn take(&mut self, chunk: &[u8]) -> Result<(), usize> {
        self.seen = self.seen.saturating_add(chunk.len());
        let most = if self.tail { self.max.saturating_mul(LOG_LENGTHS) } else { self.max };
        if self.seen > most {
            return Err(most);
        }
        self.kept.extend_from_slice(chunk);
        // Cut only now and then: each cut moves what stays.
        if self.kept.len() > self.max.saturating_mul(2) {
            self.cut();
        }
        Ok(())
    }

    fn cut(&mut self) {
        let surplus = self.kept.len().saturating_sub(self.max);
        self.kept.drain(..surplus);
    }

    fn finish(mut self) -> Vec<u8> {
        self.cut();
        self.kept
    }
}

fn network(host: &str, (what, fault): (String, Fault)) -> NoAnswer {
    NoAnswer::Network { host: text::visible(host), what, fault }
}

fn too_large(goal: &Goal, limit: usize) -> NoAnswer {
    NoAnswer::TooLarge { host: text::visible(&goal.origin.host), limit }
}
