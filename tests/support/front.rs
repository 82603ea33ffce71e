//! What stands before a server: TLS, and a guard who may let nobody through.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread::JoinHandle;

use rustls::ServerConfig;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, copy_bidirectional};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;

/// A front; it ends when this goes.
pub struct Front {
    /// Its port on this machine.
    pub port: u16,
    /// The status everybody is answered with; 0 lets them through. What is under way breaks off when it changes.
    answer: Option<watch::Sender<u16>>,
    refused: Arc<AtomicUsize>,
    thread: Option<JoinHandle<()>>,
}

struct Guard {
    behind: SocketAddr,
    tls: Option<tokio_rustls::TlsAcceptor>,
    answer: watch::Receiver<u16>,
    refused: Arc<AtomicUsize>,
}

impl Front {
    /// One that lets everybody through to the server at this `host:port`.
    pub fn before(server: &str) -> Self {
        Self::start(server, None)
    }

    /// The same, with TLS that the server knows nothing of.
    pub fn with_tls(server: &str, papers: Arc<ServerConfig>) -> Self {
        Self::start(server, Some(papers.into()))
    }

    fn start(server: &str, tls: Option<tokio_rustls::TlsAcceptor>) -> Self {
        let behind = server.parse().expect("an address and a port");
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
        let listener = runtime.block_on(TcpListener::bind("127.0.0.1:0")).expect("a free port");
        let port = listener.local_addr().expect("an address").port();
        let (answer, told) = watch::channel(0);
        let refused = Arc::new(AtomicUsize::new(0));
        let guard = Arc::new(Guard { behind, tls, answer: told, refused: Arc::clone(&refused) });
        let thread = std::thread::spawn(move || runtime.block_on(stand(listener, guard)));
        Self { port, answer: Some(answer), refused, thread: Some(thread) }
    }

    /// Everybody is answered with this status from now on; 0 lets them through again.
    pub fn answers(&self, status: u16) {
        let answer = self.answer.as_ref().expect("it stands until it goes");
        answer.send_replace(status);
    }

    /// How many were refused.
    pub fn refused(&self) -> usize {
        self.refused.load(Ordering::Relaxed)
    }
}

impl Drop for Front {
    fn drop(&mut self) {
        drop(self.answer.take());
        // Who has ended needs no word.
        let _ = self.thread.take().map(JoinHandle::join);
    }
}

async fn stand(listener: TcpListener, guard: Arc<Guard>) {
    let mut answer = guard.answer.clone();
    loop {
        tokio::select! {
            Ok((stream, _)) = listener.accept() => {
                tokio::spawn(meet(stream, Arc::clone(&guard)));
            }
            changed = answer.changed() => if changed.is_err() { return },
        }
    }
}

async fn meet(stream: TcpStream, guard: Arc<Guard>) -> std::io::Result<()> {
    let mut answer = guard.answer.clone();
    let status = *answer.borrow_and_update();
    let talk = async {
        match &guard.tls {
            Some(tls) => guard.talk(tls.accept(stream).await?, status).await,
            None => guard.talk(stream, status).await,
        }
    };
    tokio::select! {
        talked = talk => talked,
        _ = answer.changed() => Ok(()),
    }
}

impl Guard {
    async fn talk(&self, mut stream: impl AsyncRead + AsyncWrite + Unpin, status: u16) -> std::io::Result<()> {
        if status == 0 {
            let mut server = TcpStream::connect(self.behind).await?;
            return copy_bidirectional(&mut stream, &mut server).await.map(|_| ());
        }
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            head.push(stream.read_u8().await?);
        }
        self.refused.fetch_add(1, Ordering::Relaxed);
        let answer = format!("HTTP/1.1 {status} No\r\nContent-Length: 2\r\nConnection: close\r\n\r\n{{}}");
        stream.write_all(answer.as_bytes()).await?;
        stream.shutdown().await
    }
}
