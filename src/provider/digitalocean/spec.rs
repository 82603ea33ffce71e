//! `.do/app.yaml`: the app spec in a repository. A hint only: what counts on a push is the spec the app was given.

use serde::Deserialize;

use super::NAME;
use crate::provider::{Certainty, RepoFacts, Suggestion};

/// Where doctl and the dashboard look for it.
const PATHS: [&str; 2] = [".do/app.yaml", ".do/app.yml"];

#[derive(Deserialize)]
struct Spec {
    name: String,
    #[serde(default)]
    services: Vec<Component>,
    #[serde(default)]
    static_sites: Vec<Component>,
    #[serde(default)]
    workers: Vec<Component>,
    #[serde(default)]
    jobs: Vec<Component>,
    #[serde(default)]
    functions: Vec<Component>,
}

#[derive(Deserialize)]
struct Component {
    github: Option<Source>,
    gitlab: Option<Source>,
    bitbucket: Option<Source>,
}

#[derive(Deserialize)]
struct Source {
    branch: Option<String>,
    #[serde(default)]
    deploy_on_push: bool,
}

/// One target for an app spec that has a name.
pub(super) fn suggestions(facts: &RepoFacts) -> Vec<Suggestion> {
    let file = facts.files.iter().find(|(path, _)| PATHS.contains(&path.as_str()));
    file.and_then(|(path, text)| suggestion(path, text)).into_iter().collect()
}

fn suggestion(path: &str, text: &str) -> Option<Suggestion> {
    let spec: Spec = serde_saphyr::from_str(text).ok().filter(|spec: &Spec| is_app_name(&spec.name))?;
    Some(Suggestion {
        provider: NAME,
        target: spec.name.clone(),
        app: Some(spec.name.clone()),
        workflow: None,
        command: Vec::new(),
        branches: spec.branches(),
        found_in: path.to_owned(),
        certainty: Certainty::Sure,
    })
}

/// DigitalOcean's own rule for names.
fn is_app_name(name: &str) -> bool {
    let is_word = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    (2..=32).contains(&name.len())
        && name.chars().all(is_word)
        && name.starts_with(|c: char| c.is_ascii_lowercase())
        && !name.ends_with('-')
}

impl Spec {
    /// The branches whose pushes are deployed.
    fn branches(&self) -> Vec<String> {
        let lists = [&self.services, &self.static_sites, &self.workers, &self.jobs, &self.functions];
        let sources = lists.into_iter().flatten().filter_map(Component::source);
        let mut branches: Vec<String> = Vec::new();
        for branch in sources.filter(|source| source.deploy_on_push).filter_map(|source| source.branch.clone()) {
            if !branches.contains(&branch) && !branch.contains(char::is_control) {
                branches.push(branch);
            }
        }
        branches
    }
}

impl Component {
    fn source(&self) -> Option<&Source> {
        self.github.as_ref().or(self.gitlab.as_ref()).or(self.bitbucket.as_ref())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn recognised(text: &str) -> Vec<Suggestion> {
        suggestions(&RepoFacts { files: vec![(".do/app.yaml".to_owned(), text.to_owned())], remotes: Vec::new() })
    }

    #[test]
    fn an_app_spec_names_the_app_and_its_branches() {
        let found = recognised(
            "name: shop\nregion: ams\nservices:\n- name: web\n  github: {repo: acme/shop, branch: main, deploy_on_push: true}\n  \
             http_port: 8080\nworkers:\n- name: mail\n  github:\n    repo: acme/shop\n    branch: main\n    deploy_on_push: true\n\
             static_sites:\n- name: docs\n  gitlab: {repo: acme/docs, branch: docs}\nalerts:\n- rule: DEPLOYMENT_FAILED\n",
        );
        assert_eq!(found.len(), 1);
        assert_eq!((found[0].app.as_deref(), found[0].branches.as_slice()), (Some("shop"), &["main".to_owned()][..]));
    }

    #[test]
    fn what_is_no_app_spec_is_passed_over() {
        let bomb = format!("a: &a [x,x,x,x,x,x,x,x,x]\n{}name: shop\n", {
            let level = |n: u8| {
                format!(
                    "{0}: &{0} [{1}]\n",
                    char::from(b'a' + n),
                    vec![format!("*{}", char::from(b'a' + n - 1)); 9].join(",")
                )
            };
            (1..20).map(level).collect::<String>()
        });
        for text in [
            "",
            "spec: {name: shop}\n",
            "name: [a]\n",
            "name: Shop Of Ours\n",
            "\u{0}",
            "name: shop\nservices: 5\n",
            &bomb,
        ] {
            assert_eq!(recognised(text), [], "{text}");
        }
    }
}
