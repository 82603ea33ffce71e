//! afterpush tells people, and the coding agents that work beside them, what became of the commit they pushed.
//!
//! The hook drops a **request** into the inbox and leaves. The **monitor** turns it into a **watch**, confirms that
//! the push landed, **looks** until it can give a **verdict**, and tells people through files. The commands read
//! those files; they ask the monitor for something only by dropping a request, too.
//!
//! # The rooms
//!
//! Each module is a room that answers one question. Who may look at whom is held by `tests/architecture.rs`.
//!
//! | room | answers | effects |
//! | --- | --- | --- |
//! | [`base`] | time, text, where files lie | none |
//! | [`wire`] | how is a question to the outside written down? | none |
//! | [`push`] | what did I push? | none |
//! | [`insight`] | what does the history teach? | none |
//! | [`watch`] | where is it going? The heart: [`watch::step`] | none |
//! | [`provider`] | what does the provider say? | none |
//! | [`records`] | what does the team's deployments table say? | none |
//! | [`health`] | is what is live well, and really mine? | none |
//! | [`config`] | what does the user want? | none |
//! | [`spool`] | what was asked? | files |
//! | [`process`] | is it me, is it alive? | processes |
//! | [`host`] | the room that touches the rest of the machine | all |
//! | [`store`] | what must survive? | database |
//! | [`status`] | what do readers see? | none |
//! | [`standin`] | a provider for the demo and the tests | loopback |
//! | [`monitor`] | the background process | through the others |
//! | [`cli`] | one file a command | composition |

pub mod base;
pub mod cli;
pub mod config;
pub mod health;
pub mod host;
pub mod insight;
pub mod monitor;
pub mod process;
pub mod provider;
pub mod push;
pub mod records;
pub mod spool;
pub mod standin;
pub mod status;
pub mod store;
pub mod watch;
pub mod wire;
