//! Remote URLs with the password taken out.

/// The URL without the user name and password before its host.
///
/// git hands a pre-push hook the URL as configured, credentials included. Only what lies before the first slash
/// of the authority counts, so a path that holds an `@` stays whole. The user of an scp-like address
/// (`git@host:path`) is kept: it is a login name and no secret, and without it the address is another one.
pub fn without_userinfo(url: &str) -> String {
    let Some((scheme, rest)) = url.split_once("://") else {
        return url.to_owned();
    };
    let authority_end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
    let (authority, path) = rest.split_at(authority_end);
    let host = authority.rsplit_once('@').map_or(authority, |(_, host)| host);
    format!("{scheme}://{host}{path}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_userinfo_goes() {
        for (url, bare) in [
            ("https://bob:s3cret@example.com/a.git", "https://example.com/a.git"),
            ("https://token@example.com:8443/a@b.git", "https://example.com:8443/a@b.git"),
            ("https://bob:p@ss@example.com/a.git", "https://example.com/a.git"),
            ("git@example.com:a/b.git", "git@example.com:a/b.git"),
            ("/srv/a.git", "/srv/a.git"),
            ("ssh://git@example.com/a", "ssh://example.com/a"),
        ] {
            assert_eq!(without_userinfo(url), bare);
        }
    }
}
