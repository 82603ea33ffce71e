//! The origin of a URL: what a credential is bound to.

use std::fmt;

/// Scheme, host and port, in lower case.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Origin {
    /// `http` or `https`.
    pub scheme: String,
    /// The host name or address, without brackets.
    pub host: String,
    /// The port, the scheme's own where none is named.
    pub port: u16,
}

/// The origin of an `http` or `https` URL without userinfo; `None` for anything else.
pub fn origin(url: &str) -> Option<Origin> {
    let parsed = reqwest::Url::parse(url).ok()?;
    let plain = matches!(parsed.scheme(), "http" | "https") && parsed.username().is_empty();
    let host = parsed.host_str()?.trim_matches(['[', ']']).to_ascii_lowercase();
    let port = parsed.port_or_known_default()?;
    (plain && parsed.password().is_none()).then(|| Origin { scheme: parsed.scheme().to_owned(), host, port })
}

impl Origin {
    /// `host:port` as in a URL, without the port where it is the scheme's own.
    pub fn authority(&self) -> String {
        let host = if self.host.contains(':') { format!("[{}]", self.host) } else { self.host.clone() };
        match (self.scheme.as_str(), self.port) {
            ("https", 443) | ("http", 80) => host,
            (_, port) => format!("{host}:{port}"),
        }
    }

    /// The host is this machine.
    pub fn is_loopback(&self) -> bool {
        self.host == "localhost" || self.host.parse::<std::net::IpAddr>().is_ok_and(|ip| ip.is_loopback())
    }
}

/// As a URL without a path.
impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}://{}", self.scheme, self.authority())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn origins_are_written_as_in_a_url() {
        for (url, written) in [
            ("https://API.example.com:443/v2", "https://api.example.com"),
            ("http://[::1]:8080/", "http://[::1]:8080"),
            ("http://localhost:80", "http://localhost"),
            ("https://localhost:80", "https://localhost:80"),
        ] {
            assert_eq!(origin(url).map(|origin| origin.to_string()).as_deref(), Some(written));
        }
    }

    #[test]
    fn origins_are_compared_whole() {
        let of = |url| origin(url).map(|o| format!("{}://{}:{}", o.scheme, o.host, o.port));
        assert_eq!(of("HTTPS://API.example.com/v2"), Some("https://api.example.com:443".to_owned()));
        assert_eq!(of("https://user@api.example.com/"), None);
        assert_eq!(of("ftp://api.example.com/"), None);
        assert!(origin("http://[::1]:8080/").is_some_and(|o| o.is_loopback()));
        assert!(!origin("http://127.0.0.1.example.com/").is_some_and(|o| o.is_loopback()));
    }
}
