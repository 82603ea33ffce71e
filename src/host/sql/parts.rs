//! A database whose whereabouts are given in parts, the way many applications have them in their environment. A
//! password given so may hold any character.

use std::path::{Path, PathBuf};

use super::tls::{Asked, Tls, tls_for};
use super::{Database, Seat};
use crate::wire::{Dialect, Secret};

/// The variables that are looked at.
pub const VARIABLES: &[&str] =
    &["DB_HOST", "DB_PORT", "DB_USER", "DB_PASS", "DB_NAME", "DB_TYPE", "DB_CONNECTION", "DB_DRIVER"];

/// Where a database server is and who asks it.
pub(super) struct Server {
    pub(super) dialect: Dialect,
    /// A name, an address, or the path of a socket.
    pub(super) host: String,
    pub(super) port: Option<u16>,
    pub(super) user: String,
    pub(super) password: Secret,
    pub(super) name: String,
    pub(super) tls: Option<Asked>,
    pub(super) ca: Option<PathBuf>,
}

/// The database the parts name.
pub(super) fn database(get: impl Fn(&str) -> Option<Secret>, ca: Option<&Path>) -> Result<Database, String> {
    let text = |name: &str| get(name).filter(|value| !value.is_empty()).map(|value| value.expose().to_owned());
    let needed = |name: &str| text(name).ok_or_else(|| format!("{name} is not set, and the database has no url"));
    let port = text("DB_PORT").map(|port| port.parse::<u16>().map_err(|_| "DB_PORT is not a port's number".to_owned()));
    let port = port.transpose()?;
    let kind = ["DB_TYPE", "DB_CONNECTION", "DB_DRIVER"].into_iter().find_map(|name| Some((name, text(name)?)));
    let dialect = match kind {
        Some((name, word)) => {
            by_word(&word).ok_or_else(|| format!("{name} names a database that is none of mysql, postgres, sqlite"))?
        }
        None => by_port(port)?,
    };
    if dialect == Dialect::Sqlite {
        return file(Path::new(&needed("DB_NAME")?), None);
    }
    Server {
        dialect,
        host: needed("DB_HOST")?,
        port,
        user: needed("DB_USER")?,
        password: get("DB_PASS").unwrap_or_else(|| Secret::verbatim("")),
        name: needed("DB_NAME")?,
        tls: None,
        ca: ca.map(Path::to_path_buf),
    }
    .database(None)
}

/// The kind of database a word of a URL or a variable means.
pub(super) fn by_word(word: &str) -> Option<Dialect> {
    Some(match word.to_ascii_lowercase().as_str() {
        "mysql" | "mysql2" | "mariadb" => Dialect::MySql,
        "postgres" | "postgresql" | "pg" | "pgsql" => Dialect::Postgres,
        "sqlite" | "sqlite3" => Dialect::Sqlite,
        _ => return None,
    })
}

fn by_port(port: Option<u16>) -> Result<Dialect, String> {
    match port {
        Some(5432) => Ok(Dialect::Postgres),
        None | Some(3306) => Ok(Dialect::MySql),
        Some(port) => {
            Err(format!("DB_PORT {port} does not tell which database it is; set DB_TYPE to mysql or postgres"))
        }
    }
}

/// A SQLite database.
pub(super) fn file(path: &Path, url: Option<Secret>) -> Result<Database, String> {
    if !path.is_absolute() || path.as_os_str().as_encoded_bytes().contains(&0) {
        return Err("a SQLite database is named by an absolute path, such as sqlite:///srv/deployments.db".to_owned());
    }
    Ok(Database {
        dialect: Dialect::Sqlite,
        seat: Seat::File(path.to_path_buf()),
        user: String::new(),
        password: Secret::verbatim(""),
        name: String::new(),
        tls: Tls::Off,
        ca: None,
        url,
    })
}

impl Server {
    /// The database on it. `url` is what all this was read from.
    pub(super) fn database(self, url: Option<Secret>) -> Result<Database, String> {
        let Self { dialect, host, port, user, password, name, tls, ca } = self;
        // Whether the driver would refuse it or send it cut off: no server takes it.
        if [&host, &user, &name, password.expose()].iter().any(|part| part.contains('\0')) {
            return Err("the database's name, user or password holds a zero byte".to_owned());
        }
        let port = port.unwrap_or(if dialect == Dialect::Postgres { 5432 } else { 3306 });
        // TLS on the machine's own socket protects from nobody; the clients of both databases leave it out.
        let tls = if host.starts_with('/') { Tls::Off } else { tls_for(&host, tls)? };
        let seat = if host.starts_with('/') {
            Seat::Socket { path: PathBuf::from(host), port }
        } else {
            Seat::Tcp { host, port }
        };
        Ok(Database { dialect, seat, user, password, name, tls, ca, url })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(parts: &[(&str, &str)]) -> Result<Database, String> {
        let get = |name: &str| {
            assert!(VARIABLES.contains(&name), "{name}");
            parts.iter().find(|(key, _)| *key == name).map(|(_, value)| Secret::verbatim(value))
        };
        database(get, None)
    }

    #[test]
    fn the_kind_is_what_is_said_or_what_the_port_tells() {
        let with = |more: &[(&str, &str)]| {
            let base = [("DB_HOST", "10.0.0.5"), ("DB_USER", "ada"), ("DB_PASS", " p@/ #%41ü "), ("DB_NAME", "shop")];
            of(&[&base[..], more].concat())
        };
        let place = |more: &[(&str, &str)]| with(more).map(|database| database.place());
        assert_eq!(place(&[]), Ok("mysql at 10.0.0.5:3306/shop".into()));
        assert_eq!(place(&[("DB_PORT", "5432")]), Ok("postgres at 10.0.0.5:5432/shop".into()));
        assert_eq!(place(&[("DB_TYPE", "PostgreSQL")]), Ok("postgres at 10.0.0.5:5432/shop".into()));
        assert_eq!(
            place(&[("DB_PORT", "25060"), ("DB_DRIVER", "pgsql")]),
            Ok("postgres at 10.0.0.5:25060/shop".into())
        );
        assert_eq!(place(&[("DB_HOST", "ignored"), ("DB_PORT", "3306")]), Ok("mysql at 10.0.0.5:3306/shop".into()));
        for (more, word) in
            [(("DB_PORT", "25060"), "DB_TYPE"), (("DB_PORT", "x"), "DB_PORT"), (("DB_TYPE", "oracle"), "mysql")]
        {
            assert!(place(&[more]).is_err_and(|words| words.contains(word)), "{more:?}");
        }
        let database = with(&[]).unwrap();
        assert_eq!(database.password.expose(), " p@/ #%41ü ");
        assert_eq!(database.tls, Tls::Verified);
        assert!(!format!("{database:?}").contains("p@/"));
    }

    #[test]
    fn sockets_and_files_are_named_by_their_path() {
        let socket = of(&[("DB_HOST", "/run/mysqld/mysqld.sock"), ("DB_USER", "ada"), ("DB_NAME", "shop")]).unwrap();
        assert_eq!((socket.place().as_str(), socket.tls), ("mysql at /run/mysqld/mysqld.sock (shop)", Tls::Off));
        let file = of(&[("DB_TYPE", "sqlite"), ("DB_NAME", "/srv/shop.db")]).unwrap();
        assert_eq!(file.place(), "sqlite at /srv/shop.db");
        let odd = Path::new("/srv/100%41?mode=rwc#x.db");
        assert_eq!(Database::of_file(odd).unwrap().place(), format!("sqlite at {}", odd.display()));
        assert!(of(&[("DB_TYPE", "sqlite"), ("DB_NAME", "shop.db")]).unwrap_err().contains("absolute"));
    }

    #[test]
    fn what_is_missing_is_named() {
        assert_eq!(of(&[]).unwrap_err(), "DB_HOST is not set, and the database has no url");
        assert!(of(&[("DB_HOST", "h"), ("DB_USER", "")]).unwrap_err().starts_with("DB_USER "));
        assert!(of(&[("DB_HOST", "h"), ("DB_USER", "u\0"), ("DB_NAME", "d")]).unwrap_err().contains("zero byte"));
    }
}
