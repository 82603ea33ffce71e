//! `remote.<name>.fetch`: where a remote's ref is tracked here.
//!
//! Source: git-fetch(1), "CONFIGURED REMOTE-TRACKING BRANCHES", and gitglossary(7), "refspec".

/// The local ref that follows the remote's `name`: the first positive refspec that has it decides, unless a
/// negative one (`^…`) takes it out. Pure.
pub(super) fn destination(specs: &[String], name: &str) -> Option<String> {
    let (negative, positive): (Vec<&str>, Vec<&str>) =
        specs.iter().map(String::as_str).partition(|spec| spec.starts_with('^'));
    if negative.iter().any(|spec| matched(&spec[1..], name).is_some()) {
        return None;
    }
    positive.iter().find_map(|spec| map(spec, name))
}

fn map(spec: &str, name: &str) -> Option<String> {
    let (source, target) = spec.strip_prefix('+').unwrap_or(spec).split_once(':')?;
    let star = matched(source, name)?;
    let target = target.replacen('*', star, 1);
    target.starts_with("refs/").then_some(target)
}

/// What the pattern's `*` stands for in `name`; the empty text for a match without one.
fn matched<'a>(pattern: &str, name: &'a str) -> Option<&'a str> {
    match pattern.split_once('*') {
        None => (pattern == name).then_some(""),
        Some((before, after)) => name.strip_prefix(before)?.strip_suffix(after),
    }
}

#[cfg(test)]
mod tests {
    use super::destination;

    fn to(specs: &[&str], name: &str) -> Option<String> {
        let specs: Vec<String> = specs.iter().map(|&spec| spec.to_owned()).collect();
        destination(&specs, name)
    }

    #[test]
    fn the_first_refspec_that_has_the_ref_decides() {
        let all = "+refs/heads/*:refs/remotes/origin/*";
        for (specs, name, expected) in [
            (&[all][..], "refs/heads/main", Some("refs/remotes/origin/main")),
            (&[all], "refs/heads/feature/a", Some("refs/remotes/origin/feature/a")),
            (&[all], "refs/tags/v1", None),
            (&["+refs/heads/main:refs/remotes/origin/main"], "refs/heads/other", None),
            (&["refs/heads/qa*:refs/remotes/o/qa*"], "refs/heads/qa-2", Some("refs/remotes/o/qa-2")),
            (&["refs/heads/main:refs/remotes/x/m", all], "refs/heads/main", Some("refs/remotes/x/m")),
            (&[all, "^refs/heads/wip/*"], "refs/heads/wip/a", None),
            (&["^refs/heads/wip", all], "refs/heads/wip2", Some("refs/remotes/origin/wip2")),
            (&["refs/heads/main:"], "refs/heads/main", None),
            (&["refs/heads/main"], "refs/heads/main", None),
            (&[], "refs/heads/main", None),
        ] {
            assert_eq!(to(specs, name).as_deref(), expected, "{specs:?} {name}");
        }
    }
}
