//! The work of the hook: the request is written, and somebody is there to read it.
//!
//! Runs in the copy of the process that git does not wait for beyond its limit; what is written to `told` is shown
//! to the user if it comes in time.

use std::io::{PipeWriter, Write};
use std::path::PathBuf;
use std::time::SystemTime;

use afterpush::base::{Layout, Span, Timestamp, text};
use afterpush::process;
use afterpush::push::{Asked, IgnoreNote, PushNote, RefName, RefUpdate, RemoteName, Request, without_userinfo};
use afterpush::spool;

use crate::git_config::GitConfig;
use crate::repository::{Named, Repository};
use crate::{pusher, refs};

/// What the hook was told.
pub struct Notice {
    /// What is to be watched.
    pub wanted: Wanted,
    /// The process that called the hook.
    pub caller: i32,
    /// Where nothing is configured, nothing is done.
    pub if_configured: bool,
    /// `AFTERPUSH=0`: the push is not to be watched, also not when it is found later.
    pub is_ignored: bool,
}

/// What is to be watched.
pub enum Wanted {
    /// The refs git is about to push.
    Push {
        /// The remote's name, or its URL.
        remote: RemoteName,
        /// Where it goes.
        url: String,
        /// The refs that get a commit.
        refs: Vec<RefUpdate>,
        /// git told of more.
        is_cut: bool,
    },
    /// `HEAD`, which was pushed.
    Head {
        /// The remote; the default is the branch's.
        remote: Option<RemoteName>,
        /// The branch on the remote; the default is the checked-out one.
        branch: Option<String>,
    },
}

/// The longest request that is written; the inbox takes a little more.
const LONGEST: usize = 60_000;
/// How many refs the user is told of one by one.
const SHOWN: usize = 3;

/// Leaves the request, and says what came of it.
pub fn leave(notice: Notice, told: &mut PipeWriter) {
    let is_ignored = notice.is_ignored;
    if let Err(why) = try_to_leave(notice, told)
        && !is_ignored
    {
        tell(told, &format!("this push is not noted: {why}; once it has landed, run `afterpush track`"));
    }
}

fn try_to_leave(notice: Notice, told: &mut PipeWriter) -> Result<(), String> {
    let folder = std::env::current_dir().map_err(|err| format!("the current folder: {err}"))?;
    let repository = Repository::find(&folder, &Named::by_environment())?;
    let layout = Layout::new(&repository.common_dir, nix::unistd::geteuid().as_raw());
    let environment = process::own_environment();
    if notice.if_configured && !is_configured(&repository, &layout, &environment) {
        return Ok(());
    }
    process::refuse_guest_root(&layout).map_err(|why| why.to_string())?;
    let request = request(notice, repository)?;
    spool::drop_request(&layout, &request).map_err(|err| format!("{}: {err}", layout.inbox().display()))?;
    if let Asked::Push(push) = &request.asked {
        tell(told, &noted(push));
        for moved in push.refs.iter().filter(|update| update.moved) {
            let name = shown(&push.remote, &moved.name);
            let rest = "has moved since the last fetch; if git rejects this push: git pull --rebase";
            tell(told, &format!("{name} {rest}"));
        }
        summon(&layout, &environment, told);
    }
    Ok(())
}

fn is_configured(repository: &Repository, layout: &Layout, environment: &[(String, String)]) -> bool {
    let value = |name| process::value(environment, name).map(PathBuf::from);
    let user = value("XDG_CONFIG_HOME").or_else(|| Some(value("HOME")?.join(".config")));
    let files = [
        Some(layout.config()),
        repository.worktree.as_ref().map(|worktree| worktree.join(".afterpush.toml")),
        user.map(|folder| folder.join("afterpush/config.toml")),
        value("AFTERPUSH_CONFIG"),
    ];
    files.into_iter().flatten().any(|file| file.exists())
}

fn request(notice: Notice, repository: Repository) -> Result<Request, String> {
    let push = match notice.wanted {
        Wanted::Push { remote, url, refs, is_cut } => {
            let refs = with_moved(&repository, &remote, refs);
            let git = pusher::find(notice.caller);
            PushNote { remote, url, refs, git, worktree: repository.worktree, cut: is_cut }
        }
        Wanted::Head { remote, branch } => head(repository, remote, branch)?,
    };
    let asked = if notice.is_ignored {
        Asked::Ignore(IgnoreNote { remote: push.remote, refs: push.refs })
    } else {
        Asked::Push(push)
    };
    let since_epoch = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    let at = Timestamp::from_micros(0) + Span::from_std(since_epoch);
    Ok(fitting(Request::new(uuid::Uuid::now_v7(), at, asked)))
}

/// Marks the refs that the remote has elsewhere than this clone last saw them.
fn with_moved(repository: &Repository, remote: &RemoteName, mut updates: Vec<RefUpdate>) -> Vec<RefUpdate> {
    let config = GitConfig::of(repository);
    for update in &mut updates {
        let Some(old) = &update.old else { continue };
        let tracking = config.tracking_ref(remote.as_str(), update.name.as_str());
        let seen = tracking.and_then(|name| refs::read(repository, &name));
        update.moved = seen.is_some_and(|seen| seen != *old);
    }
    updates
}

/// The push a `post-push` tells of.
fn head(repository: Repository, remote: Option<RemoteName>, branch: Option<String>) -> Result<PushNote, String> {
    let (checked_out, sha) = refs::head(&repository).ok_or("HEAD cannot be read without git")?;
    let config = GitConfig::of(&repository);
    let default = || {
        let of_branch = config.values("branch", checked_out.as_deref()?, "remote").last();
        of_branch.map(RemoteName::new)
    };
    let remote = remote.or_else(default).unwrap_or_else(|| RemoteName::new("origin"));
    let branch = branch.or_else(|| checked_out.clone());
    let branch = branch.ok_or("no branch is checked out; name one: `afterpush-hook post-push REMOTE BRANCH`")?;
    let url = config.values("remote", remote.as_str(), "url").last().map(without_userinfo).unwrap_or_default();
    let update = RefUpdate { name: RefName::of_branch(&branch), old: None, new: sha, moved: false };
    Ok(PushNote { remote, url, refs: vec![update], git: None, worktree: repository.worktree, cut: false })
}

/// Leaves out refs until the request fits; the reflog has them.
fn fitting(mut request: Request) -> Request {
    while serde_json::to_vec(&request).is_ok_and(|text| text.len() > LONGEST) {
        match &mut request.asked {
            Asked::Push(push) => {
                push.refs.truncate(push.refs.len() / 2);
                push.cut = true;
            }
            Asked::Ignore(ignored) => ignored.refs.truncate(ignored.refs.len() / 2),
            _ => break,
        }
    }
    request
}

fn summon(layout: &Layout, environment: &[(String, String)], told: &mut PipeWriter) {
    if !process::may_summon(environment) {
        if process::value(environment, "AFTERPUSH_SPAWN") != Some("0") {
            tell(told, "on a CI runner nothing watches in the background; run `afterpush wait`");
        }
        return;
    }
    if let Err(why) = process::become_monitor(layout, environment, told) {
        tell(told, &format!("no monitor could be started: {why}; `afterpush status` tries again"));
    }
}

/// One line about what was noted.
fn noted(push: &PushNote) -> String {
    let refs =
        push.refs.iter().map(|update| format!("{} -> {}", update.new.short(), shown(&push.remote, &update.name)));
    let refs = match push.refs.len() {
        0 => format!("a push to {}", push.remote),
        1..=SHOWN => refs.collect::<Vec<_>>().join(", "),
        all => format!("{} and {} more", refs.take(SHOWN).collect::<Vec<_>>().join(", "), all - SHOWN),
    };
    let is_dry = push.git.as_ref().is_some_and(|git| git.dry_run);
    format!("noted {refs}{}", if is_dry { " (dry run)" } else { "" })
}

fn shown(remote: &RemoteName, name: &RefName) -> String {
    match name.branch() {
        Some(branch) => format!("{remote}/{branch}"),
        None => format!("{remote} {name}"),
    }
}

fn tell(told: &mut PipeWriter, line: &str) {
    // Nobody listens any more when the limit has passed.
    let _ = told.write_all(format!("afterpush: {}\n", text::visible(&text::without_number(line))).as_bytes());
}
