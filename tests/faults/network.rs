//! Servers that misbehave, asked by every provider: each fault is the right kind of silence and never a verdict.

use std::path::Path;
use std::time::Duration;

use afterpush::host::exchange::Exchange;
use afterpush::host::http::{Http, Limits};
use afterpush::host::secrets::{Bound, Holder};
use afterpush::provider::{ALL, Address, Provider};
use afterpush::watch::{Misheard, Miss, Snapshot};
use afterpush::wire::{Secret, origin};
use serde_json::Value;
use tokio::net::{TcpListener, TcpSocket, TcpStream};

use super::providers::{targets, watched};
use crate::providers::fixture::Fixture;
use crate::support::{COME_BACK, Faults, Site, write_private};

/// A provider's token of these tests, which must reach nobody else.
const TOKEN: &str = "canary_of_the_network_faults_0123456789";

/// What a fault is to be told as: the reason a target shows.
const REASONS: &[(&str, &str)] = &[
    ("refused", "network"),
    ("dropped", "network"),
    ("reset", "network"),
    ("truncated", "network"),
    ("mute", "network"),
    ("loris", "network"),
    ("endless", "network"),
    ("bomb", "network"),
    ("broken-gzip", "network"),
    ("header-bomb", "network"),
    ("garbage", "network"),
    ("html", "network"),
    ("away", "network"),
    ("status-204", "network"),
    ("status-500", "network"),
    ("status-502", "network"),
    ("status-503", "network"),
    ("status-401", "credentials_refused"),
    ("status-403", "credentials_refused"),
    ("status-404", "app_not_found"),
    ("status-429", "quota"),
];

/// A server with every fault, and the places beside it that no server can show.
struct Bed {
    server: Faults,
    elsewhere: Faults,
    refused: String,
    dropped: Dropped,
}

/// A port whose queue of connections is full: what else is sent to it is dropped, as behind a firewall.
struct Dropped {
    url: String,
    _listener: TcpListener,
    _queued: Vec<TcpStream>,
}

impl Bed {
    async fn new() -> Self {
        let nobody = TcpListener::bind("127.0.0.1:0").await.expect("a free port").local_addr().expect("an address");
        Self {
            server: Faults::start().await,
            elsewhere: Faults::start().await,
            refused: format!("http://{nobody}"),
            dropped: Dropped::new().await,
        }
    }

    fn url(&self, fault: &str) -> String {
        match fault {
            "refused" => self.refused.clone(),
            "dropped" => self.dropped.url.clone(),
            "away" => {
                let elsewhere = self.elsewhere.url("");
                let port = elsewhere.rsplit(':').next().expect("a port");
                self.server.url(&format!("/away-to-port-{port}"))
            }
            other => self.server.url(&format!("/{other}")),
        }
    }
}

impl Dropped {
    async fn new() -> Self {
        let socket = TcpSocket::new_v4().expect("a socket");
        socket.bind("127.0.0.1:0".parse().expect("an address")).expect("a free port");
        let listener = socket.listen(1).expect("a listener");
        let address = listener.local_addr().expect("an address");
        let mut queued = Vec::new();
        // The kernel takes a few more than it was told; the first that hangs shows that the queue is full.
        while let Ok(Ok(stream)) = tokio::time::timeout(Duration::from_millis(200), TcpStream::connect(address)).await {
            queued.push(stream);
        }
        Self { url: format!("http://{address}"), _listener: listener, _queued: queued }
    }
}

/// The providers that are asked over the network.
fn asked_by_http() -> impl Iterator<Item = &'static dyn Provider> {
    ALL.iter().copied().filter(|provider| matches!(provider.address(), Address::Api(_) | Address::Url))
}

async fn look(provider: &dyn Provider, url: &str) -> Result<Snapshot, Miss> {
    let fixture = Fixture::read(provider, "live");
    let (mut target, want) = (fixture.target.clone(), fixture.want());
    url.clone_into(&mut target.base_url);
    let short = Duration::from_millis(300);
    let http = Http::with_limits(Limits { connect: short, read: short, total: Duration::from_secs(5) });
    let secret = Secret::new(TOKEN);
    let bound = Bound { origin: origin(url).expect("a URL"), secret, from: Holder::Variable("A_TEST".to_owned()) };
    let exchange = Exchange { carrier: &http, credential: Some(&bound), folder: Path::new("/") };
    exchange.converse(provider.ask(&target, &want), |answers| provider.hear(&target, &want, answers)).await
}

fn reason(miss: &Miss) -> &'static str {
    match miss {
        Miss::NoAnswer(_) | Miss::Misheard(Misheard::Down(_) | Misheard::Garbled(_)) => "network",
        Miss::Misheard(Misheard::Denied(_) | Misheard::Forbidden(_)) => "credentials_refused",
        Miss::Misheard(Misheard::NotFound(_)) => "app_not_found",
        Miss::Misheard(Misheard::Throttled { .. }) => "quota",
        Miss::Misheard(Misheard::Misconfigured(_)) => "config_invalid",
        Miss::NoCredential(_) => "credentials_missing",
    }
}

#[tokio::test]
async fn every_provider_takes_every_fault_for_what_it_is() {
    let bed = Bed::new().await;
    for provider in asked_by_http() {
        for (fault, wanted) in REASONS {
            let what = format!("{} and {fault}", provider.name());
            let miss = look(provider, &bed.url(fault)).await.expect_err(&what);
            assert_eq!(reason(&miss), *wanted, "{what}: {miss:?}");
            assert!(!format!("{miss:?}").contains(TOKEN), "{what}: {miss:?}");
        }
    }
    assert_eq!(bed.elsewhere.heads(), Vec::<String>::new(), "nobody follows a redirect to another port");
}

#[tokio::test]
async fn every_way_of_asking_for_a_pause_is_a_pause_in_every_provider() {
    let server = Faults::start().await;
    for provider in asked_by_http() {
        for (place, form) in COME_BACK.iter().enumerate() {
            let miss = look(provider, &server.url(&format!("/throttled-{place}"))).await;
            let is_pause = matches!(miss, Err(Miss::Misheard(Misheard::Throttled { .. })));
            assert!(is_pause, "{} and {form:?}: {miss:?}", provider.name());
        }
    }
}

#[tokio::test]
async fn a_provider_with_an_address_of_the_new_kind_is_asked_like_any_other() {
    let server = Faults::start_on("[::1]:0").await;
    for provider in asked_by_http() {
        let miss = look(provider, &server.url("/html")).await.expect_err("a page is no answer");
        assert!(matches!(miss, Miss::Misheard(Misheard::Garbled(_))), "{}: {miss:?}", provider.name());
    }
    assert_eq!(server.heads().len(), asked_by_http().count());
}

#[tokio::test]
async fn whatever_its_providers_do_a_watch_ends_without_a_verdict_of_theirs() {
    let bed = Bed::new().await;
    let faults = REASONS.iter().map(|(fault, _)| (*fault).to_owned());
    let faults: Vec<_> = faults.chain((0..COME_BACK.len()).map(|place| format!("throttled-{place}"))).collect();
    let targets: Vec<_> = faults.iter().map(|fault| (fault.clone(), bed.url(fault))).collect();
    // The server lives in this thread, the story waits in another.
    let status = tokio::task::spawn_blocking(move || story(&targets)).await.expect("a story");
    assert_eq!(status["done"], true, "{status:#}");
    let ended = status["targets"].as_array().expect("targets");
    assert_eq!(ended.len(), faults.len() * asked_by_http().count());
    for target in ended {
        let verdict = target["verdict"].as_str().expect("a word");
        assert!(["unobservable", "timeout"].contains(&verdict), "{target:#}");
        let seen = target["observations"].as_array().expect("observations");
        assert!(seen.iter().all(|observation| observation["ok"] == false), "{target:#}");
    }
    assert_eq!(status["verdict"], "unobservable", "{status:#}");
    assert_eq!(bed.elsewhere.heads(), Vec::<String>::new(), "nobody follows a redirect to another port");
}

/// A push that deploys to a target for each fault and provider, watched to its end.
fn story(faults: &[(String, String)]) -> Value {
    let site = Site::new();
    let token = site.root().join("token");
    write_private(&token, TOKEN);
    let text: String = faults.iter().map(|(fault, url)| targets(fault, url, &token)).collect();
    watched(&site, &text)
}
