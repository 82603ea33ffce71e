//! Servers that want a password they must not get, or say nothing that makes sense, and remember what they were sent.

use std::sync::{Arc, Mutex};

use afterpush::wire::Dialect;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;

use crate::support::Papers;

/// How a server misbehaves.
#[derive(Clone)]
pub enum Manner {
    /// It says that it has no TLS.
    Downgrade,
    /// It is a MySQL without TLS that wants the password in the way of MySQL 8.
    Sha2,
    /// It is without TLS, and asks for a password in a message that has nothing in it.
    Empty,
    /// It has TLS, with these papers.
    Tls(Arc<rustls::ServerConfig>),
    /// It accepts and is silent.
    Mute,
    /// It sends these bytes to everybody.
    Says(&'static [u8]),
}

/// A misbehaving server; it ends with the test's runtime.
pub struct Rogue {
    dialect: Dialect,
    port: u16,
    heard: Arc<Mutex<Vec<u8>>>,
}

/// The manner of a server with these papers.
pub fn with_papers(papers: &Papers) -> Manner {
    Manner::Tls(papers.server())
}

impl Rogue {
    /// Starts one on a free port of this machine.
    pub async fn start(dialect: Dialect, manner: Manner) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let port = listener.local_addr().expect("an address").port();
        let heard = Arc::new(Mutex::new(Vec::new()));
        let noted = Arc::clone(&heard);
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(serve(stream, dialect, manner.clone(), Arc::clone(&noted)));
            }
        });
        Self { dialect, port, heard }
    }

    /// A URL that leads to it, with these table at its end.
    pub fn url(&self, table: &str) -> String {
        let scheme = self.dialect.as_str();
        format!("{scheme}://ada:canary-password@127.0.0.1:{}/shop{table}", self.port)
    }

    /// It was sent this text in clear.
    pub fn heard(&self, text: &str) -> bool {
        let heard = self.heard.lock().expect("no test panics while it looks");
        heard.windows(text.len()).any(|part| part == text.as_bytes())
    }
}

type Heard = Arc<Mutex<Vec<u8>>>;

async fn serve(stream: TcpStream, dialect: Dialect, manner: Manner, heard: Heard) -> Option<()> {
    let mut stream = stream;
    match &manner {
        Manner::Mute => return std::future::pending().await,
        Manner::Says(bytes) => {
            stream.write_all(bytes).await.ok()?;
            while hear(&mut stream, &heard).await.is_some() {}
            return None;
        }
        Manner::Downgrade | Manner::Sha2 | Manner::Empty | Manner::Tls(_) => {}
    }
    if dialect == Dialect::Postgres {
        postgres(stream, manner, &heard).await
    } else {
        mysql(stream, manner, &heard).await
    }
}

/// Answers the request for TLS, then asks for the password in clear.
async fn postgres(mut stream: TcpStream, manner: Manner, heard: &Heard) -> Option<()> {
    let mut request = [0; 8];
    stream.read_exact(&mut request).await.ok()?;
    let please: &[u8] = match manner {
        Manner::Empty => b"R\0\0\0\x04",
        _ => b"R\0\0\0\x08\0\0\0\x03",
    };
    if let Manner::Tls(config) = manner {
        stream.write_all(b"S").await.ok()?;
        ask(TlsAcceptor::from(config).accept(stream).await.ok()?, please, heard).await
    } else {
        stream.write_all(b"N").await.ok()?;
        ask(stream, please, heard).await
    }
}

/// Greets as MySQL does, and after the answer to that asks for the password in clear.
async fn mysql(mut stream: TcpStream, manner: Manner, heard: &Heard) -> Option<()> {
    let has_tls = matches!(manner, Manner::Tls(_));
    stream.write_all(&greeting(has_tls)).await.ok()?;
    let please: &[u8] = match manner {
        // Its cache does not know the user: the whole password is wanted, and then this is its key.
        Manner::Sha2 => {
            b"\x2c\0\0\x02\xfecaching_sha2_password\0abcdefghijklmnopqrst\0\x02\0\0\x04\x01\x04\x04\0\0\x06\x01key"
        }
        Manner::Empty => b"\0\0\0\x02",
        _ => b"\x17\0\0\x02\xfemysql_clear_password\0\0",
    };
    if let Manner::Tls(config) = manner {
        let mut request = [0; 36];
        stream.read_exact(&mut request).await.ok()?;
        ask(TlsAcceptor::from(config).accept(stream).await.ok()?, please, heard).await
    } else {
        ask(stream, please, heard).await
    }
}

/// A handshake of version 10, whose capabilities have TLS among them or not.
fn greeting(has_tls: bool) -> Vec<u8> {
    let mut body = b"\x0a8.0.99\0\x01\0\0\0abcdefgh\0".to_vec();
    let capabilities: u32 = 0x000f_ffff & if has_tls { !0 } else { !0x800 };
    body.extend_from_slice(&capabilities.to_le_bytes()[..2]);
    body.extend_from_slice(b"\x2d\x02\0");
    body.extend_from_slice(&capabilities.to_le_bytes()[2..]);
    body.extend_from_slice(b"\x15\0\0\0\0\0\0\0\0\0\0ijklmnopqrst\0mysql_native_password\0");
    let mut packet = u32::try_from(body.len()).expect("a short greeting").to_le_bytes()[..3].to_vec();
    packet.push(0);
    packet.extend(body);
    packet
}

/// Notes the first message, asks for the password, notes what comes then, and hangs up.
async fn ask(mut stream: impl AsyncRead + AsyncWrite + Unpin, please: &[u8], heard: &Heard) -> Option<()> {
    hear(&mut stream, heard).await?;
    stream.write_all(please).await.ok()?;
    stream.flush().await.ok()?;
    hear(&mut stream, heard).await
}

/// Notes what comes next; nothing where the other side has hung up.
async fn hear(stream: &mut (impl AsyncRead + Unpin), heard: &Heard) -> Option<()> {
    let mut bytes = [0; 1024];
    let length = stream.read(&mut bytes).await.ok().filter(|&length| length > 0)?;
    heard.lock().expect("no test panics while it looks").extend_from_slice(&bytes[..length]);
    Some(())
}
