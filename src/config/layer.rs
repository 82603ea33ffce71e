//! Where settings are told: the layers in their order of precedence, and the place of one setting in them.

use std::fmt;

use super::ConfigError;

/// The kinds of layers, the strongest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum LayerKind {
    /// `AFTERPUSH_*` variables.
    Environment,
    /// The user's own file for this repository, or the one `AFTERPUSH_CONFIG` names.
    Local,
    /// `.afterpush.toml`, where `afterpush trust` allowed what is sensitive in it.
    Trusted,
    /// `.afterpush.toml`, which comes with the clone.
    Tracked,
    /// The user's own file for all repositories.
    User,
}

impl LayerKind {
    /// The user's own word, or one the user has agreed to. What comes with a clone is somebody else's.
    pub fn is_own(self) -> bool {
        self != Self::Tracked
    }

    /// How a person is told of it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Environment => "environment",
            Self::Local => "local",
            Self::Trusted | Self::Tracked => "tracked",
            Self::User => "user",
        }
    }
}

/// One configuration file that exists.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Layer {
    /// Whose it is.
    pub kind: LayerKind,
    /// Its path as people are shown it.
    pub shown_path: String,
    /// What is in it.
    pub text: Vec<u8>,
}

impl Layer {
    /// A file of this kind.
    pub fn new(kind: LayerKind, shown_path: impl Into<String>, text: impl Into<Vec<u8>>) -> Self {
        Self { kind, shown_path: shown_path.into(), text: text.into() }
    }
}

/// All that is told about one repository, in any order; each kind at most once.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Layers {
    /// The files.
    pub files: Vec<Layer>,
    /// The variables of [`VARIABLES`](super::VARIABLES) that are set.
    pub variables: Vec<(String, String)>,
    /// Where the user's own settings for this repository go, for advice.
    pub local_path: String,
}

/// Where one setting was told.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Place {
    /// In which layer.
    pub kind: LayerKind,
    /// The file, or the variable.
    pub shown: String,
    /// The line in the file, from 1.
    pub line: Option<usize>,
}

impl Place {
    /// An error about what is told here.
    pub(super) fn error(&self, message: impl Into<String>) -> ConfigError {
        ConfigError { message: message.into(), file: self.shown.clone(), line: self.line, hint: None }
    }
}

/// `file:line`, or the variable's name.
impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.shown)?;
        self.line.map_or(Ok(()), |line| write!(f, ":{line}"))
    }
}

/// A value, and where it was told.
#[derive(Clone, Debug)]
pub(super) struct Told<T> {
    pub value: T,
    pub at: Place,
}

/// The value that the first of these sheets tells, the strongest layer's.
pub(super) fn pick<'a, S: 'a, T: Clone + 'a>(
    mut sheets: impl Iterator<Item = &'a S>,
    of: impl Fn(&'a S) -> &'a Option<Told<T>>,
) -> Option<T> {
    sheets.find_map(|sheet| of(sheet).as_ref()).map(|told| told.value.clone())
}
