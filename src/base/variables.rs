//! Environment variables that are passed on to the programs afterpush starts: its monitor, git, the user's commands.
//!
//! Whatever is not here stays behind. These say where things lie and how servers are reached, so the configuration
//! cannot name one of them as the place of a secret.

use super::tokens;

/// By their whole names: of a family somebody could name a member of their own, and put a secret into it.
///
/// What git and credential helpers need to find their settings, agents, stores and servers is among them. Settings that
/// git takes from variables (`GIT_CONFIG_COUNT`) are not: `http.extraHeader` holds a token.
pub const PASSED_ON: &[&str] = &[
    "PATH",
    "HOME",
    "USER",
    "LOGNAME",
    "LANG",
    "LC_ALL",
    "LC_CTYPE",
    "LC_MESSAGES",
    "TZ",
    "TMPDIR",
    "XDG_CACHE_HOME",
    "XDG_CONFIG_HOME",
    "XDG_DATA_HOME",
    "XDG_RUNTIME_DIR",
    "XDG_STATE_HOME",
    "DBUS_SESSION_BUS_ADDRESS",
    "SSH_AUTH_SOCK",
    "SSL_CERT_DIR",
    "SSL_CERT_FILE",
    "GIT_ALLOW_PROTOCOL",
    "GIT_CONFIG_GLOBAL",
    "GIT_CONFIG_NOSYSTEM",
    "GIT_CONFIG_SYSTEM",
    "GIT_EXEC_PATH",
    "GIT_SSH",
    "GIT_SSH_COMMAND",
    "GIT_SSH_VARIANT",
    "GIT_SSL_CAINFO",
    "GIT_SSL_CAPATH",
    "GIT_SSL_CERT",
    "GIT_SSL_KEY",
    "ALL_PROXY",
    "HTTPS_PROXY",
    "NO_PROXY",
    "all_proxy",
    "http_proxy",
    "https_proxy",
    "no_proxy",
    "GCM_CREDENTIAL_STORE",
    "GH_CONFIG_DIR",
    "GNUPGHOME",
    "PASSWORD_STORE_DIR",
    "DOCKER_HOST",
    "KUBECONFIG",
];

/// A variable of this name is passed on.
pub fn is_passed_on(name: &str) -> bool {
    PASSED_ON.contains(&name)
}

/// This variable with this value is: a proxy's URL may hold a password.
pub fn may_be_passed_on(name: &str, value: &str) -> bool {
    is_passed_on(name) && tokens::masked(value) == value
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_that_holds_a_secret_stays_behind_whatever_its_name() {
        for (name, value, is_passed) in [
            ("https_proxy", "http://proxy.example.com:3128", true),
            ("https_proxy", "http://ada:hunter2@proxy.example.com:3128", false),
            ("LC_CTYPE", "C.UTF-8", true),
            ("LC_TOKEN", "C.UTF-8", false),
            ("XDG_DATA_HOME", "ghp_0123456789abcdef", false),
        ] {
            assert_eq!(may_be_passed_on(name, value), is_passed, "{name}={value}");
        }
    }
}
