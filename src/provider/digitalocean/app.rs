//! The app: its id behind a name, and what its object says (live, pinned, which branches deploy).

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::marks;
use super::{json, refusal};
use crate::base::text;
use crate::provider::reading::names;
use crate::provider::replay::Replay;
use crate::provider::{Heard, Want};
use crate::watch::{CommitMark, Live, Memo, Misheard, Target, Trigger};
use crate::wire::Ask;

/// Pages of apps that are searched for a name; 200 apps a page.
const PAGES: u32 = 10;

/// The lists of an app spec whose elements are deployed from a source.
pub(super) const COMPONENTS: [&str; 5] = ["services", "static_sites", "workers", "jobs", "functions"];

/// The places a source can be at, as the spec's keys, and their hosts.
const HOSTS: [(&str, &str); 3] = [("github", "github.com"), ("gitlab", "gitlab.com"), ("bitbucket", "bitbucket.org")];

/// What an app object said. Kept in the memo between looks.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct App {
    pub(super) id: String,
    pub(super) live_deployment: Option<String>,
    pub(super) live_commits: Vec<CommitMark>,
    pub(super) pinned_to: Option<String>,
    pub(super) sources: Vec<Source>,
    pub(super) images_only: bool,
}

/// Where a component comes from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Source {
    host: Option<String>,
    repo: String,
    branch: String,
    on_push: bool,
}

/// How a conversation about an app begins.
enum Beginning {
    Known(Box<App>),
    ById(String),
    ByName,
}

/// The app, from the memo or the answers.
pub(super) fn hear(target: &Target, want: &Want, replay: &mut Replay) -> Result<Heard<App>, Misheard> {
    match beginning(target, want) {
        Beginning::Known(app) => Ok(Heard::Seen(*app)),
        Beginning::ById(id) => {
            let Some(answer) = replay.next() else { return Ok(Heard::Ask(by_id(target, &id))) };
            refusal::check(target, answer)?;
            read(json::object(answer)?.get("app").unwrap_or(&Value::Null)).map(Heard::Seen)
        }
        Beginning::ByName => hear_pages(target, replay),
    }
}

/// The app was found by its name at an earlier look.
pub(super) fn is_noted(target: &Target, want: &Want) -> bool {
    noted(want).is_some() && !is_uuid(&target.app)
}

fn noted(want: &Want) -> Option<App> {
    App::deserialize(&want.memo.0).ok().filter(|app| json::is_id(&app.id))
}

fn beginning(target: &Target, want: &Want) -> Beginning {
    match noted(want) {
        Some(app) if !want.afresh => Beginning::Known(Box::new(app)),
        Some(app) => Beginning::ById(app.id),
        None if is_uuid(&target.app) => Beginning::ById(target.app.clone()),
        None => Beginning::ByName,
    }
}

fn by_id(target: &Target, id: &str) -> Ask {
    Ask::json(format!("{}/v2/apps/{id}", target.base_url))
}

fn page(target: &Target, page: u32) -> Ask {
    Ask::json(format!("{}/v2/apps?page={page}&per_page=200", target.base_url))
}

fn hear_pages(target: &Target, replay: &mut Replay) -> Result<Heard<App>, Misheard> {
    let mut names = Vec::new();
    for number in 1..=PAGES {
        let Some(answer) = replay.next() else { return Ok(Heard::Ask(page(target, number))) };
        refusal::check(target, answer)?;
        let found = json::object(answer)?;
        for app in json::list(&found, "apps")? {
            let name = app.pointer("/spec/name").and_then(Value::as_str).unwrap_or_default();
            if name == target.app {
                return read(app).map(Heard::Seen);
            }
            names.extend(json::words(app, "/spec/name"));
        }
        if !json::has_next(&found) {
            break;
        }
    }
    Err(Misheard::NotFound(not_found(target, &names)))
}

fn not_found(target: &Target, names: &[String]) -> String {
    let app = text::visible(&target.app);
    if names.is_empty() {
        return format!("DigitalOcean shows no app {app} to this token, nor any other; check the token's team");
    }
    let others = text::cut(&names.join(", "), 200, false);
    format!("DigitalOcean has no app {app}; this token sees {others}; correct `app` in the configuration")
}

fn read(app: &Value) -> Result<App, Misheard> {
    let id =
        json::id(app).ok_or_else(|| Misheard::Garbled("DigitalOcean's answer has no app with an id".to_owned()))?;
    let components =
        || COMPONENTS.iter().flat_map(|list| app.get("spec").into_iter().flat_map(|s| json::each(s, list)));
    let sources: Vec<Source> = components().filter_map(source).collect();
    let images_only = sources.is_empty() && components().any(|component| component.get("image").is_some());
    let active = app.get("active_deployment").unwrap_or(&Value::Null);
    Ok(App {
        id: id.to_owned(),
        live_deployment: json::id(active).map(str::to_owned),
        live_commits: marks::of(active),
        pinned_to: app.get("pinned_deployment").and_then(json::id).map(str::to_owned),
        sources,
        images_only,
    })
}

fn source(component: &Value) -> Option<Source> {
    for (key, host) in HOSTS {
        if let Some(place) = component.get(key).filter(|place| place.is_object()) {
            let on_push = place.get("deploy_on_push").and_then(Value::as_bool).unwrap_or(false);
            let repo = json::words(place, "/repo").unwrap_or_default();
            return Some(Source {
                host: Some(host.to_owned()),
                repo,
                branch: json::branch(place, "/branch")?,
                on_push,
            });
        }
    }
    let git = component.get("git")?;
    let repo = json::words(git, "/repo_clone_url").unwrap_or_default();
    Some(Source { host: None, repo, branch: json::branch(git, "/branch")?, on_push: false })
}

impl App {
    /// The adapter's note for its next look.
    pub(super) fn memo(&self) -> Memo {
        Memo(serde_json::to_value(self).unwrap_or_default())
    }

    /// What served traffic when the app object was made.
    pub(super) fn live(&self) -> Option<Live> {
        let deployment = Some(self.live_deployment.clone()?);
        Some(Live { deployment, commits: self.live_commits.clone() })
    }

    /// The branches that deploy; `None` where the spec names none.
    pub(super) fn triggers(&self) -> Option<Vec<Trigger>> {
        let mut triggers: Vec<Trigger> = Vec::new();
        for source in &self.sources {
            match triggers.iter_mut().find(|trigger| trigger.branch == source.branch) {
                Some(trigger) => trigger.on_push |= source.on_push,
                None => triggers.push(Trigger { branch: source.branch.clone(), on_push: source.on_push }),
            }
        }
        (!triggers.is_empty()).then_some(triggers)
    }

    /// Why no push is deployed at the moment.
    pub(super) fn frozen(&self) -> Option<String> {
        let deployment = self.pinned_to.as_ref()?;
        Some(format!("the app is pinned to deployment {deployment} since a rollback; commit or revert the rollback"))
    }

    /// The branch all sources share.
    pub(super) fn only_branch(&self) -> Option<String> {
        let first = &self.sources.first()?.branch;
        self.sources.iter().all(|source| source.branch == *first).then(|| first.clone())
    }

    /// What is worth telling once.
    pub(super) fn remarks(&self, want: &Want) -> Vec<String> {
        let mut remarks = Vec::new();
        if self.images_only {
            remarks.push("the app is deployed from images, so its deployments name no commit".to_owned());
        }
        remarks.extend(
            self.sources
                .iter()
                .find(|source| source.is_elsewhere(want))
                .map(|source| format!("the app deploys from {}, which is none of this clone's remotes", source.repo)),
        );
        remarks
    }
}

impl Source {
    /// This clone has remotes at the same host, and none of them is this repository.
    fn is_elsewhere(&self, want: &Want) -> bool {
        let Some(host) = &self.host else { return false };
        let mut at_host = want.remotes.iter().filter(|url| url.contains(host.as_str())).peekable();
        !self.repo.is_empty() && at_host.peek().is_some() && !at_host.any(|url| names(url, &self.repo))
    }
}

fn is_uuid(text: &str) -> bool {
    let parts: Vec<usize> = text.split('-').map(str::len).collect();
    parts == [8, 4, 4, 4, 12] && text.bytes().all(|byte| byte.is_ascii_hexdigit() || byte == b'-')
}
