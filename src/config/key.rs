//! The keys there are, and the nearest one to a key there is not.

/// The keys of the top level.
pub(super) const TOP: &[&str] = &["watch", "target", "status", "database", "credentials"];
/// The keys of `[watch]`.
pub(super) const WATCH: &[&str] = &["timeout", "register_timeout", "branches", "remotes"];
/// The keys of `[target.NAME]`.
pub(super) const TARGET: &[&str] = &[
    "provider",
    "app",
    "branches",
    "paths",
    "token",
    "base_url",
    "health",
    "environment",
    "workflow",
    "url",
    "command",
    "limit",
    "pointers",
    "states",
];
/// Those of them that only some providers read.
pub(super) const PARTICULAR: &[&str] =
    &["app", "token", "base_url", "workflow", "url", "command", "limit", "pointers", "states"];
/// What a target's JSON pointers can point to.
pub(super) const POINTERS: &[&str] =
    &["live", "list", "commit", "state", "id", "created_at", "branch", "environment", "url", "error"];
/// The keys of `[target.NAME.health]`.
pub(super) const HEALTH: &[&str] = &["live", "ready", "version", "within", "soak"];
/// The keys of `[status]`.
pub(super) const STATUS: &[&str] = &["mirror", "keep"];
/// The keys of `[database]`.
pub(super) const DATABASE: &[&str] = &["url", "table", "columns", "states", "ca"];
/// The keys of `[credentials]`.
pub(super) const CREDENTIALS: &[&str] = &["env_from_login_shell"];
/// The keys of a token's source, one of which it names.
pub(super) const TOKEN: &[&str] = &["env", "command", "file"];

/// Keys that name a secret's source, a URL, a command or a database, or have a program run: ignored where the layer is
/// not the user's own.
pub(super) fn is_sensitive(table: &str, key: &str) -> bool {
    match table {
        "" => matches!(key, "database" | "credentials"),
        "target" => matches!(key, "token" | "base_url" | "url" | "command"),
        "health" => matches!(key, "live" | "ready" | "version"),
        _ => false,
    }
}

/// What to say of a key that is not among `known`, after "unknown key": the nearest one, where it belongs, or all.
pub(super) fn advice(wrong: &str, known: &[&str]) -> String {
    let home = || home_of(wrong).map(|table| format!("it belongs in {table}"));
    nearest(wrong, known).or_else(home).unwrap_or_else(|| all(known))
}

/// The same for a table within a value, whose keys are its own.
pub(super) fn inner_advice(wrong: &str, known: &[&str]) -> String {
    nearest(wrong, known).unwrap_or_else(|| all(known))
}

fn all(known: &[&str]) -> String {
    format!("known here: {}", known.join(", "))
}

fn nearest(wrong: &str, known: &[&str]) -> Option<String> {
    let tolerance = (wrong.chars().count() / 3).max(1);
    let distances = known.iter().map(|key| (strsim::osa_distance(wrong, key), *key));
    let (_, key) = distances.min().filter(|(distance, _)| *distance <= tolerance)?;
    Some(format!("did you mean \"{key}\"?"))
}

/// The table a key belongs in, for one that was written into another.
fn home_of(key: &str) -> Option<&'static str> {
    let tables = [
        (WATCH, "[watch]"),
        (STATUS, "[status]"),
        (CREDENTIALS, "[credentials]"),
        (TARGET, "[target.NAME]"),
        (HEALTH, "[target.NAME.health]"),
    ];
    tables.into_iter().find(|(keys, _)| keys.contains(&key)).map(|(_, table)| table)
}
