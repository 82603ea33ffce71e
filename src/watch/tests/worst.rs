//! One answer over several targets.

use super::bed::{Bed, push};
use crate::watch::{Origin, Reason, Verdict, exit};

/// The watch of two targets with these verdicts; a reason that needs the user is told by `Err`.
fn of(first: Result<Option<Verdict>, Reason>, second: Result<Option<Verdict>, Reason>) -> Bed {
    let mut bed = Bed::of(push(Origin::Reflog), &["web", "api"]);
    for (course, stands) in bed.watch.courses.iter_mut().zip([first, second]) {
        match stands {
            Ok(verdict) => course.verdict = verdict,
            Err(reason) => course.reason = reason,
        }
        course.message = course.target.name.to_string();
    }
    bed
}

#[test]
fn the_worst_target_decides_in_the_contracts_order() {
    use Verdict::{Canceled, Failed, Live, NoDeploy, Skipped, Superseded, Timeout, Unhealthy, Unobservable};
    let running = Ok(None);
    let given = |verdict| Ok(Some(verdict));
    let refused = Err(Reason::CredentialsRefused);
    for (better, worse, done, code) in [
        (given(Live), given(Live), true, exit::OK),
        (given(Live), given(NoDeploy), true, exit::NOTHING),
        (given(NoDeploy), given(Superseded), true, exit::SUPERSEDED),
        (given(Live), running, false, exit::RUNNING),
        (given(Superseded), running, false, exit::RUNNING),
        (running, given(Timeout), false, exit::TIMEOUT),
        (given(Superseded), given(Timeout), true, exit::TIMEOUT),
        (given(Timeout), given(Unobservable), true, exit::UNKNOWN),
        (given(Unobservable), refused, false, exit::CONFIG),
        (running, refused, false, exit::CONFIG),
        (refused, given(Failed), true, exit::NO),
        (running, given(Unhealthy), true, exit::NO),
        (given(Timeout), given(Canceled), true, exit::NO),
        // A skipped target counts only beside others that were skipped.
        (given(Skipped), given(Live), true, exit::OK),
        (given(Skipped), running, false, exit::RUNNING),
        (given(Skipped), given(Failed), true, exit::NO),
        (given(Skipped), given(Skipped), true, exit::NOTHING),
    ] {
        for (bed, message) in [(of(better, worse), "api"), (of(worse, better), "web")] {
            let outlook = bed.outlook();
            assert_eq!((outlook.done, outlook.exit_code), (done, code), "{better:?} {worse:?}");
            assert_eq!(outlook.verdict.is_some(), done, "{better:?} {worse:?}");
            let is_tie = better == worse;
            assert_eq!(outlook.message, if is_tie { "web" } else { message }, "{better:?} {worse:?}");
        }
    }
}

#[test]
fn an_ending_stands_above_the_targets() {
    let mut bed = of(Ok(Some(Verdict::Skipped)), Ok(None));
    bed.watch.end(Verdict::NotPushed, Reason::Rejected, "no".to_owned(), bed.now);
    assert_eq!(bed.verdict(), (Some(Verdict::NotPushed), Reason::Rejected));
    assert_eq!(bed.outlook().exit_code, exit::NOTHING);
}
