//! URLs as people write them.

use proptest::prelude::*;

use super::super::Tls;
use super::*;

fn of(url: &str) -> Result<Database, String> {
    database(&Secret::verbatim(url), None)
}

fn password(url: &str) -> String {
    of(url).map_or_else(|words| words, |database| database.password.expose().to_owned())
}

#[test]
fn a_url_names_the_database() {
    let place = |url| of(url).map(|database| database.place());
    for (url, expected) in [
        ("mysql://ada:pw@db.example.com/shop", "mysql at db.example.com:3306/shop"),
        ("mariadb://ada:pw@db.example.com:3307/shop?charset=utf8mb4", "mysql at db.example.com:3307/shop"),
        ("postgres://ada@127.0.0.1/shop", "postgres at 127.0.0.1:5432/shop"),
        ("PostgreSQL://ada:pw@[::1]:5433/my%20shop?schema=public#x", "postgres at [::1]:5433/my shop"),
        ("postgres://ada@%2Fvar%2Frun%2Fpostgresql/shop", "postgres at /var/run/postgresql (shop)"),
        ("postgresql://ada@/shop?host=/var/run/postgresql", "postgres at /var/run/postgresql (shop)"),
        ("mysql://ada@localhost/shop?socket=/run/mysqld/mysqld.sock", "mysql at /run/mysqld/mysqld.sock (shop)"),
        ("sqlite:///srv/a%20b.db?mode=ro", "sqlite at /srv/a b.db"),
        ("sqlite:/srv/shop.db", "sqlite at /srv/shop.db"),
        ("mysql://ada@h/sh\u{202e}op", "mysql at h:3306/sh\\u{202e}op"),
    ] {
        assert_eq!(place(url).as_deref(), Ok(expected), "{url}");
    }
}

#[test]
fn a_password_is_understood_encoded_or_not_where_there_is_one_way_to_understand_it() {
    for (url, expected) in [
        ("mysql://ada:p%40ss%2Fw%25@h/d", "p@ss/w%"),
        ("mysql://ada:p@ss:w@h/d", "p@ss:w"),
        ("mysql://ada:p/s?s#w@h:3306/d", "p/s?s#w"),
        ("mysql://ada:100%@h/d", "100%"),
        ("postgres://ada:a/b@c@h/d?sslmode=require", "a/b@c"),
        ("postgres://ada:żółw 'x'\"\\@h/d", "żółw 'x'\"\\"),
        ("postgres://ada@h/d", ""),
    ] {
        assert_eq!(password(url), expected, "{url}");
    }
}

#[test]
fn what_could_be_read_in_two_ways_is_refused() {
    for url in ["mysql://ada:12/x@h/d", "mysql://ada:pw@foo/bar@h/d", "mysql://ada:pw@h/d?x=a@b", "mysql://ada:1#x@h/d"]
    {
        assert_eq!(of(url).unwrap_err(), UNREADABLE, "{url}");
    }
}

#[test]
fn what_is_no_url_of_a_database_is_refused_in_words_that_repeat_none_of_it() {
    for (url, words) in [
        ("", "cannot be read"),
        ("canary", "cannot be read"),
        ("oracle://ada:canary@h/d", "does not begin with"),
        ("pg://ada:canary@h/d", "does not begin with"),
        ("mysql:ada:canary@h/d", "cannot be read"),
        ("mysql://ada:canary@h:99999/d", "cannot be read"),
        ("mysql://ada:canary@h/d/e", "cannot be read"),
        ("mysql://ada:canary@[::zz]/d", "cannot be read"),
        ("mysql://ada:canary@h", "names no database"),
        ("mysql://:canary@h/d", "names no user"),
        ("mysql://ada:canary@/d", "names no host"),
        ("mysql://ada:canary%ff@h/d", "cannot be read"),
        ("mysql://ada:canary%00@h/d", "zero byte"),
        ("mysql://ada:canary@h/d?sslmode=canary", "sslmode"),
        ("mysql://ada:canary@h/d?sslmode=disable", "switches TLS off"),
        ("sqlite://canary.db", "absolute path"),
        ("sqlite::memory:", "absolute path"),
    ] {
        let refusal = of(url).expect_err(url);
        assert!(refusal.contains(words) && !refusal.contains("canary"), "{url}: {refusal}");
    }
}

#[test]
fn tls_is_what_the_rule_says() {
    let tls = |url| of(url).unwrap().tls;
    assert_eq!(tls("mysql://ada:pw@h/d?ssl-mode=PREFERRED"), Tls::Verified);
    assert_eq!(tls("mysql://ada:pw@127.0.0.1/d?ssl-mode=VERIFY_IDENTITY"), Tls::Verified);
    assert_eq!(tls("postgres://ada:pw@127.0.0.1/d"), Tls::IfOffered);
    assert_eq!(tls("postgres://ada:pw@%2Frun/d?sslmode=verify-full"), Tls::Off);
    let of_url = of("postgres://ada:pw@h/d?sslrootcert=/etc/ca.pem").unwrap();
    assert_eq!(of_url.ca.as_deref(), Some(Path::new("/etc/ca.pem")));
    let configured = database(&Secret::verbatim("postgres://a@h/d?sslrootcert=/x"), Some(Path::new("/ca"))).unwrap();
    assert_eq!(configured.ca.as_deref(), Some(Path::new("/ca")));
}

#[test]
fn nothing_that_is_shown_holds_the_password() {
    let database = of("mysql://ada:canary%40@127.0.0.1/shop").unwrap();
    let shown = format!("{database:?} {database:#?} {}", database.place());
    assert!(!shown.contains("canary"), "{shown}");
    let secrets: Vec<_> = database.secrets().map(Secret::expose).collect();
    assert_eq!(secrets, ["canary@", "mysql://ada:canary%40@127.0.0.1/shop"]);
}

proptest! {
    #[test]
    fn an_encoded_password_comes_out_as_it_went_in(word in "[^\0]{0,20}") {
        let encoded: Vec<_> = word.bytes().map(|byte| format!("%{byte:02X}")).collect();
        let encoded = encoded.concat();
        prop_assert_eq!(password(&format!("postgres://ada:{encoded}@h:1/d")), word);
    }

    #[test]
    fn no_text_makes_it_panic_or_repeat_the_text(url in "(mysql://|postgres:|)?[a-c:/@?#%\\[\\]0-9]{0,30}ZXQ[a-c:/@?#%]{0,10}") {
        if let Err(words) = of(&url) {
            prop_assert!(!words.contains("ZXQ"), "{words}");
        }
    }
}
