//! A file's text and its TOML, so that each key knows its name and its line.

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::ConfigError;
use super::key;
use super::layer::{Layer, Place, Told};
use super::value::Checked;
use crate::base::text;

/// The text of one layer.
pub(super) struct Page<'a> {
    layer: &'a Layer,
    text: &'a str,
}

/// One key, and what stands behind it.
#[derive(Clone)]
pub(super) struct Entry<'a> {
    page: &'a Page<'a>,
    /// The dotted name, made safe to show.
    pub name: String,
    /// The key as it is written.
    pub key: &'a str,
    pub value: &'a DeValue<'a>,
    offset: usize,
}

impl<'a> Page<'a> {
    /// The layer's text, if it is one.
    pub fn open(layer: &'a Layer) -> Result<Self, ConfigError> {
        let text = std::str::from_utf8(&layer.text).map_err(|why| {
            let before = &layer.text[..why.valid_up_to()];
            place(layer, before).error("the file is not UTF-8 text")
        })?;
        Ok(Self { layer, text })
    }

    /// Its TOML.
    pub fn parse(&self) -> Result<Spanned<DeTable<'a>>, ConfigError> {
        DeTable::parse(self.text).map_err(|why| {
            let at = self.place(why.span().map_or(self.text.len(), |span| span.start));
            at.error(format!("the file is not valid TOML: {}", text::visible(&why.message().replace('\n', ", "))))
        })
    }

    /// The entries of a table by their order in the file.
    pub fn entries(&'a self, prefix: &str, table: &'a DeTable<'a>) -> Vec<Entry<'a>> {
        let mut entries: Vec<_> = table.iter().map(|(key, value)| self.entry(prefix, key, value)).collect();
        entries.sort_by_key(|entry| entry.offset);
        entries
    }

    fn entry(
        &'a self,
        prefix: &str,
        key: &'a Spanned<toml::de::DeString<'a>>,
        value: &'a Spanned<DeValue<'a>>,
    ) -> Entry<'a> {
        let shown = text::visible(key.get_ref());
        let name = if prefix.is_empty() { shown } else { format!("{prefix}.{shown}") };
        Entry { page: self, name, key: key.get_ref(), value: value.get_ref(), offset: key.span().start }
    }

    fn place(&self, offset: usize) -> Place {
        place(self.layer, &self.text.as_bytes()[..offset.min(self.text.len())])
    }
}

impl<'a> Entry<'a> {
    /// Where it stands.
    pub fn place(&self) -> Place {
        self.page.place(self.offset)
    }

    /// The value with its place, or one sentence about it.
    pub fn told<T>(&self, checked: Checked<T>) -> Result<Option<Told<T>>, ConfigError> {
        match checked {
            Ok(value) => Ok(Some(Told { value, at: self.place() })),
            Err(why) => Err(self.error(&why)),
        }
    }

    /// The entries of the table behind it.
    pub fn entries(&self) -> Result<Vec<Entry<'a>>, ConfigError> {
        let wrong = || self.error(&format!("must be a table such as [{}]", self.name));
        Ok(self.page.entries(&self.name, self.value.as_table().ok_or_else(wrong)?))
    }

    /// A sentence about the key: "`name` must be …".
    pub fn error(&self, why: &str) -> ConfigError {
        self.place().error(format!("{} {why}", self.name))
    }

    /// The error of a key that does not exist.
    pub fn unknown(&self, known: &[&str]) -> ConfigError {
        let advice = key::advice(self.key, known);
        self.place().error(format!("unknown key {}; {advice}", self.name))
    }
}

/// The place in the layer after these bytes.
fn place(layer: &Layer, before: &[u8]) -> Place {
    let lines = before.split(|&byte| byte == b'\n').count();
    Place { kind: layer.kind, shown: layer.shown_path.clone(), line: Some(lines) }
}
