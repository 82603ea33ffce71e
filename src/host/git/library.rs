//! Questions to libgit2.
//!
//! An error other than "not found" means: cannot say, ask the program.

use git2::{Commit, Error, Oid, Repository};

use crate::base::text;
use crate::push::{self, Sha};
use crate::watch::Relation;

/// A repository libgit2 can read.
pub(super) struct Library {
    repository: Repository,
}

impl Library {
    pub(super) fn new(repository: Repository) -> Self {
        Self { repository }
    }

    /// `None`: not found, or a way to name it that is left to git (dates, reflog selectors, text search).
    pub(super) fn resolve(&self, rev: &str) -> Option<Sha> {
        let is_plain = rev.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"._/-~^".contains(&byte));
        let object = self.repository.revparse_single(is_plain.then_some(rev)?).ok()?;
        sha(object.peel_to_commit().ok()?.id()).ok()
    }

    pub(super) fn subject(&self, commit: &Sha) -> Result<Option<String>, Error> {
        let commit = self.commit(commit)?;
        if commit.message_encoding()?.is_some_and(|encoding| !encoding.eq_ignore_ascii_case("utf-8")) {
            return Err(Error::from_str("git converts the message"));
        }
        Ok(Some(commit.summary_bytes().map(text::visible_bytes).unwrap_or_default()))
    }

    pub(super) fn relation(&self, ours: &Sha, other: &str) -> Result<Option<Relation>, Error> {
        let ours = self.commit(ours)?.id();
        let other = match other.parse::<Sha>() {
            Ok(whole) => self.commit(&whole)?.id(),
            Err(_) => self.repository.find_commit_by_prefix(other)?.id(),
        };
        Ok(Some(if self.repository.graph_descendant_of(other, ours)? {
            Relation::Contains
        } else if self.repository.graph_descendant_of(ours, other)? {
            Relation::Older
        } else {
            Relation::Apart
        }))
    }

    pub(super) fn count(&self, old: &Sha, new: &Sha) -> Result<Option<u32>, Error> {
        let (old, new) = (self.commit(old)?.id(), self.commit(new)?.id());
        let (ahead, _) = self.repository.graph_ahead_behind(new, old)?;
        Ok(u32::try_from(ahead).ok())
    }

    pub(super) fn merge_base(&self, one: &Sha, other: &Sha) -> Result<Option<Sha>, Error> {
        let (one, other) = (self.commit(one)?.id(), self.commit(other)?.id());
        sha(self.repository.merge_base(one, other)?).map(Some)
    }

    pub(super) fn touched(&self, old: &Sha, new: &Sha) -> Result<Option<Vec<String>>, Error> {
        let (old, new) = (self.commit(old)?.tree()?, self.commit(new)?.tree()?);
        let diff = self.repository.diff_tree_to_tree(Some(&old), Some(&new), None)?;
        let file = |delta: git2::DiffDelta<'_>| delta.new_file().path_bytes().map(text::visible_bytes);
        Ok(Some(diff.deltas().filter_map(file).collect()))
    }

    pub(super) fn read_ref(&self, name: &str) -> Result<Option<Sha>, Error> {
        sha(self.repository.refname_to_id(name)?).map(Some)
    }

    pub(super) fn symbolic_ref(&self, name: &str) -> Result<Option<String>, Error> {
        let reference = self.repository.find_reference(name)?;
        Ok(reference.symbolic_target_bytes().map(|target| String::from_utf8_lossy(target).into_owned()))
    }

    pub(super) fn config(&self, key: &str) -> Result<Option<String>, Error> {
        let config = self.repository.config()?;
        let entry = config.get_entry(key)?;
        Ok(Some(value_of(&entry)))
    }

    pub(super) fn config_all(&self, key: &str) -> Result<Vec<String>, Error> {
        let config = self.repository.config()?;
        let mut values = Vec::new();
        config.multivar(key, None)?.for_each(|entry| values.push(value_of(entry)))?;
        Ok(values)
    }

    pub(super) fn remotes(&self) -> Result<Vec<(String, String)>, Error> {
        let mut remotes = Vec::new();
        for name in self.repository.remotes()?.iter_bytes() {
            let name = String::from_utf8_lossy(name).into_owned();
            let url = String::from_utf8_lossy(self.repository.find_remote(&name)?.url_bytes()).into_owned();
            remotes.push((name, push::without_userinfo(&url)));
        }
        Ok(remotes)
    }

    fn commit(&self, commit: &Sha) -> Result<Commit<'_>, Error> {
        self.repository.find_commit(Oid::from_str(commit.as_str())?)
    }
}

fn value_of(entry: &git2::ConfigEntry<'_>) -> String {
    if entry.has_value() { String::from_utf8_lossy(entry.value_bytes()).into_owned() } else { String::new() }
}

fn sha(oid: Oid) -> Result<Sha, Error> {
    oid.to_string().parse().map_err(|_| Error::from_str("a null id"))
}
