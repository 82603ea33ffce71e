//! doctl's configuration file, which holds its tokens: `access-token` is the one of the context `default`, those of
//! the others are in `auth-contexts`.

use std::collections::BTreeMap;

use serde::Deserialize;

use crate::provider::ToolFile;

/// Below `~/.config`.
pub(super) const FILE: ToolFile =
    ToolFile { tool: "doctl", path: "doctl/config.yaml", read, context_variable: Some("DIGITALOCEAN_CONTEXT") };

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case")]
struct Config {
    access_token: Option<String>,
    context: Option<String>,
    #[serde(default)]
    auth_contexts: BTreeMap<String, String>,
}

fn read(text: &str, context: Option<&str>) -> Option<String> {
    let config: Config = serde_saphyr::from_str(text).ok()?;
    let context = context.or(config.context.as_deref()).unwrap_or("default");
    let token = if context == "default" { config.access_token } else { config.auth_contexts.get(context).cloned() };
    token.filter(|token| !token.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "access-token: dop_v1_first\ncontext: default\noutput: text\ncompute:\n  ssh: {port: 22}\n\
                        auth-contexts:\n  work: dop_v1_second\n";

    #[test]
    fn the_token_of_the_chosen_context_is_found() {
        assert_eq!(read(TEXT, None).as_deref(), Some("dop_v1_first"));
        assert_eq!(read(TEXT, Some("work")).as_deref(), Some("dop_v1_second"));
        assert_eq!(read(TEXT, Some("other")), None);
        let work = TEXT.replace("context: default", "context: work");
        assert_eq!(read(&work, None).as_deref(), Some("dop_v1_second"));
        for odd in ["", "access-token: \"\"\n", "- a\n", "\t", "access-token: {a: b}\n"] {
            assert_eq!(read(odd, None), None, "{odd}");
        }
    }
}
