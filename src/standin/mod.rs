//! A provider for the demo and the tests: a DigitalOcean App Platform that lives on loopback and does what it is
//! told.
//!
//! It keeps state as the real one does: commits are pushed, deployments appear (late, if so told), go through their
//! stages (skipping some, if so told), replace each other, fail with a log behind a signed URL. Nothing happens by
//! the clock unless wanted: by default an app moves on by one stage after each time its list was read. What it does
//! is told in process through the [`World`], or by the same [`Order`]s as JSON to `POST /stand-in/orders`.

mod answer;
mod app;
#[cfg(test)]
pub(crate) mod indoors;
mod order;
mod recipe;
mod serve;
mod world;

use std::io;
use std::net::TcpListener;
use std::thread::JoinHandle;

use tokio::sync::oneshot;

pub use app::{Overlap, Pace};
pub use order::{Order, Trouble};
pub use recipe::{Recipe, Stage};
pub use world::{Deployed, Heard, World};

/// A running stand-in. It ends when this goes.
#[derive(Debug)]
pub struct StandIn {
    url: String,
    world: World,
    end: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl StandIn {
    /// Starts one on free ports of this machine.
    pub fn start() -> io::Result<Self> {
        Self::start_at(0)
    }

    /// Starts one with its API at this port, or at a free one for 0. The logs have a port of their own, as the logs
    /// of the real one lie elsewhere, too.
    pub fn start_at(port: u16) -> io::Result<Self> {
        let (api, logs) = (listener(port)?, listener(0)?);
        let url = format!("http://{}", api.local_addr()?);
        let world = World::new(format!("http://{}", logs.local_addr()?));
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let (end, ended) = oneshot::channel();
        let served = world.clone();
        let thread = std::thread::Builder::new().name("stand-in".to_owned()).spawn(move || {
            runtime.block_on(serve::serve(api, logs, served, ended));
        })?;
        Ok(Self { url, world, end: Some(end), thread: Some(thread) })
    }

    /// Where its API is: the `base_url` of a target.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// What happens in it.
    pub fn world(&self) -> &World {
        &self.world
    }
}

impl Drop for StandIn {
    fn drop(&mut self) {
        // Who is gone already needs no word.
        let _ = self.end.take().map(|end| end.send(()));
        let _ = self.thread.take().map(JoinHandle::join);
    }
}

fn listener(port: u16) -> io::Result<TcpListener> {
    let listener = TcpListener::bind(("127.0.0.1", port))?;
    listener.set_nonblocking(true)?;
    Ok(listener)
}
