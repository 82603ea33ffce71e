//! `config/deploy.yml`: the file of Kamal, which has no API but a command that tells what runs.

use serde::Deserialize;

use super::NAME;
use crate::provider::{Certainty, RepoFacts, Suggestion};

/// Where Kamal looks for it.
const FILE: &str = "config/deploy.yml";

#[derive(Deserialize)]
struct Deploy {
    service: String,
    #[expect(dead_code, reason = "a file without an image is another tool's")]
    image: String,
}

/// A command for a repository that is deployed with Kamal. A command counts only with the user's word, so it is
/// never certain.
pub(super) fn suggestions(facts: &RepoFacts) -> Vec<Suggestion> {
    let file = facts.files.iter().find(|(path, _)| path == FILE);
    let deploy = file.and_then(|(_, text)| serde_saphyr::from_str::<Deploy>(text).ok());
    let suggestion = |deploy: Deploy| Suggestion {
        provider: NAME,
        target: deploy.service,
        app: None,
        workflow: None,
        command: ["kamal", "app", "version"].map(str::to_owned).into(),
        branches: Vec::new(),
        found_in: FILE.to_owned(),
        certainty: Certainty::Unsure,
    };
    deploy.map(suggestion).into_iter().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_kamals_own_file_is_taken_for_one() {
        let found = |text: &str| {
            suggestions(&RepoFacts { files: vec![(FILE.to_owned(), text.to_owned())], remotes: Vec::new() })
        };
        let kamal = found("service: shop\nimage: acme/shop\nservers:\n  web:\n    - 192.0.2.1\n");
        assert_eq!((kamal.len(), kamal[0].target.as_str(), kamal[0].command[0].as_str()), (1, "shop", "kamal"));
        for text in ["", "service: shop\n", "deploy: {}\n", "- a\n", "\u{0}"] {
            assert_eq!(found(text), [], "{text}");
        }
    }
}
