//! The same questions put to the git program.

use std::path::{Path, PathBuf};

use super::GitError;
use super::program::{Answer, Call};
use crate::base::{Timestamp, text};
use crate::push::{self, Sha, reflog::Entry};
use crate::watch::Relation;

/// A repository git is asked about.
pub(super) struct Plumbing {
    git_dir: PathBuf,
}

impl Plumbing {
    pub(super) fn new(git_dir: &Path) -> Self {
        Self { git_dir: git_dir.to_path_buf() }
    }

    pub(super) fn resolve(&self, rev: &str) -> Result<Sha, GitError> {
        // `:/text` takes everything after it for text, and finds commits only.
        let peeled = if rev.starts_with(":/") { rev.to_owned() } else { format!("{rev}^{{commit}}") };
        let answer = self.call(["rev-parse", "--verify", "--end-of-options", &peeled])?;
        if let Some(sha) = sha_in(&answer) {
            return Ok(sha);
        }
        let shown = text::visible(rev);
        Err(if answer.said("is ambiguous") {
            GitError::AmbiguousRevision(shown)
        } else if matches!(rev, "HEAD" | "@") && self.symbolic_ref("HEAD").is_some() {
            GitError::NoCommitYet
        } else {
            GitError::UnknownRevision(shown)
        })
    }

    pub(super) fn subject(&self, commit: &Sha) -> Option<String> {
        let format = ["log", "-1", "--no-show-signature", "--encoding=UTF-8", "--format=%s", commit.as_str(), "--"];
        let answer = self.call(format).ok().filter(|answer| answer.status.success())?;
        let line = answer.stdout.split(|&byte| byte == b'\n').next().unwrap_or_default();
        Some(text::visible_bytes(line))
    }

    pub(super) fn relation(&self, ours: &Sha, other: &str) -> Option<Relation> {
        let commit = format!("{other}^{{commit}}");
        let answer = self.call(["rev-parse", "--verify", "--quiet", "--end-of-options", &commit]).ok()?;
        let whole = sha_in(&answer).filter(|whole| whole.as_str().starts_with(&other.to_ascii_lowercase()))?;
        if self.is_ancestor(ours, &whole)? {
            Some(Relation::Contains)
        } else if self.is_ancestor(&whole, ours)? {
            Some(Relation::Older)
        } else {
            Some(Relation::Apart)
        }
    }

    /// `None`: git cannot tell, a commit is missing.
    fn is_ancestor(&self, older: &Sha, newer: &Sha) -> Option<bool> {
        let answer = self.call(["merge-base", "--is-ancestor", older.as_str(), newer.as_str()]).ok()?;
        match answer.status.code()? {
            0 => Some(true),
            1 => Some(false),
            _ => None,
        }
    }

    pub(super) fn count(&self, old: &Sha, new: &Sha) -> Option<u32> {
        let range = format!("{old}..{new}");
        self.call(["rev-list", "--count", &range, "--"]).ok()?.line()?.parse().ok()
    }

    pub(super) fn merge_base(&self, one: &Sha, other: &Sha) -> Option<Sha> {
        sha_in(&self.call(["merge-base", one.as_str(), other.as_str()]).ok()?)
    }

    pub(super) fn touched(&self, old: &Sha, new: &Sha) -> Option<Vec<String>> {
        let question =
            ["diff-tree", "-r", "-z", "--name-only", "--no-renames", "--no-ext-diff", old.as_str(), new.as_str(), "--"];
        let answer = self.call(question).ok().filter(|answer| answer.status.success())?;
        let files = answer.stdout.split(|&byte| byte == 0).filter(|file| !file.is_empty());
        Some(files.map(text::visible_bytes).collect())
    }

    pub(super) fn read_ref(&self, name: &str) -> Option<Sha> {
        sha_in(&self.call(["show-ref", "--verify", "--hash", "--", name]).ok()?)
    }

    pub(super) fn symbolic_ref(&self, name: &str) -> Option<String> {
        self.call(["symbolic-ref", "--quiet", name]).ok()?.line()
    }

    pub(super) fn config(&self, key: &str) -> Option<String> {
        self.config_all(key).pop()
    }

    pub(super) fn config_all(&self, key: &str) -> Vec<String> {
        let call = Call::git().git_dir(&self.git_dir).args(["config", "-z", "--get-all", key]);
        let Some(answer) = call.run().ok().filter(|answer| answer.status.success()) else { return Vec::new() };
        let text = String::from_utf8_lossy(&answer.stdout);
        text.split_terminator('\0').map(str::to_owned).collect()
    }

    pub(super) fn config_with_scope(&self, key: &str) -> Option<(String, String)> {
        let call = Call::git().git_dir(&self.git_dir).args(["config", "-z", "--show-scope", "--get-all", key]);
        let answer = call.run().ok().filter(|answer| answer.status.success())?;
        let text = String::from_utf8_lossy(&answer.stdout);
        let mut words = text.split_terminator('\0').rev();
        let value = words.next()?.to_owned();
        Some((words.next()?.to_owned(), value))
    }

    pub(super) fn remotes(&self) -> Vec<(String, String)> {
        let Ok(answer) = self.call(["remote", "-v"]) else { return Vec::new() };
        let fetched = answer.lines().filter_map(|line| {
            let (name, rest) = line.split_once('\t')?;
            let (url, _) = rest.rsplit_once(" (fetch)")?;
            Some((name.to_owned(), push::without_userinfo(url)))
        });
        fetched.collect()
    }

    pub(super) fn hooks_dir(&self, directory: &Path) -> Result<PathBuf, GitError> {
        let call = Call::git().git_dir(&self.git_dir).directory(directory);
        let answer = call.args(["rev-parse", "--path-format=absolute", "--git-path", "hooks"]).run()?;
        answer.line().map(PathBuf::from).ok_or_else(|| answer.refusal())
    }

    /// The entries of a log that is not a file. git prints what a ref came to, not what it was at: that is what
    /// the entry before came to.
    pub(super) fn reflog(&self, name: &str, limit: usize) -> Vec<Entry> {
        let count = format!("-n{}", limit.saturating_add(1));
        let format = "--format=%H%x09%gd%x09%gs";
        let question =
            ["log", "-g", &count, "--no-show-signature", "--date=unix", format, "--end-of-options", name, "--"];
        let Some(answer) = self.call(question).ok().filter(|answer| answer.status.success()) else { return Vec::new() };
        let mut entries: Vec<Entry> = answer.lines().filter_map(|line| logged(&line)).collect();
        for at in 1..entries.len() {
            entries[at - 1].old = Some(entries[at].new.clone());
        }
        if entries.len() > limit {
            entries.truncate(limit);
        } else if let Some(first) = entries.len().checked_sub(1) {
            entries[first].old = self.before_all(name, entries.len());
        }
        entries
    }

    /// What a ref was at before the oldest entry of its log.
    fn before_all(&self, name: &str, entries: usize) -> Option<Sha> {
        let selector = format!("{name}@{{{entries}}}");
        sha_in(&self.call(["rev-parse", "--verify", "--quiet", "--end-of-options", &selector]).ok()?)
    }

    fn call<'a>(&self, args: impl IntoIterator<Item = &'a str>) -> Result<Answer, GitError> {
        Call::git().quietly().git_dir(&self.git_dir).args(args).run()
    }
}

fn sha_in(answer: &Answer) -> Option<Sha> {
    answer.line()?.parse().ok()
}

fn logged(line: &str) -> Option<Entry> {
    let mut columns = line.splitn(3, '\t');
    let new = columns.next()?.parse().ok()?;
    let (_, seconds) = columns.next()?.rsplit_once("@{")?;
    let at = Timestamp::from_secs(seconds.trim_end_matches('}').parse().ok()?);
    Some(Entry { old: None, new, at, message: columns.next()?.to_owned() })
}
