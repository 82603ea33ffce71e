//! The check of afterpush's own files: is what lies in their places what it puts there, and closed to others?

use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use nix::sys::stat::{SFlag, lstat};
use nix::unistd::geteuid;

use super::Patient;
use super::check::Check;
use crate::base::Layout;
use crate::host::files::{called, kind};
use crate::host::sharing::Sharing;
use crate::store;

const ID: &str = "permissions";
/// Of more files than this the cure names the folder.
const MOST_NAMED: usize = 3;

/// What is wrong with something that lies there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fault {
    /// Where a folder or a file belongs there is this.
    Displaced(&'static str),
    /// It has a second name, by which another program could change it.
    SecondName,
    /// It belongs to another user.
    Foreign,
    /// Others may write it.
    Writable,
    /// The folder lets others in; what lies in a closed one may be as readable as it likes.
    Open,
}

/// A check for each thing that keeps a monitor from working, one for each way in which others get at what is private.
pub(super) fn permissions(patient: &Patient<'_>) -> Vec<Check> {
    let layout = &patient.place.layout;
    let faults = faults(layout, patient.place.repo.shared_repository());
    if faults.is_empty() {
        return vec![if layout.private().is_dir() {
            Check::ok(ID, "what is private is closed to others")
        } else {
            Check::skipped(ID, "nothing private is there yet")
        }];
    }
    let unusable = faults.iter().filter_map(|(path, fault)| unusable(path, *fault));
    let exposed = [
        (Fault::Foreign, "belongs to another user", format!("chown {}", geteuid())),
        (Fault::Writable, "can be written by others", "chmod go-w".to_owned()),
        (Fault::Open, "lets others in", "chmod go=".to_owned()),
    ];
    let exposed = exposed.into_iter().filter_map(|(fault, how, cure)| {
        let paths = faults.iter().filter(|(_, found)| *found == fault).map(|(path, _)| path.as_path());
        exposed_by(&paths.collect::<Vec<_>>(), layout.private(), how, &cure)
    });
    unusable.chain(exposed).collect()
}

fn unusable(path: &Path, fault: Fault) -> Option<Check> {
    let (name, shown) = (quoted(path), path.display());
    Some(match fault {
        Fault::Displaced(what) => {
            let detail = format!("{shown} is {what}, which afterpush did not put there and does not use");
            Check::failed(ID, detail, format!("mv {name} {}; the next monitor makes it anew", quoted(&beside(path))))
        }
        Fault::SecondName => {
            let copy = quoted(&beside(path));
            let detail = format!("{shown} has a second name (a hard link), so it is not used");
            Check::failed(ID, detail, format!("afterpush daemon stop; cp -p {name} {copy} && mv {copy} {name}"))
        }
        Fault::Foreign | Fault::Writable | Fault::Open => return None,
    })
}

fn exposed_by(paths: &[&Path], private: &Path, how: &str, cure: &str) -> Option<Check> {
    let first = paths.first()?.display();
    let more = if paths.len() > 1 { format!(" (and {} more like it)", paths.len() - 1) } else { String::new() };
    let (deep, named) = if paths.len() > MOST_NAMED { (" -R", &[private][..]) } else { ("", paths) };
    let named: Vec<_> = named.iter().map(|path| quoted(path)).collect();
    let (program, rest) = cure.split_once(' ')?;
    Some(Check::failed(ID, format!("{first} {how}{more}"), format!("{program}{deep} {rest} {}", named.join(" "))))
}

fn quoted(path: &Path) -> String {
    shell_words::quote(&path.to_string_lossy()).into_owned()
}

fn beside(path: &Path) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(".aside");
    name.into()
}

/// All that is wrong, what lies further up first. No link is followed, and below what cannot be used nothing is looked
/// at.
fn faults(layout: &Layout, sharing: Sharing) -> Vec<(PathBuf, Fault)> {
    let mut found: Vec<(PathBuf, Fault)> = Vec::new();
    for (path, wanted) in expected(layout) {
        if !found.iter().any(|(above, _)| path.starts_with(above)) {
            let may_be_anothers = sharing.is_shared() || path.starts_with(layout.private());
            found.extend(displaced(&path, wanted, may_be_anothers).map(|fault| (path, fault)));
        }
    }
    if !found.iter().any(|(path, _)| layout.private().starts_with(path)) {
        collect_exposed(layout.private(), (0o077, Fault::Open), 3, &mut found);
    }
    found
}

/// What a monitor cannot work without having it to itself.
fn expected(layout: &Layout) -> impl Iterator<Item = (PathBuf, SFlag)> {
    let inbox = layout.inbox();
    let parts = ["tmp", "new", "bad"].map(|name| inbox.join(name));
    let folders = [layout.root().to_owned(), layout.status_dir(), layout.private().to_owned(), inbox, layout.logs()];
    let files = [layout.lock(), layout.monitor_log()].into_iter().chain(store::files(&layout.store()));
    let folders = folders.into_iter().chain(parts).map(|path| (path, SFlag::S_IFDIR));
    folders.chain(files.map(|path| (path, SFlag::S_IFREG)))
}

fn displaced(path: &Path, wanted: SFlag, may_be_anothers: bool) -> Option<Fault> {
    let stat = lstat(path).ok()?;
    if kind(&stat) != wanted {
        Some(Fault::Displaced(called(kind(&stat))))
    } else if wanted == SFlag::S_IFREG && stat.st_nlink > 1 {
        Some(Fault::SecondName)
    } else {
        (stat.st_uid != geteuid().as_raw() && !may_be_anothers).then_some(Fault::Foreign)
    }
}

/// What others get at, no deeper than a monitor writes; it is a fault if one of these bits is set.
fn collect_exposed(path: &Path, (bits, fault): (u32, Fault), depth: usize, found: &mut Vec<(PathBuf, Fault)>) {
    let Ok(about) = fs::symlink_metadata(path) else { return };
    let is_new = found.iter().all(|(known, _)| known != path);
    if is_new && about.uid() != geteuid().as_raw() {
        found.push((path.to_owned(), Fault::Foreign));
    } else if is_new && about.mode() & bits != 0 && !about.is_symlink() {
        found.push((path.to_owned(), fault));
    }
    if depth > 0 && about.is_dir() {
        let entries = fs::read_dir(path).into_iter().flatten().flatten();
        entries.for_each(|entry| collect_exposed(&entry.path(), (0o022, Fault::Writable), depth - 1, found));
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::{PermissionsExt, symlink};

    use super::*;

    /// The files of a repository after its first monitor.
    fn layout(folder: &Path) -> Layout {
        let layout = Layout::new(folder, 1);
        for path in ["tmp", "new", "bad"].map(|name| layout.inbox().join(name)).iter().chain([&layout.status_dir()]) {
            fs::create_dir_all(path).expect("folders");
        }
        for file in [layout.lock(), layout.monitor_log(), layout.store(), layout.inbox().join("new/request")] {
            fs::write(&file, "").expect("a file");
            set_mode(&file, 0o644);
        }
        for path in [layout.inbox(), layout.private().to_owned()] {
            set_mode(&path, 0o700);
        }
        layout
    }

    fn set_mode(path: &Path, mode: u32) {
        fs::set_permissions(path, fs::Permissions::from_mode(mode)).expect("a mode");
    }

    #[test]
    fn what_others_could_touch_is_found() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        assert_eq!(faults(&Layout::new(folder.path(), 1), Sharing::Umask), []);
        let layout = layout(folder.path());
        assert_eq!(faults(&layout, Sharing::Umask), [], "nobody gets to what a closed folder holds");
        let request = layout.inbox().join("new/request");
        set_mode(&request, 0o620);
        assert_eq!(faults(&layout, Sharing::Umask), [(request.clone(), Fault::Writable)]);
        for mode in [0o750, 0o770] {
            set_mode(layout.private(), mode);
            let private = (layout.private().to_owned(), Fault::Open);
            assert_eq!(faults(&layout, Sharing::Umask), [private, (request.clone(), Fault::Writable)]);
        }
    }

    #[test]
    fn whatever_lies_in_the_place_of_ours_is_found() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let layout = layout(folder.path());
        let aside = folder.path().join("aside");
        for (path, _) in expected(&layout) {
            let was_there = fs::rename(&path, &aside).is_ok();
            symlink(&aside, &path).expect("a link");
            assert_eq!(faults(&layout, Sharing::Umask), [(path.clone(), Fault::Displaced("a symbolic link"))]);
            fs::remove_file(&path).expect("the link goes");
            nix::unistd::mkfifo(&path, nix::sys::stat::Mode::S_IRWXU).expect("a pipe");
            assert_eq!(faults(&layout, Sharing::Umask), [(path.clone(), Fault::Displaced("a pipe"))]);
            fs::remove_file(&path).expect("the pipe goes");
            if was_there {
                fs::rename(&aside, &path).expect("back in its place");
            }
            if path.is_file() {
                fs::hard_link(&path, &aside).expect("a second name");
                assert_eq!(faults(&layout, Sharing::Umask), [(path, Fault::SecondName)]);
                fs::remove_file(&aside).expect("the second name goes");
            }
        }
        assert_eq!(faults(&layout, Sharing::Umask), []);
    }
}
