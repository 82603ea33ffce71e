//! The inbox as one monitor after the other works it off.

use super::*;
use crate::push::{Asked, StopNote};

const NOW: Timestamp = Timestamp::from_secs(1_790_000_000);

/// A folder with an inbox with so many requests, and their names in order.
fn filled(count: u128) -> (tempfile::TempDir, Layout, Vec<RequestId>) {
    let dir = tempfile::tempdir().expect("a folder");
    let layout = Layout::new(dir.path(), nix::unistd::geteuid().as_raw());
    let put = |number| {
        let request = Request::new(uuid::Uuid::from_u128(number), NOW, Asked::Stop(StopNote { sha: None }));
        spool::drop_request(&layout, &request).expect("dropped");
        request.id
    };
    let ids = (0..count).map(put).collect();
    (dir, layout, ids)
}

fn offered(inbox: &mut Inbox) -> Vec<RequestId> {
    inbox.requests(NOW, Span::ZERO).into_iter().map(|request| request.id).collect()
}

#[test]
fn a_hundred_are_offered_at_a_time_until_all_are_done() {
    let (_dir, layout, ids) = filled(250);
    let mut inbox = Inbox::new(layout.clone());
    for (batch, has_more) in [(&ids[..100], true), (&ids[100..200], true), (&ids[200..], false)] {
        assert_eq!(offered(&mut inbox), batch);
        assert_eq!(inbox.has_more(), has_more);
        for id in batch {
            assert_eq!(inbox.begin(id, NOW), Begun::First);
            inbox.taken(id);
        }
        inbox.settle();
    }
    assert!(Inbox::is_empty(&layout));
}

#[test]
fn those_that_are_held_back_keep_no_others_back() {
    let (_dir, layout, ids) = filled(150);
    let mut inbox = Inbox::new(layout);
    for id in &offered(&mut inbox) {
        inbox.hold_back(id);
    }
    assert_eq!(offered(&mut inbox), ids);
    assert!(!inbox.has_more(), "it is not looked at again and again");
    assert_eq!(inbox.begin(&ids[0], NOW), Begun::First);
}

#[test]
fn a_request_that_ends_every_monitor_takes_no_other_with_it() {
    let (_dir, layout, ids) = filled(3);
    // The first monitor takes all at once, and the one in the middle ends it.
    let mut first = Inbox::new(layout.clone());
    assert_eq!(offered(&mut first), ids);
    for id in &ids[..2] {
        assert_eq!(first.begin(id, NOW), Begun::First);
    }
    // The next ones take alone what was begun before: what comes before it is done with, what comes after never begun.
    for monitor in 2..=MAX_ATTEMPTS {
        let mut next = Inbox::new(layout.clone());
        let left = offered(&mut next);
        if monitor == 2 {
            assert_eq!(next.begin(&left[0], NOW), Begun::Again);
            next.taken(&left[0]);
            next.settle();
        }
        assert_eq!(next.begin(&ids[1], NOW), Begun::Again, "monitor {monitor}");
    }
    let mut last = Inbox::new(layout.clone());
    assert_eq!(offered(&mut last), ids[1..]);
    assert_eq!(last.begin(&ids[1], NOW), Begun::SetAside);
    assert_eq!(last.begin(&ids[2], NOW), Begun::First);
    assert!(layout.inbox().join("bad").join(ids[1].as_str()).exists());
}

#[test]
fn a_request_that_waits_for_the_disk_is_not_to_blame_for_the_end_of_monitors() {
    let (_dir, layout, ids) = filled(1);
    for _ in 0..=MAX_ATTEMPTS {
        let mut inbox = Inbox::new(layout.clone());
        assert_eq!(inbox.begin(&ids[0], NOW), Begun::First);
        inbox.taken(&ids[0]);
        inbox.forgive(&ids[0]);
    }
}

#[test]
fn an_inbox_that_cannot_be_read_is_not_taken_for_an_empty_one() {
    let (_dir, layout, ids) = filled(1);
    let (new, aside) = (layout.inbox().join("new"), layout.inbox().join("aside"));
    std::fs::rename(&new, &aside).expect("our own folder");
    std::fs::write(&new, "").expect("our own file");
    let mut inbox = Inbox::new(layout);
    assert_eq!(offered(&mut inbox), []);
    assert!(inbox.is_unread() && !inbox.has_more());
    std::fs::remove_file(&new).and_then(|()| std::fs::rename(&aside, &new)).expect("our own folder");
    assert_eq!(offered(&mut inbox), ids);
    assert!(!inbox.is_unread());
    inbox.begin(&ids[0], NOW);
    assert!(inbox.is_unread(), "until it is taken");
    inbox.taken(&ids[0]);
    assert!(!inbox.is_unread());
}
