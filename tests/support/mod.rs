//! What every story stands on: a world of its own, the programs run in it, and waiting without guessing.

mod authority;
pub mod canary;
mod faults;
mod front;
mod git;
mod group;
pub mod hooked;
pub mod hub;
mod mariadb;
mod oracle;
mod postgres;
mod program;
mod ran;
mod room;
mod sandbox;
mod server;
mod service;
mod site;
pub mod traced;

use std::time::{Duration, Instant};

pub use authority::{Authority, Papers};
pub use faults::{COME_BACK, Faults};
pub use front::Front;
pub use git::search_path_since;
pub use group::Group;
pub use mariadb::MariaDb;
pub use oracle::Oracle;
pub use postgres::Postgres;
pub use program::{copy_program, write_private, write_program};
pub use ran::Ran;
pub use room::Room;
pub use sandbox::Sandbox;
pub use service::Service;
pub use site::Site;

/// How long [`until`] waits on a busy machine before it gives up; never how long something should take.
const CAP: Duration = Duration::from_mins(2);

/// The password of the database servers' user `ada`: everything that ever broke a connection string.
pub const PASSWORD: &str = " canary p@ss:w/rd#?&=%41%\"'\\`$ü ";

/// Looks again and again until `look` finds something, and fails with `what` if it never does.
#[track_caller]
pub fn until<T>(what: &str, look: impl FnMut() -> Option<T>) -> T {
    try_until(look).unwrap_or_else(|| panic!("waited {CAP:?} in vain until {what}"))
}

/// The same for those who have more to say when it never does.
pub fn try_until<T>(mut look: impl FnMut() -> Option<T>) -> Option<T> {
    let start = Instant::now();
    while start.elapsed() < CAP {
        let found = look();
        if found.is_some() {
            return found;
        }
        std::thread::sleep(Duration::from_millis(20));
    }
    None
}

/// Waits until a server can be used, and shows its log if it never can.
pub async fn until_ready(name: &str, log: impl Fn() -> String, is_ready: impl AsyncFn() -> bool) {
    let start = Instant::now();
    while !is_ready().await {
        assert!(start.elapsed() < CAP, "waited {CAP:?} in vain for {name}; its log:\n{}", log());
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}
