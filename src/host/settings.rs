//! The one place that reads configuration files.
//!
//! The tracked file is somebody else's: only a regular file of modest size is read, never through a link. The
//! user's own files count only if they are the user's (or root's) and nobody else may write them, as ssh has it.

use std::fs::{File, Metadata, OpenOptions};
use std::io::{self, Read};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use super::places::Places;
use crate::base::{Layout, text};
use crate::config::{self, Config, ConfigError, Layer, LayerKind, Layers};

/// No configuration is longer.
const MAX_BYTES: u64 = 64 * 1024;

/// Where the settings of one repository are looked for.
#[derive(Clone, Copy)]
pub struct Sources<'a> {
    /// The repository's files for the user.
    pub layout: &'a Layout,
    /// The root of the worktree that holds the tracked file; a bare repository has none, and no tracked file.
    pub worktree: Option<&'a Path>,
    /// The user's folders, where there are any.
    pub places: Option<&'a Places>,
    /// The environment: [`config::VARIABLES`] and [`config::CONFIG_VARIABLE`] count.
    pub variable: &'a dyn Fn(&str) -> Option<String>,
    /// The user.
    pub uid: u32,
}

/// Reads and checks all layers. Files that are not there are not an error, except one that is named by a variable.
pub fn read(sources: &Sources<'_>) -> Result<Config, ConfigError> {
    config::load(&sources.layers()?)
}

impl Sources<'_> {
    /// The file that is read for a layer; `None` where the layer has no place here.
    pub fn path(&self, kind: LayerKind) -> Option<PathBuf> {
        match kind {
            LayerKind::Environment => None,
            LayerKind::Local => Some(self.named().map_or_else(|| self.layout.config(), PathBuf::from)),
            LayerKind::Tracked => Some(self.worktree?.join(config::TRACKED_FILE)),
            LayerKind::User => Some(self.places?.user_config()),
        }
    }

    fn layers(&self) -> Result<Layers, ConfigError> {
        let mut files = Vec::new();
        for kind in [LayerKind::Local, LayerKind::Tracked, LayerKind::User] {
            if let Some(path) = self.path(kind) {
                files.extend(self.layer(kind, &path)?);
            }
        }
        let set = |name: &&str| Some(((*name).to_owned(), (self.variable)(name)?));
        let variables = config::VARIABLES.iter().filter_map(set).collect();
        let local_path = self.path(LayerKind::Local).map(|path| shown(&path)).unwrap_or_default();
        Ok(Layers { files, variables, local_path })
    }

    fn named(&self) -> Option<String> {
        (self.variable)(config::CONFIG_VARIABLE).filter(|path| !path.is_empty())
    }

    fn layer(&self, kind: LayerKind, path: &Path) -> Result<Option<Layer>, ConfigError> {
        let is_named = kind == LayerKind::Local && self.named().is_some();
        if is_named && !path.is_absolute() {
            return Err(error(path, &format!("{} must be an absolute path", config::CONFIG_VARIABLE), None));
        }
        // The tracked file is shown as everybody writes it.
        let name = if kind == LayerKind::Tracked { config::TRACKED_FILE.to_owned() } else { shown(path) };
        let file = match open(path, kind == LayerKind::Tracked) {
            Ok(file) => file,
            Err(why) if is_absent(&why) && !is_named => return Ok(None),
            Err(why) => return Err(error(path, &format!("cannot be read: {}", words(&why)), None)),
        };
        let facts = file.metadata().map_err(|why| error(path, &format!("cannot be read: {why}"), None))?;
        if !facts.is_file() {
            return Err(error(path, "is not a regular file", None));
        }
        if kind.is_own() {
            check_owner(path, &facts, self.uid)?;
        }
        let text = bounded(file).map_err(|why| error(path, &format!("cannot be read: {why}"), None))?;
        Ok(Some(Layer::new(kind, name, text)))
    }
}

/// Opens without waiting for a pipe's other end, and without following a link where `untrusted`.
fn open(path: &Path, untrusted: bool) -> io::Result<File> {
    let follow = if untrusted { libc::O_NOFOLLOW } else { 0 };
    OpenOptions::new().read(true).custom_flags(libc::O_NONBLOCK | libc::O_CLOEXEC | follow).open(path)
}

fn is_absent(why: &io::Error) -> bool {
    matches!(why.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory)
}

fn words(why: &io::Error) -> String {
    if why.raw_os_error() == Some(libc::ELOOP) { "it is a symbolic link".to_owned() } else { why.to_string() }
}

fn bounded(file: File) -> io::Result<Vec<u8>> {
    let mut text = Vec::new();
    file.take(MAX_BYTES + 1).read_to_end(&mut text)?;
    if text.len() as u64 > MAX_BYTES {
        return Err(io::Error::other(format!("it is larger than {} KiB", MAX_BYTES / 1024)));
    }
    Ok(text)
}

fn check_owner(path: &Path, facts: &Metadata, uid: u32) -> Result<(), ConfigError> {
    if facts.uid() != uid && facts.uid() != 0 {
        let hint = "it may name where tokens come from, so it has to be yours";
        return Err(error(path, "belongs to another user", Some(hint.to_owned())));
    }
    if facts.mode() & 0o022 != 0 {
        let hint = format!("run: chmod go-w {}", shown(path));
        return Err(error(path, "can be written by others", Some(hint)));
    }
    Ok(())
}

fn error(path: &Path, message: &str, hint: Option<String>) -> ConfigError {
    ConfigError { message: format!("the file {message}"), file: shown(path), line: None, hint }
}

fn shown(path: &Path) -> String {
    text::visible(&path.to_string_lossy())
}
