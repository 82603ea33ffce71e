//! Is it me, is it alive? The lock that makes a monitor the only one, the identity by which one is recognised, and
//! how a program is started that outlives its caller. Small and without async: the hook links it.
//!
//! What only Linux has (pidfd, memfd, `close_range`, `/proc`) lies in one module each, the portable way beside it.
//! This is the only room where `unsafe` is allowed.

mod background;
mod bare;
mod descriptors;
mod environment;
mod failpoint;
mod guard;
mod identity;
mod launch;
mod limits;
mod lock;
mod monitor_file;
mod own_file;
mod owner;
mod pidfd;
mod proc;
mod sealed;
mod summon;

pub use background::{End, Told, in_background};
pub use bare::{bare_program, lean_program, no_unwinder, run_bare, run_lean};
pub use environment::{for_children, inherited_environment, is_secret, is_set, own_environment, value};
#[cfg(test)]
pub(crate) use failpoint::watched;
pub use failpoint::{failpoint, limit};
pub use guard::{be_first_to_go, guard_secrets};
pub use identity::{Aliveness, FileId, Found, Identity};
pub use limits::{ensure_descriptors, report_large_files};
pub use lock::Alone;
pub use monitor_file::{ALIVE_EVERY, ALIVE_FOR, Holdings, MonitorFile, Presence, presence};
pub use own_file::{Demand, Unread, read_file, read_last_lines};
pub use owner::refuse_guest_root;
pub use pidfd::{Ended, PidFd};
pub use proc::{Stat, arguments, boot_id, pid_namespace, stat};
pub use summon::{Ensured, Summons, become_monitor, ensure_monitor, may_summon, own_program, summon};
