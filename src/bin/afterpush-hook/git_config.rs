//! A repository's own `config` file, read just well enough to find a remote's refspecs.
//!
//! Includes, continued lines and the other files git reads are left out; whoever asks treats what is not found as
//! not known.

use crate::repository::{Repository, read_text};

/// A longer file is not read.
const LONGEST: u64 = 64 * 1024;

/// The lines of a config file as section, subsection, key and value.
pub struct GitConfig {
    entries: Vec<Entry>,
}

struct Entry {
    section: String,
    subsection: String,
    key: String,
    value: String,
}

impl GitConfig {
    /// Reads the file of this repository; empty if it cannot be read.
    pub fn of(repository: &Repository) -> Self {
        Self::parse(&read_text(&repository.common_dir.join("config"), LONGEST).unwrap_or_default())
    }

    fn parse(text: &str) -> Self {
        let mut entries = Vec::new();
        let (mut section, mut subsection) = (String::new(), String::new());
        for line in text.lines().map(str::trim) {
            if let Some(header) = line.strip_prefix('[').and_then(|line| line.split_once(']')) {
                let (name, rest) = header.0.split_once(' ').unwrap_or((header.0, ""));
                section = name.to_ascii_lowercase();
                subsection = unquoted(rest.trim());
            } else if let Some((key, value)) = line.split_once('=').filter(|_| !line.starts_with(['#', ';'])) {
                let (section, subsection) = (section.clone(), subsection.clone());
                let key = key.trim().to_ascii_lowercase();
                entries.push(Entry { section, subsection, key, value: unquoted(value.trim()) });
            }
        }
        Self { entries }
    }

    /// Every value of a key that may be set several times.
    pub fn values<'a>(&'a self, section: &'a str, subsection: &'a str, key: &'a str) -> impl Iterator<Item = &'a str> {
        let is_asked = move |entry: &&Entry| {
            (entry.section.as_str(), entry.subsection.as_str(), entry.key.as_str()) == (section, subsection, key)
        };
        self.entries.iter().filter(is_asked).map(|entry| entry.value.as_str())
    }

    /// The ref by which this clone follows a ref of a remote, as its refspecs map it.
    pub fn tracking_ref(&self, remote: &str, name: &str) -> Option<String> {
        self.values("remote", remote, "fetch").find_map(|refspec| map(refspec, name))
    }
}

fn map(refspec: &str, name: &str) -> Option<String> {
    let (source, target) = refspec.trim_start_matches('+').split_once(':')?;
    let Some((before, after)) = source.split_once('*') else {
        return (source == name).then(|| target.to_owned());
    };
    let middle = name.strip_prefix(before)?.strip_suffix(after)?;
    Some(target.replacen('*', middle, 1))
}

/// A value without its quotes and escapes, and without the comment behind it.
fn unquoted(text: &str) -> String {
    let mut value = String::new();
    let mut is_quoted = false;
    let mut characters = text.chars();
    while let Some(character) = characters.next() {
        match character {
            '"' => is_quoted = !is_quoted,
            '\\' => value.extend(characters.next()),
            '#' | ';' if !is_quoted => break,
            _ => value.push(character),
        }
    }
    value.trim_end().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn refspecs_map_a_ref_to_the_one_that_follows_it() {
        let config = GitConfig::parse(
            "[core]\n\tbare = false\n[remote \"origin\"] ; the usual one\n\turl = \"/srv/a;b.git\" # here\n\
             \tFetch = +refs/heads/*:refs/remotes/origin/*\n[remote \"single\"]\n\
             fetch = refs/heads/main:refs/remotes/single/main\n[branch \"a \\\"b\\\"\"]\nremote = x\n",
        );
        let tracking = |remote: &str, name: &str| config.tracking_ref(remote, name);
        assert_eq!(tracking("origin", "refs/heads/a/b").as_deref(), Some("refs/remotes/origin/a/b"));
        assert_eq!(tracking("origin", "refs/for/main"), None);
        assert_eq!(tracking("single", "refs/heads/main").as_deref(), Some("refs/remotes/single/main"));
        assert_eq!(tracking("single", "refs/heads/dev"), None);
        assert_eq!(tracking("other", "refs/heads/main"), None);
        assert_eq!(config.values("remote", "origin", "url").collect::<Vec<_>>(), ["/srv/a;b.git"]);
        assert_eq!(config.values("branch", "a \"b\"", "remote").collect::<Vec<_>>(), ["x"]);
    }
}
