//! `.github/workflows`: which of the workflows deploys on a push.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::Value;

use super::NAME;
use crate::provider::{Certainty, RepoFacts, Suggestion};

/// Where they lie.
const FOLDER: &str = ".github/workflows/";
/// Where the code has to be for its workflows to run.
const HOST: &str = "github.com";

#[derive(Deserialize)]
struct Workflow {
    name: Option<String>,
    on: Value,
    jobs: BTreeMap<String, Job>,
}

#[derive(Deserialize)]
struct Job {
    name: Option<String>,
    environment: Option<Value>,
    uses: Option<String>,
    #[serde(default)]
    steps: Vec<Step>,
}

#[derive(Deserialize)]
struct Step {
    name: Option<String>,
    uses: Option<String>,
}

/// One target for each workflow that deploys on a push, if a remote is at GitHub; certain only if there is just one.
pub(super) fn suggestions(facts: &RepoFacts) -> Vec<Suggestion> {
    let Some(app) = facts.remotes.iter().find_map(|(_, url)| repository(url)) else { return Vec::new() };
    let named = facts.files.iter().filter_map(|(path, text)| Some((path.strip_prefix(FOLDER)?, path, text)));
    let mut found: Vec<Suggestion> = named
        .filter_map(|(file, path, text)| {
            let workflow: Workflow = serde_saphyr::from_str(text).ok()?;
            workflow.deploys(file).then(|| suggestion(&app, file, path, workflow.branches()))
        })
        .collect();
    if let [only] = found.as_mut_slice() {
        only.certainty = Certainty::SureIfAlone;
    }
    found
}

fn suggestion(app: &str, file: &str, path: &str, branches: Vec<String>) -> Suggestion {
    let name = file.trim_end_matches(".yaml").trim_end_matches(".yml");
    Suggestion {
        provider: NAME,
        target: name.to_owned(),
        app: Some(app.to_owned()),
        workflow: Some(file.to_owned()),
        command: Vec::new(),
        branches,
        found_in: path.to_owned(),
        certainty: Certainty::Unsure,
    }
}

/// `owner/name` of a remote at GitHub, in any of git's forms.
fn repository(url: &str) -> Option<String> {
    let (before, rest) = url.split_once(HOST)?;
    let is_host = before.is_empty() || before.ends_with(['@', '/']);
    let path = rest.strip_prefix([':', '/']).filter(|_| is_host)?;
    let path = path.strip_prefix("22/").or_else(|| path.strip_prefix("443/")).unwrap_or(path);
    let path = path.trim_end_matches('/').trim_end_matches(".git");
    super::place::is_repository(path).then(|| path.to_owned())
}

/// A workflow that releases or publishes may do anything; one that deploys says so.
fn speaks_of_deploying(name: &str) -> bool {
    name.to_ascii_lowercase().contains("deploy")
}

impl Workflow {
    fn deploys(&self, file: &str) -> bool {
        self.runs_on_push()
            && (speaks_of_deploying(file)
                || self.name.as_deref().is_some_and(speaks_of_deploying)
                || self.jobs.iter().any(|(id, job)| speaks_of_deploying(id) || job.deploys()))
    }

    fn push(&self) -> Option<&Value> {
        self.on.get("push")
    }

    /// A push of a branch, not only of tags, is among its triggers.
    fn runs_on_push(&self) -> bool {
        match (&self.on, self.push()) {
            (Value::String(event), _) => event == "push",
            (Value::Array(events), _) => events.iter().any(|event| event == "push"),
            (_, Some(push)) => push.get("branches").is_some() || push.get("tags").is_none(),
            _ => false,
        }
    }

    /// The branches it names. Where it excludes some, none can be told.
    fn branches(&self) -> Vec<String> {
        let list = self.push().and_then(|push| push.get("branches")).and_then(Value::as_array);
        let names: Vec<&str> = list.into_iter().flatten().filter_map(Value::as_str).collect();
        let is_plain = names.iter().all(|name| !name.starts_with('!') && !name.contains(char::is_control));
        names.into_iter().filter(|_| is_plain).map(str::to_owned).collect()
    }
}

impl Job {
    fn deploys(&self) -> bool {
        let steps = self.steps.iter().flat_map(|step| [&step.name, &step.uses]);
        let mut names = [&self.name, &self.uses].into_iter().chain(steps).flatten();
        self.environment.is_some() || names.any(|name| speaks_of_deploying(name))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(files: &[(&str, &str)], remote: &str) -> Vec<Suggestion> {
        let files = files.iter().map(|(name, text)| (format!("{FOLDER}{name}"), (*text).to_owned()));
        let remotes = vec![("origin".to_owned(), remote.to_owned())];
        suggestions(&RepoFacts { files: files.collect(), remotes })
    }

    const REMOTE: &str = "git@github.com:acme/shop.git";
    const DEPLOY: &str = "name: Ship it\non:\n  push:\n    branches: [main]\n    paths-ignore: ['**.md']\n  workflow_dispatch:\n\
                          permissions: {contents: read}\njobs:\n  ship:\n    runs-on: ubuntu-latest\n    environment: production\n\
                          \x20   steps:\n      - uses: actions/checkout@v4\n      - run: make ship\n";

    #[test]
    fn the_one_workflow_that_deploys_on_a_push_is_found() {
        let test = "on: [push, pull_request]\njobs: {test: {runs-on: x, steps: [{run: cargo test}]}}\n";
        let tagged = "on: {push: {tags: ['v*']}}\njobs: {deploy: {runs-on: x, steps: []}}\n";
        let released = "on: push\njobs: {release: {runs-on: x, steps: [{name: publish}]}}\n";
        let called = "on: workflow_dispatch\njobs: {deploy: {runs-on: x, steps: []}}\n";
        let one = found(
            &[
                ("ci.yml", test),
                ("ship.yml", DEPLOY),
                ("tag.yml", tagged),
                ("by-hand.yml", called),
                ("release.yml", released),
            ],
            REMOTE,
        );
        assert_eq!(one.len(), 1, "{one:?}");
        assert_eq!((one[0].app.as_deref(), one[0].workflow.as_deref()), (Some("acme/shop"), Some("ship.yml")));
        assert_eq!((one[0].branches.as_slice(), one[0].certainty), (&["main".to_owned()][..], Certainty::SureIfAlone));
    }

    #[test]
    fn several_are_uncertain_and_elsewhere_there_are_none() {
        let two = found(&[("a.yml", DEPLOY), ("b.yml", DEPLOY)], REMOTE);
        assert!(two.len() == 2 && two.iter().all(|one| one.certainty == Certainty::Unsure));
        for remote in ["git@gitlab.com:acme/shop.git", "https://github.com.example/acme/shop", "/srv/github.com/x"] {
            assert_eq!(found(&[("a.yml", DEPLOY)], remote), [], "{remote}");
        }
        for (remote, is_there) in
            [("https://github.com/acme/shop", true), ("ssh://git@github.com:22/acme/shop.git/", true), ("", false)]
        {
            assert_eq!(!found(&[("a.yml", DEPLOY)], remote).is_empty(), is_there, "{remote}");
        }
    }

    #[test]
    fn what_is_no_workflow_is_passed_over() {
        for text in ["", "on: push\n", "on: push\njobs: 5\n", "- a\n", "\u{0}", "on: {push: 3}\njobs: {deploy: 3}\n"] {
            assert_eq!(found(&[("deploy.yml", text)], REMOTE), [], "{text}");
        }
    }
}
