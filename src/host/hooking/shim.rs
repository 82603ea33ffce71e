//! The words that run `afterpush-hook`: as a hook file, as a command in the configuration, as a line in a script.
//!
//! All of them turn whatever becomes of the program into success, for a hook that fails refuses the push.

use std::path::{Path, PathBuf};

use super::{HookingError, shown};

/// The hook file as it is installed, apart from the program's path.
const TEMPLATE: &str = include_str!("../../../hooks/pre-push");
/// What stands for the path.
const PATH: &str = "@AFTERPUSH_HOOK@";
/// What tells a text of ours from another; the version follows.
pub(super) const MARK: &str = "afterpush hook v";
/// The last line of a hook file whose folder was not there before.
const NEW_FOLDER: &str = "# Its folder was made for it.\n";

/// What one of our texts says of itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Shim {
    /// Rises with every change of the text.
    pub(super) version: u32,
    /// Where it looks for the program first.
    pub(super) program: Option<PathBuf>,
    /// Its folder was made for it.
    pub(super) has_new_folder: bool,
}

/// A hook file of ours, of this very version, is not as it was written.
pub(super) fn is_edited(bytes: &[u8]) -> bool {
    let Some(shim) = read(bytes).filter(|shim| shim.version == version()) else { return false };
    let written = shim.program.and_then(|program| file(&program, shim.has_new_folder).ok());
    written.as_deref() != Some(bytes)
}

/// Reads a text; `None` if it is not one of ours.
pub(super) fn read(bytes: &[u8]) -> Option<Shim> {
    let text = String::from_utf8_lossy(bytes);
    let version = version_in(&text)?;
    let program = text.split("hook=").skip(1).find_map(path_in);
    Some(Shim { version, program, has_new_folder: text.ends_with(NEW_FOLDER) })
}

/// The version of the texts this program writes.
pub(super) fn version() -> u32 {
    version_in(TEMPLATE).expect("the template names its version")
}

/// The hook file.
pub(super) fn file(program: &Path, has_new_folder: bool) -> Result<Vec<u8>, HookingError> {
    let mut text = TEMPLATE.replace(&format!("'{PATH}'"), &quoted(program)?);
    if has_new_folder {
        text.push_str(NEW_FOLDER);
    }
    Ok(text.into_bytes())
}

/// The command for `hook.afterpush.command`. git appends `"$@"` and runs it with `sh -c`.
pub(super) fn command(program: &Path) -> Result<String, HookingError> {
    note(program, "pre-push", "git config --remove-section hook.afterpush")
}

/// The same for every repository of a user: the program is silent where nothing is configured.
pub(super) fn command_where_configured(program: &Path) -> Result<String, HookingError> {
    note(program, "--if-configured pre-push", "git config --global --remove-section hook.afterpush")
}

/// A function that cannot fail, not even where the shell may start no process, and its call. An event without a
/// command makes git refuse to push, so both are removed at once.
fn note(program: &Path, words: &str, removal: &str) -> Result<String, HookingError> {
    let gone = format!(
        "afterpush: its program is gone, so this push is not watched; reinstall it, or remove this hook: {removal}"
    );
    let find = "[ -x \"$hook\" ] || hook=$(command -v afterpush-hook)";
    Ok(format!(
        ": {MARK}{}; note() {{ trap 'exit 0' EXIT; hook={}; {find} || {{ echo '{gone}' >&2; return 0; }}; \"$hook\" {words} \"$@\" || :; }}; note",
        version(),
        quoted(program)?
    ))
}

/// One line for a script of somebody else's.
pub(super) fn line(program: &Path) -> Result<String, HookingError> {
    let program = quoted(program)?;
    Ok(format!("[ ! -x {program} ] || {program} pre-push \"$@\" || :"))
}

/// The program's path as a word of the shell.
pub(super) fn quoted(program: &Path) -> Result<String, HookingError> {
    let path = program.to_str().ok_or_else(|| HookingError::OddPath(shown(program)))?;
    Ok(format!("'{}'", path.replace('\'', "'\\''")))
}

/// The program that a call in somebody else's text names by its path; `None` where `PATH` has to lead to it.
pub(super) fn called(text: &str) -> Option<PathBuf> {
    const NAME: &str = "afterpush-hook";
    let at = text.find(NAME)?;
    let quote = text[at + NAME.len()..].chars().next().filter(|next| ['\'', '"'].contains(next));
    let is_before = |c: char| quote.map_or(c.is_whitespace(), |quote| c == quote);
    let start = text[..at].rfind(is_before).map_or(0, |before| before + usize::from(quote.is_none()));
    path_in(&text[start..])
}

fn version_in(text: &str) -> Option<u32> {
    let (_, rest) = text.lines().take(3).find_map(|line| line.split_once(MARK))?;
    let digits = rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len());
    rest[..digits].parse().ok()
}

/// The first word of a shell text, if it is a path.
fn path_in(text: &str) -> Option<PathBuf> {
    let line = text.lines().next()?;
    let end = line.find([';', '\n']).unwrap_or(line.len());
    let word = shell_words::split(&line[..end]).ok()?.into_iter().next()?;
    let path = match word.strip_prefix("$HOME/") {
        Some(rest) => std::env::home_dir()?.join(rest),
        None => PathBuf::from(word),
    };
    path.is_absolute().then_some(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_text_says_its_version_and_its_program() {
        let program = Path::new("/home/o'hara/my bin/afterpush-hook");
        let texts = [
            file(program, false).expect("text"),
            file(program, true).expect("text"),
            command(program).expect("text").into_bytes(),
            command_where_configured(program).expect("text").into_bytes(),
        ];
        for (at, text) in texts.iter().enumerate() {
            let expected = Shim { version: version(), program: Some(program.to_path_buf()), has_new_folder: at == 1 };
            assert_eq!(read(text), Some(expected), "{}", String::from_utf8_lossy(text));
            assert!(!String::from_utf8_lossy(text).contains(PATH));
        }
    }

    #[test]
    fn a_call_names_its_program_or_leaves_it_to_the_path() {
        let program = Path::new("/my bin/afterpush-hook");
        for (text, named) in [
            (line(program).expect("text"), Some("/my bin/afterpush-hook")),
            ("      run: /bin/afterpush-hook pre-push {0} || true".to_owned(), Some("/bin/afterpush-hook")),
            ("\"/my bin/afterpush-hook\" pre-push".to_owned(), Some("/my bin/afterpush-hook")),
            ("afterpush-hook pre-push \"$@\" || :".to_owned(), None),
            ("#!/bin/sh\n./afterpush-hook".to_owned(), None),
            ("true".to_owned(), None),
        ] {
            assert_eq!(called(&text), named.map(PathBuf::from), "{text}");
        }
    }

    #[test]
    fn another_hook_is_not_ours() {
        for text in ["", "#!/bin/sh\nexec git lfs pre-push \"$@\"\n", "#!/bin/sh\n\n\n\n# afterpush hook v1\n"] {
            assert_eq!(read(text.as_bytes()), None, "{text}");
        }
    }
}
