//! What a user or an agent does next.

use super::{Document, Next};
use crate::push::Sha;
use crate::watch::{Reason, Verdict};

/// The commands that lead on from where a document stands; the best one first.
pub(super) fn suggest(document: &Document) -> Vec<Next> {
    let short = &document.commit.short;
    let reason = document.reason.known();
    let pairs = match document.verdict.as_ref().map(super::Word::known) {
        Some(Some(verdict)) => after(verdict, document),
        // A word of a newer version: nothing can be said.
        Some(None) => Vec::new(),
        None => meanwhile(reason, document.stale, short),
    };
    pairs.into_iter().map(|(command, when)| Next { command, when: when.to_owned() }).collect()
}

type Suggestions = Vec<(String, &'static str)>;

fn after(verdict: Verdict, document: &Document) -> Suggestions {
    let (short, reason) = (document.commit.short.as_str(), document.reason.known());
    match verdict {
        Verdict::Skipped if reason == Some(Reason::BranchNotDeployed) => {
            vec![("afterpush doctor".to_owned(), "to see which branches are deployed")]
        }
        Verdict::Live | Verdict::Skipped => Vec::new(),
        Verdict::Unhealthy => vec![("afterpush doctor".to_owned(), "to ask the health endpoints now")],
        Verdict::RolledBack => vec![("afterpush list".to_owned(), "to see what was pushed before and after")],
        Verdict::Failed if reason == Some(Reason::RecordedFailed) => {
            vec![("afterpush doctor".to_owned(), "to see what the deployments table says")]
        }
        Verdict::Failed => {
            // What another commit brought about is told by its log.
            let about = document.via.as_ref().map_or(short, Sha::short);
            vec![(format!("afterpush logs {about}"), "to see why")]
        }
        Verdict::Canceled => {
            vec![(format!("afterpush track {short}"), "once it is deployed again")]
        }
        Verdict::NoDeploy => vec![
            (format!("afterpush status --refresh {short}"), "to ask the provider again"),
            ("afterpush doctor".to_owned(), "to see whether this branch deploys"),
        ],
        Verdict::NotPushed => after_no_push(reason),
        Verdict::Superseded => {
            // To wait for the commit itself would only say this again.
            let newer = document.via.as_ref().filter(|via| **via != document.commit.sha).map(Sha::short);
            vec![newer.map_or_else(
                || ("afterpush list".to_owned(), "to find the newer commit"),
                |newer| (format!("afterpush wait {newer}"), "to know what becomes of the newer commit"),
            )]
        }
        Verdict::Unobservable if reason == Some(Reason::LandingUnknown) => vec![
            ("git fetch".to_owned(), "to see what the remote has"),
            (format!("afterpush track {short}"), "if it is there"),
        ],
        Verdict::Unobservable => vec![
            ("afterpush doctor".to_owned(), "to see what is in the way"),
            (format!("afterpush status --refresh {short}"), "to ask again"),
        ],
        Verdict::Stopped => vec![(format!("afterpush track {short}"), "to watch it again")],
        Verdict::Timeout => vec![
            (format!("afterpush status --refresh {short}"), "to ask the provider once more"),
            (format!("afterpush track {short}"), "to watch it again"),
        ],
    }
}

fn after_no_push(reason: Option<Reason>) -> Suggestions {
    match reason {
        Some(Reason::RemoteAhead) => {
            vec![("git pull --rebase".to_owned(), "to take over the remote's commits, then push again")]
        }
        Some(Reason::NotOnRemote) => vec![("git push".to_owned(), "to push it")],
        Some(Reason::DryRun) => vec![("git push".to_owned(), "to push it in earnest")],
        _ => vec![("git push".to_owned(), "to try again and see why the remote refuses it")],
    }
}

fn meanwhile(reason: Option<Reason>, is_stale: bool, short: &str) -> Suggestions {
    match reason {
        Some(Reason::NotTracked) => vec![(format!("afterpush track {short}"), "to watch it from now on")],
        Some(Reason::NotConfigured) => vec![("afterpush init".to_owned(), "to say where this repository deploys to")],
        Some(reason) if reason.needs_the_user() => {
            vec![("afterpush doctor".to_owned(), to_mend(reason))]
        }
        _ if is_stale => vec![
            (format!("afterpush wait {short}"), "to start the monitor again and wait"),
            ("afterpush daemon status".to_owned(), "to see what became of the monitor"),
        ],
        _ => vec![(format!("afterpush wait {short}"), "to wait for the verdict")],
    }
}

/// What `doctor` is for, where the user has to mend something.
const fn to_mend(reason: Reason) -> &'static str {
    match reason {
        Reason::CredentialsRefused => "to check the credential",
        Reason::ConfigInvalid => "to check the configuration",
        Reason::AppNotFound => "to check the target and the credential",
        _ => "to see what is missing",
    }
}
