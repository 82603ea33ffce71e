//! How a connection to a database is protected.

use std::net::IpAddr;

/// What the URL asks for; drivers call it `sslmode` or `ssl-mode`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Asked {
    /// No TLS.
    Disable,
    /// TLS if the server has it.
    Prefer,
    /// TLS, with whomever.
    Require,
    /// TLS with a certificate of a trusted authority.
    VerifyCa,
    /// The same, and made for this host.
    VerifyFull,
}

/// What is done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tls {
    /// None: this machine's own socket or file, or loopback where it was switched off.
    Off,
    /// Where the server offers it; loopback only.
    IfOffered,
    /// Encrypted, not verified; loopback only (the near end of a tunnel has the far end's certificate).
    Unverified,
    /// A certificate of a trusted authority; loopback only.
    TrustedAuthority,
    /// A certificate of a trusted authority, made for this host.
    Verified,
}

impl Asked {
    /// The words of PostgreSQL's and MySQL's clients, in any case, with `-` or `_`.
    pub fn from_word(word: &str) -> Option<Self> {
        Some(match word.to_ascii_lowercase().replace('_', "-").as_str() {
            "disable" | "disabled" => Self::Disable,
            "allow" | "prefer" | "preferred" => Self::Prefer,
            "require" | "required" => Self::Require,
            "verify-ca" => Self::VerifyCa,
            "verify-full" | "verify-identity" => Self::VerifyFull,
            _ => return None,
        })
    }
}

/// What is done with a connection to `host` for which this was asked. Off this machine TLS is verified whatever was
/// asked, and asking for none is refused: a password is at stake.
pub fn tls_for(host: &str, asked: Option<Asked>) -> Result<Tls, String> {
    if !is_loopback(host) {
        return match asked {
            Some(Asked::Disable) => Err("the database URL switches TLS off, which is possible on this machine \
                                         only; take sslmode=disable out of it"
                .to_owned()),
            _ => Ok(Tls::Verified),
        };
    }
    Ok(match asked {
        None | Some(Asked::Prefer) => Tls::IfOffered,
        Some(Asked::Disable) => Tls::Off,
        Some(Asked::Require) => Tls::Unverified,
        Some(Asked::VerifyCa) => Tls::TrustedAuthority,
        Some(Asked::VerifyFull) => Tls::Verified,
    })
}

fn is_loopback(host: &str) -> bool {
    host.eq_ignore_ascii_case("localhost") || host.parse::<IpAddr>().is_ok_and(|ip| ip.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn off_this_machine_tls_is_verified_whatever_was_asked() {
        let hosts = [
            "db.example.com",
            "10.0.0.5",
            "0.0.0.0",
            "::",
            "::ffff:127.0.0.1",
            "127.0.0.1.example.com",
            "localhost.example.com",
            "127.1",
            "2130706433",
            "",
        ];
        for host in hosts {
            for asked in ["allow", "prefer", "REQUIRED", "verify_ca", "verify-full", "verify_identity"] {
                assert_eq!(tls_for(host, Asked::from_word(asked)), Ok(Tls::Verified), "{host} {asked}");
            }
            assert_eq!(tls_for(host, None), Ok(Tls::Verified), "{host}");
            assert!(tls_for(host, Some(Asked::Disable)).is_err(), "{host}");
        }
    }

    #[test]
    fn on_this_machine_it_is_what_was_asked_for() {
        for host in ["127.0.0.1", "127.8.9.10", "::1", "localhost", "LocalHost"] {
            for (asked, tls) in [
                ("disable", Tls::Off),
                ("prefer", Tls::IfOffered),
                ("require", Tls::Unverified),
                ("verify-ca", Tls::TrustedAuthority),
                ("VERIFY_IDENTITY", Tls::Verified),
            ] {
                assert_eq!(tls_for(host, Asked::from_word(asked)), Ok(tls), "{host} {asked}");
            }
            assert_eq!(tls_for(host, None), Ok(Tls::IfOffered), "{host}");
        }
        assert_eq!(Asked::from_word("strict"), None);
    }
}
