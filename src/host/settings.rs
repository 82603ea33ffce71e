//! The one place that reads configuration files.
//!
//! The tracked file is somebody else's: only a regular file of modest size is read, never through a link. The
//! user's own files count only if they are the user's (or root's) and nobody else may write them, as ssh has it.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use nix::fcntl::AT_FDCWD;

use super::git::Repo;
use super::places::Places;
use super::trust::Trust;
use crate::base::{Layout, text};
use crate::config::{self, Claims, Config, ConfigError, Layer, LayerKind, Layers};
use crate::process::{Demand, Unread, read_file};

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
}

/// Reads and checks all layers. Files that are not there are not an error, except one that is named by a variable.
pub fn read(sources: &Sources<'_>) -> Result<Config, ConfigError> {
    config::load(&sources.layers()?)
}

/// The settings that were read last: files that say the same again are not worked out again.
#[derive(Default)]
pub struct Recent(Option<(Layers, Arc<Config>)>);

impl Recent {
    /// As [`read`].
    pub fn read(&mut self, sources: &Sources<'_>) -> Result<Arc<Config>, ConfigError> {
        let layers = sources.layers()?;
        if let Some((_, config)) = self.0.as_ref().filter(|(known, _)| *known == layers) {
            return Ok(Arc::clone(config));
        }
        let config = Arc::new(config::load(&layers)?);
        self.0 = Some((layers, Arc::clone(&config)));
        Ok(config)
    }
}

/// The worktree whose tracked file counts where no command stands in one, as in the monitor: the one that is noted,
/// if it is still there, else the repository's main one; `None` for a bare repository.
pub fn worktree_for(repo: &Repo, noted: Option<&Path>) -> Option<PathBuf> {
    let is_there = |path: &Path| path.join(".git").exists();
    if let Some(noted) = noted.filter(|path| is_there(path)) {
        return Some(noted.to_owned());
    }
    if let Some(configured) = repo.config("core.worktree") {
        return Some(repo.common_dir().join(configured));
    }
    let is_bare = repo.config("core.bare").is_some_and(|value| value == "true");
    let beside = repo.common_dir().parent().filter(|_| repo.common_dir().ends_with(".git"));
    beside.filter(|_| !is_bare).map(Path::to_owned)
}

/// Where programs are run that belong to a repository: its main worktree, or the folder of a bare one.
pub fn folder_of(layout: &Layout) -> PathBuf {
    let repo = Repo::open_common(layout.common_dir()).ok();
    let worktree = repo.and_then(|repo| worktree_for(&repo, None)).filter(|worktree| worktree.is_dir());
    worktree.unwrap_or_else(|| layout.common_dir().to_owned())
}

impl Sources<'_> {
    /// The file that is read for a layer; `None` where the layer has no place here.
    pub fn path(&self, kind: LayerKind) -> Option<PathBuf> {
        match kind {
            LayerKind::Environment => None,
            LayerKind::Local => Some(self.named().map_or_else(|| self.layout.config(), PathBuf::from)),
            LayerKind::Trusted | LayerKind::Tracked => Some(self.worktree?.join(config::TRACKED_FILE)),
            LayerKind::User => Some(self.places?.user_config()),
        }
    }

    /// The tracked file as it is now; `None` where there is none.
    pub fn tracked(&self) -> Result<Option<Layer>, ConfigError> {
        self.layer(LayerKind::Tracked)
    }

    fn layers(&self) -> Result<Layers, ConfigError> {
        let files = [
            self.layer(LayerKind::Local)?,
            self.tracked()?.map(|file| self.judged(file)),
            self.layer(LayerKind::User)?,
        ];
        let set = |name: &&str| Some(((*name).to_owned(), (self.variable)(name)?));
        let variables = config::VARIABLES.iter().filter_map(set).collect();
        let local_path = self.path(LayerKind::Local).map(|path| shown(&path)).unwrap_or_default();
        Ok(Layers { files: files.into_iter().flatten().collect(), variables, local_path })
    }

    /// The tracked file with the user's word on it. It is judged by the very bytes that are read as settings.
    fn judged(&self, file: Layer) -> Layer {
        let trust = self.places.map(|places| Trust::of(places, self.layout.common_dir()));
        // A file that cannot be read says nothing, trusted or not; whoever reads the settings tells why.
        let is_allowed = |trust: &Trust| Claims::of(&file).is_ok_and(|claims| trust.allows(&claims));
        let kind = if trust.as_ref().is_some_and(is_allowed) { LayerKind::Trusted } else { LayerKind::Tracked };
        Layer { kind, ..file }
    }

    fn named(&self) -> Option<String> {
        (self.variable)(config::CONFIG_VARIABLE).filter(|path| !path.is_empty())
    }

    fn layer(&self, kind: LayerKind) -> Result<Option<Layer>, ConfigError> {
        let Some(path) = &self.path(kind) else { return Ok(None) };
        let is_named = kind == LayerKind::Local && self.named().is_some();
        if is_named && !path.is_absolute() {
            return Err(error(path, &format!("named by {} must have an absolute path", config::CONFIG_VARIABLE), None));
        }
        // The tracked file is shown as everybody writes it.
        let name = if kind == LayerKind::Tracked { config::TRACKED_FILE.to_owned() } else { shown(path) };
        let demand = if kind.is_own() { Demand::Settings } else { Demand::Foreign };
        match read_file(AT_FDCWD, path, demand, MAX_BYTES) {
            Ok(text) => Ok(Some(Layer::new(kind, name, text))),
            Err(why) if why.is_absent() && !is_named => Ok(None),
            Err(why) => Err(unread(path, &why)),
        }
    }
}

fn unread(path: &Path, why: &Unread) -> ConfigError {
    match why {
        Unread::Foreign => {
            let cure = format!("chown {} {}", nix::unistd::geteuid(), shown(path));
            error(path, "belongs to another user; it may say where tokens go, so it has to be yours", Some(cure))
        }
        Unread::Open => {
            // The cure is part of the sentence: a status tells no more than that.
            let cure = format!("chmod go-w {}", shown(path));
            error(path, &format!("can be written by others, so it is not read; run: {cure}"), Some(cure))
        }
        why => error(path, &format!("cannot be read: {why}"), None),
    }
}

fn error(path: &Path, message: &str, hint: Option<String>) -> ConfigError {
    ConfigError { message: format!("the file {message}"), file: shown(path), line: None, hint }
}

fn shown(path: &Path) -> String {
    text::visible(&path.to_string_lossy())
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::{PermissionsExt, symlink};

    use super::*;

    const WEB: &str = "[target.web]\nprovider = \"digitalocean\"\napp = \"shop\"\n";

    /// A worktree, its private folder and the user's folders, all in one temporary folder.
    struct Home {
        folder: tempfile::TempDir,
        layout: Layout,
        places: Places,
    }

    impl Home {
        fn new() -> Self {
            let folder = tempfile::tempdir().expect("a temporary folder");
            let layout = Layout::new(&folder.path().join("work/.git"), 1);
            let places = Places::new(&folder.path().join("config"), &folder.path().join("state"));
            fs::create_dir_all(layout.private()).expect("the private folder");
            fs::create_dir_all(places.config_dir()).expect("the user's folder");
            Self { folder, layout, places }
        }

        fn worktree(&self) -> PathBuf {
            self.folder.path().join("work")
        }

        fn read(&self, named: Option<&Path>) -> Result<Config, String> {
            let worktree = self.worktree();
            let named = named.map(|path| path.to_string_lossy().into_owned());
            let variable = |name: &str| named.clone().filter(|_| name == config::CONFIG_VARIABLE);
            let sources = Sources {
                layout: &self.layout,
                worktree: Some(&worktree),
                places: Some(&self.places),
                variable: &variable,
            };
            let shown = self.folder.path().to_string_lossy().into_owned();
            read(&sources).map_err(|error| error.to_string().replace(&shown, "~"))
        }
    }

    /// Writes a file that nobody else may write, whatever the umask.
    fn write(path: impl AsRef<Path>, text: &str) {
        fs::write(&path, text).expect("a file is written");
        fs::set_permissions(path, fs::Permissions::from_mode(0o600)).expect("its mode is set");
    }

    #[test]
    fn the_layers_are_found_where_they_belong() {
        let home = Home::new();
        write(home.worktree().join(".afterpush.toml"), WEB);
        write(home.layout.config(), "[watch]\ntimeout = \"1m\"\n");
        write(home.places.user_config(), "[status]\nmirror = true\n");
        let config = home.read(None).expect("all three are right");
        assert_eq!(config.targets.len(), 1);
        assert_eq!((config.watch.timeout.as_secs(), config.status.mirror), (60, true));
    }

    #[test]
    fn what_was_read_before_is_not_taken_for_what_is_there_now() {
        let home = Home::new();
        let mut recent = Recent::default();
        let mut timeout = |text: &str| {
            write(home.layout.config(), text);
            let sources =
                Sources { layout: &home.layout, worktree: None, places: Some(&home.places), variable: &|_: &str| None };
            recent.read(&sources).map(|config| config.watch.timeout.as_secs()).map_err(|error| error.message)
        };
        assert_eq!(timeout("[watch]\ntimeout = \"1m\"\n"), Ok(60));
        assert_eq!(timeout("[watch]\ntimeout = \"1m\"\n"), Ok(60));
        assert_eq!(timeout("[watch]\ntimeout = \"2m\"\n"), Ok(120));
        timeout("broken").expect_err("no settings");
        assert_eq!(timeout("[watch]\ntimeout = \"2m\"\n"), Ok(120));
    }

    #[test]
    fn nothing_at_all_is_no_error() {
        let config = Home::new().read(None).expect("no file is needed");
        assert!(config.targets.is_empty());
    }

    #[test]
    fn a_named_file_takes_the_local_ones_place_and_must_be_there() {
        let home = Home::new();
        write(home.layout.config(), "broken");
        let other = home.folder.path().join("other.toml");
        let missing = home.read(Some(&other)).expect_err("it is not there");
        assert!(missing.starts_with("~/other.toml: the file cannot be read"), "{missing}");
        write(&other, WEB);
        assert_eq!(home.read(Some(&other)).expect("it is right").targets.len(), 1);
        let relative = home.read(Some(Path::new("other.toml"))).expect_err("it is relative");
        assert_eq!(relative, "other.toml: the file named by AFTERPUSH_CONFIG must have an absolute path");
    }

    #[test]
    fn the_tracked_file_is_read_only_if_it_is_a_modest_regular_file() {
        let home = Home::new();
        let tracked = home.worktree().join(".afterpush.toml");
        symlink("/etc/hostname", &tracked).expect("a link");
        assert!(home.read(None).expect_err("a link").ends_with("cannot be read: it is a symbolic link"));
        fs::remove_file(&tracked).expect("the link goes");
        nix::unistd::mkfifo(&tracked, nix::sys::stat::Mode::S_IRWXU).expect("a pipe");
        assert!(home.read(None).expect_err("a pipe").ends_with("cannot be read: it is not a regular file"));
        fs::remove_file(&tracked).expect("the pipe goes");
        fs::write(&tracked, "#".repeat(65 * 1024)).expect("a long file");
        assert!(home.read(None).expect_err("a long file").ends_with("it is larger than 64 KiB"));
    }

    #[test]
    fn the_users_files_count_only_if_nobody_else_may_write_them() {
        for of in [|home: &Home| home.layout.config(), |home: &Home| home.places.user_config()] {
            let home = Home::new();
            write(of(&home), WEB);
            for mode in [0o620, 0o602, 0o666] {
                fs::set_permissions(of(&home), fs::Permissions::from_mode(mode)).expect("a mode");
                assert!(
                    home.read(None)
                        .expect_err("others may write")
                        .contains("can be written by others, so it is not read; run: chmod go-w ~/")
                );
            }
        }
    }

    #[test]
    fn the_noted_worktree_counts_while_it_is_there_then_the_main_one() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let root = folder.path().canonicalize().expect("its real path");
        git2::Repository::init(root.join("main")).expect("a repository");
        git2::Repository::init_bare(root.join("bare.git")).expect("a bare repository");
        fs::create_dir(root.join("other")).expect("a folder");
        let main = Repo::open_common(&root.join("main/.git")).expect("it opens");
        assert_eq!(worktree_for(&main, Some(&root.join("other"))), Some(root.join("main")));
        fs::write(root.join("other/.git"), "gitdir: elsewhere").expect("a worktree's file");
        assert_eq!(worktree_for(&main, Some(&root.join("other"))), Some(root.join("other")));
        assert_eq!(worktree_for(&main, None), Some(root.join("main")));
        let bare = Repo::open_common(&root.join("bare.git")).expect("it opens");
        assert_eq!(worktree_for(&bare, None), None);
    }

    #[test]
    fn the_users_file_may_be_a_link() {
        let home = Home::new();
        let real = home.folder.path().join("dotfiles.toml");
        write(&real, WEB);
        symlink(&real, home.places.user_config()).expect("a link");
        assert_eq!(home.read(None).expect("it is read").targets.len(), 1);
    }
}
