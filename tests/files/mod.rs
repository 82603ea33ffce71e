//! Files on a real disk: modes under every umask and as git itself sets them, readers beside a writer, a full disk,
//! and clearing away.

mod clean;
mod disk;
mod modes;
mod names;
