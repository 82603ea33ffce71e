//! One file as a sheet: what it tells, each value with its place.

use super::ConfigError;
use super::database::DatabaseSheet;
use super::health::HealthSheet;
use super::key;
use super::layer::{Layer, LayerKind, Place, Told};
use super::page::{Entry, Page};
use super::particulars::ParticularsSheet;
use super::trust::Claim;
use super::value;
use crate::base::Span;
use crate::watch::TokenSource;

/// What one layer tells; what it leaves out is `None`.
#[derive(Debug)]
pub(super) struct Sheet {
    pub kind: LayerKind,
    pub timeout: Option<Told<Span>>,
    pub register_timeout: Option<Told<Span>>,
    pub branches: Option<Told<Vec<String>>>,
    pub remotes: Option<Told<Vec<String>>>,
    pub mirror: Option<Told<bool>>,
    pub keep: Option<Told<Span>>,
    pub env_from_login_shell: Option<Told<bool>>,
    pub targets: Vec<TargetSheet>,
    /// Sensitive keys that were not read because the layer is not the user's own.
    pub untrusted: Vec<Claim>,
    pub database: Option<DatabaseSheet>,
}

/// What one layer tells of one target.
#[derive(Debug)]
pub(super) struct TargetSheet {
    pub name: String,
    pub at: Place,
    pub provider: Option<Told<String>>,
    pub app: Option<Told<String>>,
    pub branches: Option<Told<Vec<String>>>,
    pub paths: Option<Told<Vec<String>>>,
    pub token: Option<Told<TokenSource>>,
    pub base_url: Option<Told<String>>,
    pub particulars: ParticularsSheet,
    pub health: HealthSheet,
    /// Keys that were not read because the layer is not the user's own.
    pub withheld: Vec<String>,
}

/// Reads a whole file, up to the first thing that is wrong in it.
pub(super) fn read(layer: &Layer) -> Result<Sheet, ConfigError> {
    let page = Page::open(layer)?;
    let document = page.parse()?;
    let mut sheet = Sheet::empty(layer.kind);
    for section in page.entries("", document.get_ref()) {
        match section.key {
            "watch" => read_watch(&section, &mut sheet)?,
            "status" => read_status(&section, &mut sheet)?,
            "target" => read_targets(&section, &mut sheet)?,
            "credentials" => read_credentials(&section, &mut sheet)?,
            "database" => read_database(&section, &mut sheet)?,
            _ => return Err(section.unknown(key::TOP)),
        }
    }
    Ok(sheet)
}

fn read_watch(section: &Entry<'_>, sheet: &mut Sheet) -> Result<(), ConfigError> {
    for entry in section.entries()? {
        let value = entry.value;
        match entry.key {
            "timeout" => sheet.timeout = entry.told(value::duration(value, value::limit))?,
            "register_timeout" => sheet.register_timeout = entry.told(value::duration(value, value::limit))?,
            "branches" => sheet.branches = entry.told(value::list(value, value::branch))?,
            "remotes" => sheet.remotes = entry.told(value::list(value, value::plain))?,
            _ => return Err(entry.unknown(key::WATCH)),
        }
    }
    Ok(())
}

fn read_status(section: &Entry<'_>, sheet: &mut Sheet) -> Result<(), ConfigError> {
    for entry in section.entries()? {
        match entry.key {
            "mirror" => sheet.mirror = entry.told(value::boolean(entry.value))?,
            "keep" => sheet.keep = entry.told(value::duration(entry.value, value::keep))?,
            _ => return Err(entry.unknown(key::STATUS)),
        }
    }
    Ok(())
}

fn read_credentials(section: &Entry<'_>, sheet: &mut Sheet) -> Result<(), ConfigError> {
    let is_withheld = sheet.withhold("", section);
    for entry in section.entries()? {
        match entry.key {
            "env_from_login_shell" => {
                let told = entry.told(value::boolean(entry.value))?;
                sheet.env_from_login_shell = told.filter(|_| !is_withheld);
            }
            _ => return Err(entry.unknown(key::CREDENTIALS)),
        }
    }
    Ok(())
}

fn read_database(section: &Entry<'_>, sheet: &mut Sheet) -> Result<(), ConfigError> {
    let told = DatabaseSheet::read(section)?;
    sheet.database = Some(told).filter(|_| !sheet.withhold("", section));
    Ok(())
}

fn read_targets(section: &Entry<'_>, sheet: &mut Sheet) -> Result<(), ConfigError> {
    for table in section.entries()? {
        if table.value.as_table().is_none() {
            return Err(table.error("must be a table; name the target, for example [target.web]"));
        }
        if !value::is_target_name(table.key) {
            return Err(table.error("is no name for a target; use up to 64 letters, digits, \"-\" and \"_\""));
        }
        let mut target = TargetSheet::empty(table.key, table.place());
        for entry in table.entries()? {
            if sheet.withhold("target", &entry) {
                target.withheld.push(entry.key.to_owned());
            } else {
                read_target(&entry, &mut target, sheet)?;
            }
        }
        sheet.targets.push(target);
    }
    Ok(())
}

fn read_target(entry: &Entry<'_>, target: &mut TargetSheet, sheet: &mut Sheet) -> Result<(), ConfigError> {
    let value = entry.value;
    match entry.key {
        "provider" => target.provider = entry.told(value::provider(value))?,
        "app" => target.app = entry.told(value::app(value))?,
        "branches" => target.branches = entry.told(value::list(value, value::branch))?,
        "paths" => target.paths = entry.told(value::list(value, value::glob))?,
        "token" => target.token = entry.told(value::token(value))?,
        "base_url" => target.base_url = entry.told(value::base_url(value))?,
        "health" => {
            for entry in entry.entries()? {
                if !sheet.withhold("health", &entry) {
                    target.health.read(&entry)?;
                }
            }
        }
        _ if target.particulars.read(entry)? => {}
        _ => return Err(entry.unknown(key::TARGET)),
    }
    Ok(())
}

impl Sheet {
    /// A layer that tells nothing.
    pub fn empty(kind: LayerKind) -> Self {
        Self {
            kind,
            timeout: None,
            register_timeout: None,
            branches: None,
            remotes: None,
            mirror: None,
            keep: None,
            env_from_login_shell: None,
            targets: Vec::new(),
            untrusted: Vec::new(),
            database: None,
        }
    }

    /// Notes a sensitive key of a layer that is not the user's own; `false` where the key may be read.
    fn withhold(&mut self, table: &str, entry: &Entry<'_>) -> bool {
        let withheld = !self.kind.is_own() && key::is_sensitive(table, entry.key);
        if withheld {
            self.untrusted.push(Claim::of(entry));
        }
        withheld
    }
}

impl TargetSheet {
    /// Where a key is told that not every provider reads.
    pub fn place(&self, key: &str) -> Option<&Place> {
        match key {
            "app" => self.app.as_ref().map(|told| &told.at),
            "token" => self.token.as_ref().map(|told| &told.at),
            "base_url" => self.base_url.as_ref().map(|told| &told.at),
            _ => self.particulars.place(key),
        }
    }

    /// The URL it names.
    pub fn url(&self) -> Option<&Told<String>> {
        self.base_url.as_ref().or(self.particulars.url.as_ref())
    }

    fn empty(name: &str, at: Place) -> Self {
        Self {
            name: name.to_owned(),
            at,
            provider: None,
            app: None,
            branches: None,
            paths: None,
            token: None,
            base_url: None,
            particulars: ParticularsSheet::default(),
            health: HealthSheet::default(),
            withheld: Vec::new(),
        }
    }
}
