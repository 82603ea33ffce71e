//! How a target is named to people.

use crate::base::text;
use crate::watch::Target;
use crate::wire::origin;

/// What is asked about a target, in words: its app, its workflow, the host of its URL, its command. A whole URL or
/// command may hold what is nobody's business.
pub fn subject(target: &Target) -> String {
    let app = &target.app;
    if let Some(program) = target.particulars.command.first() {
        return format!("command {}", text::visible(program));
    }
    match (&target.particulars.workflow, &target.environment) {
        _ if app.is_empty() => origin(&target.base_url).map_or_else(|| "URL".to_owned(), |origin| origin.host),
        (Some(workflow), _) => format!("workflow {workflow} of {app}"),
        (None, Some(environment)) => format!("environment {environment} of {app}"),
        (None, None) => format!("app {app}"),
    }
}
