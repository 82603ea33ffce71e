//! The stand-in's state in the provider's words. As with the real one, what is empty or 0 is not sent.

use serde_json::{Map, Value, json};

use super::app::{App, Deployment};
use super::recipe::{STEPS, Stage};
use crate::base::Timestamp;

pub(super) fn app(app: &App) -> Value {
    let mut out = Map::new();
    out.insert("id".into(), json!(app.id));
    out.insert("spec".into(), json!({"name": app.name, "services": [{"name": "web", "github": source(app)}]}));
    out.insert("live_url".into(), json!(format!("https://{}.example.com", app.name)));
    if let Some(active) = app.active() {
        out.insert("active_deployment".into(), deployment(app, active));
        if app.pinned {
            out.insert("pinned_deployment".into(), deployment(app, active));
        }
    }
    Value::Object(out)
}

pub(super) fn deployment(app: &App, deployment: &Deployment) -> Value {
    let mut out = Map::new();
    let made = &deployment.made;
    out.insert("id".into(), json!(deployment.id));
    out.insert("phase".into(), json!(deployment.stage.phase()));
    out.insert("created_at".into(), json!(time(deployment.created_at)));
    out.insert("updated_at".into(), json!(time(deployment.updated_at)));
    out.insert("progress".into(), progress(deployment));
    let short: String = made.sha.chars().take(7).collect();
    out.insert("cause".into(), json!(format!("commit {short} pushed to github/{}", app.repo)));
    out.insert("cause_details".into(), json!({"type": made.cause}));
    // Before the source is resolved only the cause names the commit.
    if deployment.stage != Stage::PendingBuild {
        out.insert("services".into(), json!([{"name": "web", "source_commit_hash": made.sha}]));
        if made.cause == "DEPLOY_ON_PUSH" {
            out["cause_details"]["git_push"] = json!({"github": source(app), "commit_sha": made.sha});
        }
    }
    Value::Object(out)
}

/// One page of a list, newest first, with the links to the others.
pub(super) fn page(name: &str, all: &[Value], page: usize, per_page: usize, url: &str) -> Value {
    let per_page = per_page.clamp(1, 200);
    let start = page.saturating_sub(1).saturating_mul(per_page).min(all.len());
    let end = start.saturating_add(per_page).min(all.len());
    let pages = if end < all.len() {
        json!({"next": format!("{url}?page={}&per_page={per_page}", page + 1)})
    } else {
        json!({})
    };
    let mut out = Map::new();
    if start < end {
        out.insert(name.into(), json!(all[start..end]));
    }
    out.insert("links".into(), json!({"pages": pages}));
    out.insert("meta".into(), json!({"total": all.len()}));
    Value::Object(out)
}

pub(super) fn time(at: Timestamp) -> String {
    at.whole_seconds().to_string()
}

fn source(app: &App) -> Value {
    let mut source = json!({"repo": app.repo, "branch": app.branch});
    if app.on_push {
        source["deploy_on_push"] = json!(true);
    }
    source
}

fn progress(deployment: &Deployment) -> Value {
    let done = deployment.steps_done;
    let mut out = Map::new();
    if done > 0 {
        out.insert("success_steps".into(), json!(done));
    }
    if done < STEPS {
        out.insert("pending_steps".into(), json!(STEPS - done));
    }
    out.insert("total_steps".into(), json!(STEPS));
    out.insert("steps".into(), steps(&deployment.stage));
    Value::Object(out)
}

fn steps(stage: &Stage) -> Value {
    let step = |name: &str, status: &str, inner: Value| json!({"name": name, "status": status, "steps": inner});
    let inner = |status: &str, words: &str| json!([{"name": "web", "status": status, "component_name": "web", "message_base": words}]);
    let (building, rolling) = ("Building service", "Deploying service");
    match stage {
        Stage::Building => json!([step("build", "RUNNING", inner("RUNNING", building))]),
        Stage::Deploying => {
            json!([{"name": "build", "status": "SUCCESS"}, step("deploy", "RUNNING", inner("RUNNING", rolling))])
        }
        Stage::BuildError => {
            let mut failed = inner("ERROR", building);
            failed[0]["reason"] =
                json!({"code": "BuildJobExitNonZero", "message": "the build ended with exit status 1"});
            json!([step("build", "ERROR", failed)])
        }
        Stage::DeployError => {
            let mut failed = inner("ERROR", rolling);
            failed[0]["reason"] =
                json!({"code": "DeployContainerHealthChecksFailed", "message": "web does not answer its health check"});
            json!([{"name": "build", "status": "SUCCESS"}, step("deploy", "ERROR", failed)])
        }
        _ => json!([]),
    }
}
