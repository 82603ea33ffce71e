//! A database server of the tests' own: in a temporary folder, on a free port, under an account that is not root.
//!
//! It runs below a shell that waits for the end of a pipe from this process. However the tests end, the pipe ends
//! with them, and the shell ends the server and removes the folder.

use std::fs;
use std::io::Write;
use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use nix::unistd::{Uid, User, chown};
use tempfile::TempDir;

use super::{Authority, Ran};

/// Who a server runs as where root starts it; servers refuse to be root.
const ACCOUNT: &str = "nobody";

/// `$1`: how to end the server, `$2`: its folder, then its command. A word from the pipe keeps the folder.
const KEEPER: &str = "signal=$1 folder=$2; shift 2
\"$@\" >>\"$folder/log\" 2>&1 &
server=$!
read -r word
kill -s \"$signal\" $server; wait $server
[ \"$word\" ] || rm -rf \"$folder\"";

/// The folder of a server, with its certificate in `server.pem`, the key in `server.key`, the authority in `ca.pem`.
pub struct Place {
    folder: PathBuf,
    /// Its port on 127.0.0.1.
    pub port: u16,
}

/// A running server.
pub struct Running {
    keeper: Child,
}

impl Place {
    /// Prepares a folder and finds a port.
    pub fn new() -> Self {
        let folder = TempDir::with_prefix("afterpush-db-").expect("a temporary folder").keep();
        let port = TcpListener::bind("127.0.0.1:0").and_then(|free| free.local_addr()).expect("a free port").port();
        let place = Self { folder, port };
        let authority = Authority::new();
        let papers = authority.papers(&["localhost", "127.0.0.1"]);
        place.write("ca.pem", &authority.pem());
        place.write("server.pem", &papers.certificate);
        place.write("server.key", &papers.key);
        hand_over(&place.folder);
        place
    }

    /// A path in the folder.
    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.join(name)
    }

    /// Writes a file for the server alone.
    pub fn write(&self, name: &str, text: &str) {
        let path = self.path(name);
        fs::write(&path, text).expect("room for a file");
        fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).expect("our own file");
        hand_over(&path);
    }

    /// Runs a program under the server's account to its end.
    #[track_caller]
    pub fn run(&self, program: &Path, args: &[&str]) {
        let [first, rest @ ..] = &*as_account(program) else { unreachable!("a command has a program") };
        Ran::of(Command::new(first).args(rest).args(args).current_dir(&self.folder).env("HOME", &self.folder)).ends(0);
    }

    /// Starts the server, which is ended by this signal.
    pub fn start(&self, signal: &str, program: &Path, args: &[&str]) -> Running {
        let mut keeper = Command::new("sh");
        keeper.args(["-c", KEEPER, "keeper", signal]).arg(&self.folder).args(as_account(program)).args(args);
        keeper.current_dir(&self.folder).env("HOME", &self.folder).stdout(Stdio::null()).stderr(Stdio::null());
        Running { keeper: keeper.stdin(Stdio::piped()).spawn().expect("a shell") }
    }

    /// What the server has said.
    pub fn log(&self) -> String {
        fs::read_to_string(self.path("log")).unwrap_or_default()
    }
}

impl Running {
    /// Ends the server at once, and keeps its folder.
    pub fn kill(&mut self) {
        let pipe = self.keeper.stdin.as_mut().expect("it was not ended before");
        pipe.write_all(b"keep\n").expect("the keeper listens");
        self.end();
    }

    fn end(&mut self) {
        drop(self.keeper.stdin.take());
        self.keeper.wait().expect("the keeper ends");
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.end();
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        // The keeper may have been quicker.
        let _ = fs::remove_dir_all(&self.folder);
    }
}

fn account() -> Option<User> {
    let is_root = Uid::effective().is_root();
    is_root.then(|| User::from_name(ACCOUNT).ok().flatten().expect("the account nobody"))
}

fn hand_over(path: &Path) {
    if let Some(User { uid, gid, .. }) = account() {
        chown(path, Some(uid), Some(gid)).expect("root may");
    }
}

/// The words that run a program under the server's account.
fn as_account(program: &Path) -> Vec<String> {
    let program = program.to_str().expect("a path in UTF-8").to_owned();
    match account() {
        None => vec![program],
        Some(User { uid, gid, .. }) => {
            vec!["setpriv".into(), format!("--reuid={uid}"), format!("--regid={gid}"), "--clear-groups".into(), program]
        }
    }
}

/// A program on the `PATH`, or in one of these other folders.
pub fn program(name: &str, elsewhere: &[PathBuf], package: &str) -> PathBuf {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let mut folders = elsewhere.iter().cloned().chain(std::env::split_paths(&path));
    folders.find(|folder| folder.join(name).is_file()).map_or_else(
        || panic!("{name} is not installed; tests/run.sh installs it (Debian's package {package})"),
        |folder| folder.join(name),
    )
}
