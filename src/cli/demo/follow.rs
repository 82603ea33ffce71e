//! Tells the stand-in of each commit that reaches a bare repository, as a provider's own hook would.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

use super::{Failure, cannot};
use crate::base::text;
use crate::host::git::Repo;
use crate::push::{RefName, Sha};
use crate::standin::{Recipe, World};

/// How often the branch is looked at.
const EVERY: Duration = Duration::from_millis(100);

/// Follows a branch until it goes.
pub struct Follower {
    end: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

/// What is followed, and who is told.
struct Task {
    repo: Repo,
    name: RefName,
    app: String,
    world: World,
}

impl Follower {
    /// Follows a branch; what is there already is not news.
    pub fn start(remote: &Path, branch: &str, app: &str, world: &World) -> Result<Self, Failure> {
        let repo = open(remote)?;
        let task = Task { repo, name: RefName::of_branch(branch), app: app.to_owned(), world: world.clone() };
        let end = Arc::new(AtomicBool::new(false));
        let ended = Arc::clone(&end);
        let thread = std::thread::Builder::new().name("follower".to_owned());
        let thread = thread.spawn(move || task.follow(&ended)).map_err(|error| cannot("follow the remote", error))?;
        Ok(Self { end, thread: Some(thread) })
    }
}

/// Opens a bare repository.
pub fn open(remote: &Path) -> Result<Repo, Failure> {
    Repo::open_common(remote).map_err(|error| {
        let shown = text::visible(&remote.to_string_lossy());
        Failure::usage("not_a_repository", format!("{shown} is not a bare repository")).because(error)
    })
}

impl Drop for Follower {
    fn drop(&mut self) {
        self.end.store(true, Ordering::Relaxed);
        if let Some(thread) = self.thread.take() {
            // A panic there was told by the panic hook.
            let _ = thread.join();
        }
    }
}

impl Task {
    fn follow(&self, ended: &AtomicBool) {
        let mut known = self.repo.read_ref(self.name.as_str());
        while !ended.load(Ordering::Relaxed) {
            let tip = self.repo.read_ref(self.name.as_str());
            if let Some(tip) = tip.as_ref().filter(|&tip| known.as_ref() != Some(tip)) {
                self.tell(tip);
            }
            known = tip;
            std::thread::sleep(EVERY);
        }
    }

    fn tell(&self, tip: &Sha) {
        let subject = self.repo.subject(tip).unwrap_or_default();
        if let Err(why) = self.world.push(&self.app, tip.as_str(), recipe(&subject)) {
            tracing::warn!(%why, "the stand-in was told of a commit in vain");
        }
    }
}

/// What becomes of a commit is for its message to say.
fn recipe(subject: &str) -> Recipe {
    let log = ["web > npm run build", "web shop.js:12: hats must be worn on heads", "web npm ERR! exit status 1"];
    if subject.contains("[fail deploy]") {
        Recipe::failing_deploy(&["web listening on port 3000", "web connection refused on port 8080"])
    } else if subject.contains("[fail]") {
        Recipe::failing_build(&log)
    } else if subject.contains("[nothing]") {
        Recipe::nothing()
    } else {
        Recipe::live()
    }
}
