//! `[database]`: where the team's deployments table is, and what of it cannot be found out.

use std::collections::BTreeMap;
use std::path::PathBuf;

use toml::de::DeValue;

use super::ConfigError;
use super::key;
use super::layer::{Place, Told, pick};
use super::page::Entry;
use super::value::{self, Checked};
use crate::watch::{Columns, Database, DatabaseUrl, State, Table, TokenSource};

/// What one layer tells of the database.
#[derive(Debug)]
pub(super) struct DatabaseSheet {
    pub at: Place,
    pub url: Option<Told<DatabaseUrl>>,
    pub ca: Option<Told<PathBuf>>,
    pub table: Option<Told<String>>,
    pub columns: Option<Told<Columns>>,
    pub states: Option<Told<BTreeMap<String, State>>>,
}

impl DatabaseSheet {
    /// Reads the whole section.
    pub fn read(section: &Entry<'_>) -> Result<Self, ConfigError> {
        let at = section.place();
        let mut sheet = Self { at, url: None, ca: None, table: None, columns: None, states: None };
        for entry in section.entries()? {
            let value = entry.value;
            match entry.key {
                "url" => sheet.url = entry.told(url(value))?,
                "ca" => sheet.ca = entry.told(ca(value))?,
                "table" => sheet.table = entry.told(table(value))?,
                "columns" => sheet.columns = entry.told(columns(value))?,
                "states" => sheet.states = entry.told(value::states(value))?,
                _ => return Err(entry.unknown(key::DATABASE)),
            }
        }
        Ok(sheet)
    }
}

/// All that is told of the database, the strongest layer first; `None` where no layer has the section.
pub(super) fn merge<'a>(sheets: impl Iterator<Item = &'a DatabaseSheet> + Clone) -> Option<Database> {
    sheets.clone().next()?;
    let mut table = Table::default();
    if let Some(name) = pick(sheets.clone(), |sheet| &sheet.table) {
        table.name = name;
    }
    table.columns = pick(sheets.clone(), |sheet| &sheet.columns).unwrap_or_default();
    table.words = pick(sheets.clone(), |sheet| &sheet.states).unwrap_or_default();
    let parts = DatabaseUrl::Told(TokenSource::Chain);
    let url = pick(sheets.clone(), |sheet| &sheet.url).unwrap_or(parts);
    Some(Database { url, ca: pick(sheets, |sheet| &sheet.ca), table })
}

/// Where the URL is told; only that of an SQLite file, which holds no secret, may stand here itself.
fn url(value: &DeValue<'_>) -> Checked<DatabaseUrl> {
    const WANTED: &str = "must say where the URL is, never hold it: { env = \"DATABASE_URL\" }, \
                          { command = \"WORDS\" } or { file = \"/PATH\" }; only sqlite:///PATH may stand here";
    let Some(text) = value.as_str() else {
        return value::source(value, WANTED).map(DatabaseUrl::Told);
    };
    let path = text.strip_prefix("sqlite://").or_else(|| text.strip_prefix("sqlite:")).ok_or(WANTED)?;
    if !path.starts_with('/') || path.contains(['?', '#', '\0']) {
        return Err("must be sqlite:// and the absolute path of a file".to_owned());
    }
    Ok(DatabaseUrl::File(path.into()))
}

fn ca(value: &DeValue<'_>) -> Checked<PathBuf> {
    let path = value::string(value, "the path of a file in quotes")?;
    if path.starts_with('/') { Ok(path.into()) } else { Err("must be an absolute path".to_owned()) }
}

fn table(value: &DeValue<'_>) -> Checked<String> {
    let name = value::string(value, "a table's name in quotes")?.to_owned();
    Table { name: name.clone(), ..Table::default() }.check().map(|()| name)
}

fn columns(value: &DeValue<'_>) -> Checked<Columns> {
    const WANTED: &str = "a table such as { commit = \"commitSha\", status = \"status\" }";
    let mut columns = Columns::default();
    for (key, column) in value.as_table().ok_or_else(|| value::wrong_type(value, WANTED))? {
        let key = key.get_ref().as_ref();
        let place = columns.named_mut(key).ok_or_else(|| value::unknown_inside(key, Columns::KEYS))?;
        *place = Some(value::string(column.get_ref(), WANTED)?.to_owned());
    }
    Table { columns: columns.clone(), ..Table::default() }.check().map(|()| columns)
}
