//! Secrets that every sandbox has in its environment, and the search for them where none may be: in files, and in what
//! processes show of themselves.

use std::fs;
use std::path::Path;

use afterpush::process::{is_secret, stat};

/// What every sandbox's programs are given, as people's shells have it; nothing here needs them.
pub const PLANTED: [(&str, &str); 2] = [
    ("AWS_SECRET_ACCESS_KEY", "canary/of+every/sandbox/0123456789abcdef"),
    ("SHOP_PASSWORD", "canary \"of\" every sandbox"),
];

/// Shorter values are words that a test may well say.
const SHORTEST: usize = 16;

/// The secrets among these variables.
pub fn secrets(variables: &[(String, String)]) -> Vec<String> {
    let given = variables.iter().filter(|(name, value)| is_secret(name) && value.len() >= SHORTEST);
    let planted = PLANTED.iter().map(|(_, value)| (*value).to_owned());
    planted.chain(given.map(|(_, value)| value.clone())).collect()
}

/// The files below a folder that afterpush writes and that hold one of these secrets.
pub fn leaks(folder: &Path, secrets: &[String]) -> Vec<String> {
    let mut found = Vec::new();
    search(folder, false, &mut |path, content| {
        let held = secrets.iter().filter(|secret| holds(content, secret));
        found.extend(held.map(|secret| format!("{} holds {secret:?}", path.display())));
    });
    found
}

/// Processes with one of these secrets in their arguments, and monitors and programs started by afterpush with one in
/// their environment; where a folder is named, of those alone that name it in their arguments.
pub fn processes_that_show(secrets: &[String], folder: Option<&Path>) -> Vec<String> {
    let entries = fs::read_dir("/proc").expect("processes are found through /proc").flatten();
    let pids = entries.filter_map(|entry| entry.file_name().to_str()?.parse::<i32>().ok());
    let shown = pids.filter_map(|pid| {
        // The arguments first: a fork that is about to become another program has those of its parent.
        let mut shown = arguments(pid);
        if folder.is_some_and(|folder| !holds(&shown, &folder.to_string_lossy())) {
            return None;
        }
        if gets_no_secret(pid, &shown) {
            shown.extend(fs::read(format!("/proc/{pid}/environ")).unwrap_or_default());
        }
        secrets.iter().any(|secret| holds(&shown, secret)).then_some(shown)
    });
    shown.map(|shown| String::from_utf8_lossy(&shown).replace('\0', " ")).collect()
}

/// A monitor, or a program that afterpush has started, but no login shell: that is asked for what it sets.
fn gets_no_secret(pid: i32, own: &[u8]) -> bool {
    if is_afterpush(own) {
        return holds(own, "daemon\0--state");
    }
    stat(pid).is_some_and(|stat| is_afterpush(&arguments(stat.parent))) && !holds(own, "printf")
}

fn is_afterpush(arguments: &[u8]) -> bool {
    let program = arguments.split(|&byte| byte == 0).next().unwrap_or_default();
    program.rsplit(|&byte| byte == b'/').next() == Some(b"afterpush")
}

fn arguments(pid: i32) -> Vec<u8> {
    fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default()
}

/// The secret is in these bytes.
pub fn holds(bytes: &[u8], secret: &str) -> bool {
    bytes.windows(secret.len()).any(|part| part == secret.as_bytes())
}

/// Visits every file of ours: in a folder called `afterpush`, or by the name of a mirror's file.
fn search(folder: &Path, is_ours: bool, visit: &mut impl FnMut(&Path, &[u8])) {
    // What goes while it is looked at, or is closed to the user of the tests, holds nothing for anybody.
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        let (path, name) = (entry.path(), entry.file_name());
        let is_mirror = name.as_encoded_bytes().starts_with(b".deployment-");
        match entry.file_type() {
            Ok(kind) if kind.is_dir() => search(&path, is_ours || name == "afterpush", visit),
            Ok(kind) if kind.is_file() && (is_ours || is_mirror) => {
                let content = fs::read(&path).unwrap_or_default();
                visit(&path, &content);
            }
            _ => {}
        }
    }
}
