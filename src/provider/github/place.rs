//! Where things are: the API's paths, and the pages for people beside them.

use std::fmt::Write;

use crate::watch::Target;
use crate::wire::{Origin, origin};

/// Where the API of a server of one's own begins.
const ENTERPRISE: &str = "/api/v3";

/// `owner/name`, with the letters GitHub allows.
pub(super) fn is_repository(app: &str) -> bool {
    app.split('/').count() == 2 && app.split('/').all(is_name)
}

/// A workflow's file, or its number.
pub(super) fn is_workflow(file: &str) -> bool {
    is_name(file)
}

fn is_name(name: &str) -> bool {
    let is_letter = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.');
    (1..=100).contains(&name.len()) && name.bytes().all(is_letter) && !name.bytes().all(|byte| byte == b'.')
}

/// A server of one's own, whose credential is another than that of github.com.
pub(super) fn is_enterprise(base_url: &str) -> bool {
    base_url.ends_with(ENTERPRISE) && origin(base_url).is_some_and(|origin| !origin.is_loopback())
}

/// The host people know.
pub(super) fn host(base_url: &str) -> String {
    let host = origin(base_url).map(|origin| origin.host).unwrap_or_default();
    host.strip_prefix("api.").map_or(host.clone(), str::to_owned)
}

/// The address of the repository in the API.
pub(super) fn repository(target: &Target) -> String {
    format!("{}/repos/{}", target.base_url, target.app)
}

/// The repository's pages for people. A stand-in has none.
fn site(target: &Target) -> Option<String> {
    let Origin { scheme, host, port } = origin(&target.base_url)?;
    let host = match host.strip_prefix("api.") {
        Some(host) => host.to_owned(),
        None if target.base_url.ends_with(ENTERPRISE) && port == 443 => host,
        None if target.base_url.ends_with(ENTERPRISE) => format!("{host}:{port}"),
        None => return None,
    };
    (scheme == "https").then(|| format!("https://{host}/{}", target.app))
}

/// The page about the target.
pub(super) fn page(target: &Target) -> Option<String> {
    let site = site(target)?;
    Some(match (&target.particulars.workflow, &target.environment) {
        (Some(workflow), _) => format!("{site}/actions/workflows/{workflow}"),
        (None, Some(environment)) => format!("{site}/deployments/{}", encoded(environment)),
        (None, None) => format!("{site}/deployments"),
    })
}

/// A page that an answer names: shown only if it is one.
pub(super) fn shown(url: Option<&str>) -> Option<String> {
    let url = url.map(str::trim).filter(|url| origin(url).is_some_and(|origin| origin.scheme == "https"))?;
    Some(crate::base::text::visible(url))
}

/// The text as part of a query or path.
pub(super) fn encoded(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.' | b'~') {
            out.push(char::from(byte));
        } else {
            // Writing to a string cannot fail.
            let _ = write!(out, "%{byte:02X}");
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_plain_names_get_into_a_path() {
        for good in ["acme/shop", "a-b/c.d_e"] {
            assert!(is_repository(good), "{good}");
        }
        for bad in
            ["acme", "acme/shop/x", "../shop", "acme/..", "acme/", "/shop", "a b/c", "acme/shop?x", "acme/sh%2fop"]
        {
            assert!(!is_repository(bad), "{bad}");
        }
        assert!(is_workflow("deploy.yml") && !is_workflow("../deploy.yml"));
        assert_eq!(encoded("feature/ü&x"), "feature%2F%C3%BC%26x");
    }

    #[test]
    fn a_server_of_ones_own_has_its_own_host_and_credential() {
        let known = ["https://api.github.com", "https://git.corp.example/api/v3", "https://api.corp.ghe.com"];
        assert_eq!(known.map(host), ["github.com", "git.corp.example", "corp.ghe.com"]);
        assert_eq!(known.map(is_enterprise), [false, true, false]);
        assert!(!is_enterprise("http://127.0.0.1:1/api/v3"));
    }
}
