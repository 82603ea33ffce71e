//! Questions over real sockets to servers that misbehave.

use std::path::Path;
use std::time::Duration;

use afterpush::host::exchange::Exchange;
use afterpush::host::http::{Http, Limits};
use afterpush::host::secrets::{Bound, Holder};
use afterpush::wire::{Answer, Ask, HttpAsk, NoAnswer, Secret, origin};

use crate::support::Faults;

const TOKEN: &str = "dop_v1_canary_of_the_http_tests";

/// Short, so that waiting for them costs little.
fn http() -> Http {
    let short = Duration::from_millis(300);
    Http::with_limits(Limits { connect: short, read: short, total: Duration::from_millis(900) })
}

fn bound(url: &str) -> Bound {
    Bound {
        origin: origin(url).expect("a URL"),
        secret: Secret::new(TOKEN),
        from: Holder::Variable("A_TEST".to_owned()),
    }
}

async fn ask(url: &str) -> Result<Answer, NoAnswer> {
    perform(&Ask::json(url), Some(&bound(url))).await
}

async fn perform(ask: &Ask, credential: Option<&Bound>) -> Result<Answer, NoAnswer> {
    Exchange { carrier: &http(), credential, folder: Path::new("/") }.perform(ask).await
}

async fn trouble(url: &str) -> String {
    let error = ask(url).await.expect_err("the server misbehaves");
    let words = error.to_string();
    assert!(!words.contains("http://") && !words.contains(TOKEN) && !words.contains('?'), "{words}");
    words
}

#[tokio::test]
async fn a_good_answer_comes_with_its_clock_and_is_not_taken_from_a_cache() {
    let server = Faults::start().await;
    let answer = ask(&server.url("/fine")).await.unwrap();
    assert_eq!((answer.status, answer.body.as_slice()), (200, &b"{\"fine\": true}"[..]));
    assert_eq!(answer.server_clock(), Some("2026-08-01T10:00:00Z".parse().unwrap()));
    let head = server.heads()[0].to_ascii_lowercase();
    for line in ["authorization: bearer dop_v1_", "cache-control: no-cache", "user-agent: afterpush/"] {
        assert!(head.contains(line), "{line} in {head}");
    }
    assert!(!head.contains("referer") && !head.contains("cookie"), "{head}");
}

#[tokio::test]
async fn every_status_is_an_answer() {
    let server = Faults::start().await;
    for status in [401, 403, 404, 429, 500, 503] {
        assert_eq!(ask(&server.url(&format!("/status-{status}"))).await.unwrap().status, status);
    }
}

#[tokio::test]
async fn a_broken_connection_is_told_in_words() {
    let server = Faults::start().await;
    let nobody = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    assert_eq!(trouble(&format!("http://{nobody}/")).await, "127.0.0.1: connection refused");
    assert_eq!(trouble(&server.url("/reset")).await, "127.0.0.1: connection reset");
    assert_eq!(trouble(&server.url("/truncated")).await, "127.0.0.1: the answer broke off");
    assert_eq!(
        trouble("http://localhost.invalid/").await,
        "localhost.invalid: plain http is asked on this machine only; use https"
    );
    for path in ["/garbage", "/broken-gzip"] {
        let words = trouble(&server.url(path)).await;
        assert!(words.starts_with("127.0.0.1: "), "{words}");
    }
}

#[tokio::test]
async fn silence_and_dripping_end_in_bounded_time() {
    let server = Faults::start().await;
    assert_eq!(trouble(&server.url("/mute")).await, "127.0.0.1: no answer within 300ms");
    assert_eq!(trouble(&server.url("/loris")).await, "127.0.0.1: no answer within 900ms");
}

#[tokio::test]
async fn large_answers_are_given_up_early() {
    let server = Faults::start().await;
    for path in ["/endless", "/bomb"] {
        let url = server.url(path);
        let limits = Limits { total: Duration::from_mins(1), read: Duration::from_mins(1), ..Limits::default() };
        let error = Http::with_limits(limits).perform(&http_ask(&url, 1 << 20, false), None).await.unwrap_err();
        assert_eq!(error, NoAnswer::TooLarge { host: "127.0.0.1".to_owned(), limit: 1 << 20 }, "{path}");
    }
    assert!(ask(&server.url("/header-bomb")).await.is_err());
}

#[tokio::test]
async fn of_a_long_log_the_end_is_kept() {
    let server = Faults::start().await;
    let answer = Http::new().perform(&http_ask(&server.url("/lines"), 25_000, true), None).await.unwrap();
    let text = String::from_utf8(answer.body).unwrap();
    assert_eq!((text.len(), text.ends_with("line 99998\nline 99999\n")), (25_000, true));
    let short = Http::new().perform(&http_ask(&server.url("/gzip"), 25_000, true), None).await.unwrap();
    assert_eq!(short.body, b"plain text");
    let error = Http::new().perform(&http_ask(&server.url("/lines"), 10_000, true), None).await.unwrap_err();
    assert!(matches!(error, NoAnswer::TooLarge { .. }), "{error}");
}

#[tokio::test]
async fn a_captive_portal_is_an_answer_the_adapter_refuses() {
    let server = Faults::start().await;
    let answer = ask(&server.url("/html")).await.unwrap();
    assert_eq!(answer.header("content-type"), Some("text/html"));
}

#[tokio::test]
async fn the_credential_follows_a_redirect_within_its_origin() {
    let server = Faults::start().await;
    let answer = ask(&server.url("/redirect?/fine")).await.unwrap();
    assert_eq!(answer.body, b"{\"fine\": true}");
    assert_eq!(server.heads().iter().filter(|head| head.contains(TOKEN)).count(), 2, "the control: it is sent here");
}

#[tokio::test]
async fn a_redirect_elsewhere_or_in_a_circle_is_not_followed() {
    let (server, other) = (Faults::start().await, Faults::start().await);
    let words = trouble(&server.url(&format!("/redirect?{}", other.url("/fine")))).await;
    assert!(words.starts_with("127.0.0.1: redirects to 127.0.0.1:"), "{words}");
    assert_eq!(other.heads(), Vec::<String>::new());
    assert!(trouble(&server.url("/redirect?https://203.0.113.1/")).await.contains("redirects to 203.0.113.1:443"));
    let secure = server.url("/fine").replace("http://", "https://");
    assert!(trouble(&server.url(&format!("/redirect?{secure}"))).await.contains("which is not followed"));
    assert!(trouble(&server.url("/redirect?file:///etc/passwd")).await.contains("not an http"));
    let before = server.heads().len();
    assert_eq!(trouble(&server.url("/redirect?/redirect?/redirect")).await, "127.0.0.1: more than 3 redirects");
    assert_eq!(server.heads().len() - before, 4);
}

#[tokio::test]
async fn a_redirect_elsewhere_may_be_handed_over_and_is_still_not_followed() {
    let (server, other) = (Faults::start().await, Faults::start().await);
    let away = other.url("/fine");
    let ask = HttpAsk { may_lead_away: true, ..http_ask(&server.url(&format!("/redirect?{away}")), 100, false) };
    let answer = http().perform(&ask, None).await.unwrap();
    assert!((300..400).contains(&answer.status), "{}", answer.status);
    assert_eq!(answer.header("location"), Some(away.as_str()));
    assert_eq!(other.heads(), Vec::<String>::new());
    let within = HttpAsk { url: server.url("/redirect?/fine"), ..ask };
    assert_eq!(http().perform(&within, None).await.unwrap().status, 200);
}

#[tokio::test]
async fn a_known_answer_and_further_headers_are_sent_along() {
    let server = Faults::start().await;
    let ask = HttpAsk {
        etag: Some("W/\"5f1d\"".to_owned()),
        headers: vec![("x-github-api-version", "2022-11-28")],
        ..http_ask(&server.url("/fine"), 100, false)
    };
    http().perform(&ask, None).await.unwrap();
    let strange = HttpAsk { etag: Some("a\r\nb".to_owned()), ..ask };
    http().perform(&strange, None).await.unwrap();
    let heads = server.heads();
    assert!(heads[0].contains("if-none-match: W/\"5f1d\"") && heads[0].contains("x-github-api-version: 2022-11-28"));
    assert!(!heads[1].to_ascii_lowercase().contains("if-none-match"), "{}", heads[1]);
}

#[tokio::test]
async fn a_credential_goes_nowhere_but_where_it_is_bound_to() {
    let (server, other) = (Faults::start().await, Faults::start().await);
    let bound = bound(&server.url("/"));
    let ask = Ask::json(other.url("/fine"));
    let refused = perform(&ask, Some(&bound)).await.unwrap_err();
    assert!(matches!(refused, NoAnswer::Unaskable(_)), "{refused}");
    let missing = perform(&ask, None).await.unwrap_err();
    assert!(matches!(missing, NoAnswer::NoCredential(_)), "{missing}");
    assert!(other.heads().is_empty());
    let plain = Ask::signed_log(other.url("/fine"));
    perform(&plain, Some(&bound)).await.unwrap();
    assert!(!other.heads()[0].to_ascii_lowercase().contains("authorization"), "{:?}", other.heads());
}

#[tokio::test]
async fn what_cannot_be_asked_is_refused_without_a_connection() {
    for url in ["", "example.com", "ftp://example.com/", "https://user:pw@example.com/", "http://example.com/"] {
        let error = http().perform(&http_ask(url, 10, false), None).await.unwrap_err();
        assert!(matches!(&error, NoAnswer::Unaskable(words) if !words.contains("pw")), "{url}: {error}");
    }
}

fn http_ask(url: &str, max_bytes: usize, tail: bool) -> HttpAsk {
    HttpAsk { tail, ..HttpAsk::plain(url, max_bytes) }
}

#[tokio::test]
async fn a_certificate_nobody_vouches_for_is_not_trusted() {
    let certificate = include_bytes!("fixtures/tls/self-signed.der").as_slice().into();
    let key = include_bytes!("fixtures/tls/self-signed.key.der").as_slice().try_into().unwrap();
    let provider = std::sync::Arc::new(rustls::crypto::ring::default_provider());
    let config = rustls::ServerConfig::builder_with_provider(provider).with_safe_default_protocol_versions().unwrap();
    let config = config.with_no_client_auth().with_single_cert(vec![certificate], key).unwrap();
    let acceptor = tokio_rustls::TlsAcceptor::from(std::sync::Arc::new(config));
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            // The client breaks it off.
            let _ = acceptor.accept(stream).await;
        }
    });
    let words = trouble(&format!("https://localhost:{port}/")).await;
    assert!(words.starts_with("localhost: TLS: certificate not trusted ("), "{words}");
}

#[tokio::test]
async fn plain_http_behind_an_https_url_is_told() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let _ = tokio::io::AsyncWriteExt::write_all(&mut stream, b"HTTP/1.1 400 Bad Request\r\n\r\n").await;
        }
    });
    let words = trouble(&format!("https://localhost:{port}/")).await;
    assert_eq!(words, "localhost: TLS: the other side does not speak it");
}
