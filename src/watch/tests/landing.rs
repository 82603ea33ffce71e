//! Whether a push got there.

use super::bed::{Bed, NEWER, OURS, mark, ours, push, rollout};
use crate::watch::{Deployment, Input, Landing, LandingSeen, Origin, Phase, Proof, Quality, Reason, State, Verdict};

fn landing(bed: Bed, seen: LandingSeen) -> Bed {
    bed.give(Input::Landing(seen))
}

#[test]
fn a_proof_starts_the_wait_for_a_deployment() {
    for proof in [Proof::TrackingRef, Proof::Remote] {
        let bed = landing(Bed::pushing().after(2), LandingSeen::Proven(proof));
        assert_eq!(bed.watch.landing, Landing::Landed { at: bed.now, by: proof });
        assert_eq!((bed.course().phase, bed.course().reason), (Phase::Registering, Reason::WaitingForDeployment));
        let again = landing(bed.clone(), LandingSeen::Proven(Proof::Remote));
        assert_eq!(again.watch, bed.watch, "proven once is enough");
        let disproven = landing(bed.clone(), LandingSeen::Disproven(Reason::Rejected));
        assert_eq!(disproven.watch, bed.watch, "what is proven is not disproven");
    }
}

#[test]
fn a_push_from_the_reflog_has_landed() {
    let bed = Bed::of(push(Origin::Reflog), &["web"]);
    assert!(bed.watch.has_landed());
    assert_eq!(bed.course().phase, Phase::Registering);
}

#[test]
fn a_disproof_ends_the_watch_with_its_reason() {
    for (reason, words) in [
        (Reason::Rejected, "it was refused, or git did not send it"),
        (Reason::DryRun, "dry run"),
        (Reason::RemoteAhead, "git pull --rebase"),
    ] {
        let bed = landing(Bed::pushing(), LandingSeen::Disproven(reason));
        assert_eq!(bed.verdict(), (Some(Verdict::NotPushed), reason));
        assert!(bed.watch.is_over());
        assert!(bed.outlook().message.contains(words), "{}", bed.outlook().message);
    }
}

#[test]
fn a_commit_that_was_only_asked_for_was_refused_by_nobody() {
    for (found, reason, words) in [
        (Reason::Rejected, Reason::NotOnRemote, "aaaaaaa is not on origin/main, and no push of it from here is known"),
        (Reason::RemoteAhead, Reason::RemoteAhead, "has commits this clone lacks, and not aaaaaaa"),
    ] {
        let bed = landing(Bed::of(push(Origin::Track), &["web"]), LandingSeen::Disproven(found));
        assert_eq!(bed.verdict(), (Some(Verdict::NotPushed), reason));
        assert!(bed.outlook().message.contains(words), "{}", bed.outlook().message);
    }
}

#[test]
fn an_unproven_landing_is_given_up_once_git_has_been_gone_for_the_whole_time() {
    let gone = landing(Bed::pushing().after(40), LandingSeen::GitGone);
    assert_eq!((gone.course().phase, gone.verdict()), (Phase::Pushing, (None, Reason::LandingUnknown)));
    let still = landing(gone.after(299), LandingSeen::GitGone).tick();
    assert_eq!(still.verdict().0, None);
    assert_eq!(still.after(1).tick().verdict(), (Some(Verdict::Unobservable), Reason::LandingUnknown));
}

#[test]
fn a_git_that_runs_long_keeps_pushing_until_the_timeout() {
    let long = Bed::pushing().after(89 * 60).tick();
    assert_eq!((long.course().phase, long.verdict()), (Phase::Pushing, (None, Reason::PushRunning)));
    let landed = long.clone().lands().after(200).sees([]);
    assert_eq!(landed.verdict().0, None, "the time to register begins with the landing");
    assert_eq!(long.after(60).tick().verdict(), (Some(Verdict::Timeout), Reason::TimeUp));
}

#[test]
fn a_deployment_made_after_the_push_proves_the_landing() {
    let made = |change: fn(&mut Deployment)| {
        let mut deployment = ours(State::Building);
        change(&mut deployment);
        deployment
    };
    for (name, proves, deployment) in [
        ("of exactly this id", true, made(|_| {})),
        ("of a commit that contains it", true, rollout("x", NEWER, State::Building)),
        ("of a beginning", false, made(|d| d.commits = vec![mark(&OURS[..7], Quality::Prefix)])),
        ("without a date", false, made(|d| d.created_at = None)),
        ("made before the push", false, made(|d| d.created_at = Some(super::bed::at(-200)))),
    ] {
        let bed = landing(Bed::pushing(), LandingSeen::GitGone).sees([deployment]);
        assert_eq!(bed.watch.has_landed(), proves, "{name}");
        assert_eq!(bed.course().phase > Phase::Pushing, proves, "{name}");
    }
}

#[test]
fn evidence_takes_back_that_a_push_was_given_up() {
    let rejected = landing(Bed::pushing(), LandingSeen::Disproven(Reason::Rejected));
    let unknown = landing(Bed::pushing(), LandingSeen::GitGone).after(300).tick();
    for given_up in [rejected, unknown] {
        assert_eq!(given_up.clone().sees([]).verdict(), given_up.verdict(), "nothing new");
        let deployed = given_up.clone().sees([ours(State::Building)]);
        assert_eq!(deployed.verdict(), (None, Reason::BuildRunning));
        let shown = landing(given_up, LandingSeen::Proven(Proof::Remote));
        assert_eq!(shown.verdict(), (None, Reason::WaitingForDeployment));
        assert!(!shown.watch.is_over());
    }
}
