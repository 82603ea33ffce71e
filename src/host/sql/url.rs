//! A database's URL, read so that a password with any characters is understood wherever there is only one way to
//! understand it.
//!
//! Users put passwords into URLs as they are. Up to the last `@` before the first `/`, `?` or `#` all characters are
//! no problem. Where an `@` comes later, the password may hold one of those three; that is believed only if what
//! stands before them cannot be a host. What could be read in two ways is refused: the wrong one would send a part of
//! the password to a stranger.

use std::path::{Path, PathBuf};

use super::Database;
use super::parts::{Server, by_word, file};
use super::tls::Asked;
use crate::wire::{Dialect, Secret};

/// What is wrong with a URL is told without a piece of it: any piece may be part of the password.
const UNREADABLE: &str = "the database URL cannot be read; percent-encode what is not a letter or a digit in its \
    password (@ is %40, / is %2F, # is %23), or give it in parts: DB_HOST, DB_PORT, DB_USER, DB_PASS, DB_NAME";

/// The database this URL names.
pub(super) fn database(url: &Secret, ca: Option<&Path>) -> Result<Database, String> {
    let (scheme, rest) = url.expose().split_once(':').ok_or(UNREADABLE)?;
    let dialect = by_word(scheme)
        .filter(|_| scheme.len() > 2)
        .ok_or("the database URL does not begin with mysql://, mariadb://, postgres://, postgresql:// or sqlite:///")?;
    if dialect == Dialect::Sqlite {
        let path = rest.strip_prefix("//").unwrap_or(rest);
        let path = decoded(path.split(['?', '#']).next().unwrap_or_default())?;
        return file(Path::new(&path), Some(url.clone()));
    }
    let text = Text::split(rest.strip_prefix("//").ok_or(UNREADABLE)?).ok_or(UNREADABLE)?;
    let query = Query(text.query);
    let socket = query.get(&["host", "socket"])?.filter(|host| host.starts_with('/'));
    let host = socket.unwrap_or(decoded(text.host)?);
    let (user, password) = text.userinfo.split_once(':').unwrap_or((text.userinfo, ""));
    let tls = query.get(&["sslmode", "ssl-mode", "ssl_mode"])?.map(|word| {
        let unknown = "the database URL's sslmode is none of disable, prefer, require, verify-ca, verify-full";
        Asked::from_word(&word).ok_or(unknown)
    });
    let ca_of_url = query.get(&["sslrootcert", "ssl-ca", "ssl_ca"])?.map(PathBuf::from);
    let server = Server {
        dialect,
        host: named(host, "host")?,
        port: text.port,
        user: named(decoded(user)?, "user")?,
        password: Secret::verbatim(&decoded(password)?),
        name: named(decoded(text.name)?, "database")?,
        tls: tls.transpose()?,
        ca: ca.map(Path::to_path_buf).or(ca_of_url),
    };
    server.database(Some(url.clone()))
}

fn named(part: String, what: &str) -> Result<String, String> {
    if part.is_empty() { Err(format!("the database URL names no {what}")) } else { Ok(part) }
}

/// The parts of a URL behind its `//`, as they stand there.
struct Text<'a> {
    userinfo: &'a str,
    host: &'a str,
    port: Option<u16>,
    name: &'a str,
    query: &'a str,
}

impl<'a> Text<'a> {
    fn split(rest: &'a str) -> Option<Self> {
        let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
        let (authority, tail) = rest.split_at(end);
        if !tail.contains('@') {
            let (userinfo, server) = authority.rsplit_once('@').unwrap_or(("", authority));
            return Self::of(userinfo, server, tail);
        }
        let server = authority.rsplit_once('@').map_or(authority, |(_, server)| server);
        if is_server(server) {
            return None;
        }
        let (userinfo, rest) = rest.rsplit_once('@')?;
        let (server, tail) = rest.split_at(rest.find(['/', '?', '#']).unwrap_or(rest.len()));
        Self::of(userinfo, server, tail)
    }

    fn of(userinfo: &'a str, server: &'a str, tail: &'a str) -> Option<Self> {
        let (host, port) = host_and_port(server)?;
        let tail = tail.split('#').next().unwrap_or_default();
        let (path, query) = tail.split_once('?').unwrap_or((tail, ""));
        let name = path.strip_prefix('/').unwrap_or(path);
        (!name.contains('/')).then_some(Self { userinfo, host, port, name, query })
    }
}

fn is_server(text: &str) -> bool {
    host_and_port(text).is_some()
}

/// A name or an address, in brackets if it has colons, and a port; the host may be missing, or a path percent-encoded.
fn host_and_port(text: &str) -> Option<(&str, Option<u16>)> {
    let (host, port) = if let Some(rest) = text.strip_prefix('[') {
        let (host, port) = rest.split_once(']')?;
        host.parse::<std::net::Ipv6Addr>().ok()?;
        (host, port)
    } else {
        let (host, port) = text.split_at(text.find(':').unwrap_or(text.len()));
        let is_word = |c: char| c.is_alphanumeric() || ".-_%".contains(c);
        host.chars().all(is_word).then_some((host, port))?
    };
    match port.strip_prefix(':') {
        Some(number) => Some((host, Some(number.parse().ok()?))),
        None => port.is_empty().then_some((host, None)),
    }
}

/// What follows the question mark. Drivers have many settings there; those we do not know change nothing here.
struct Query<'a>(&'a str);

impl Query<'_> {
    fn get(&self, names: &[&str]) -> Result<Option<String>, String> {
        let mut pairs = self.0.split('&').filter_map(|pair| pair.split_once('='));
        let found = pairs.find(|(name, _)| names.contains(&name.to_ascii_lowercase().as_str()));
        found.map(|(_, value)| decoded(value)).transpose()
    }
}

/// `%41` is `A`; a per cent sign that is followed by anything but two digits stands for itself.
fn decoded(text: &str) -> Result<String, String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((&byte, after)) = rest.split_first() {
        let digit = |at: usize| after.get(at).and_then(|&byte| char::from(byte).to_digit(16));
        match digit(0).zip(digit(1)) {
            Some((high, low)) if byte == b'%' => {
                bytes.push(u8::try_from(high * 16 + low).unwrap_or_default());
                rest = &after[2..];
            }
            _ => {
                bytes.push(byte);
                rest = after;
            }
        }
    }
    String::from_utf8(bytes).map_err(|_| UNREADABLE.to_owned())
}

#[cfg(test)]
mod tests;
