//! What git's credential helpers know. They are only asked: what they hold is theirs to keep and to erase.

use std::path::Path;
use std::time::Duration;

use super::program::Call;

/// A helper may have to ask a server of its own.
const LIMIT: Duration = Duration::from_secs(10);

/// The password (a token, mostly) for this host, which is named with its port where that is not the scheme's own.
///
/// The helpers are those of the user and the machine: a repository's own configuration is not read.
pub fn password(scheme: &str, host: &str) -> Option<String> {
    let call = Call::git().quietly().without_prompts().directory(Path::new("/")).limit(LIMIT);
    let call = call.input(&format!("protocol={scheme}\nhost={host}\n\n")).ok()?;
    let answer = call.args(["credential", "fill"]).run().ok()?;
    let told = |line: String| line.strip_prefix("password=").map(str::to_owned);
    answer.status.success().then(|| answer.lines().find_map(told))?
}
