//! The layers become one configuration: the strongest that tells a value has it, and a token stays with the
//! provider it was named for.

use std::collections::BTreeMap;

use super::layer::{Layers, Place, Told};
use super::read::{self, Sheet, TargetSheet};
use super::registry::{self, Listed, Registry};
use super::{
    Config, ConfigError, CredentialSettings, LayerKind, StatusSettings, TargetSettings, UNTRUSTED, WatchSettings,
    database, health, key, particulars, variable,
};
use crate::provider::Address;
use crate::watch::{Database, NO_PROVIDER, Particulars, Target, TargetName, TokenSource, Warning};
use crate::wire;

/// Reads all layers. The first thing that is wrong is the error; what is merely ignored is a warning.
pub fn load(layers: &Layers) -> Result<Config, ConfigError> {
    let config = load_for(layers, &registry::all())?;
    config.targets.iter().try_for_each(|settings| registry::check(&config, &settings.target))?;
    Ok(config)
}

/// The same for other providers than those of this version.
pub(super) fn load_for(layers: &Layers, registry: Registry<'_>) -> Result<Config, ConfigError> {
    let mut sheets = vec![variable::read(&layers.variables)?];
    for layer in &layers.files {
        sheets.push(read::read(layer)?);
    }
    sheets.sort_by_key(|sheet| sheet.kind);
    let mut merge = Merge { sheets: &sheets, registry, origins: BTreeMap::new(), left_out: Vec::new() };
    let (watch, status, credentials, targets) = (merge.watch(), merge.status(), merge.credentials(), merge.targets()?);
    let (origins, left_out) = (merge.origins, merge.left_out);
    let warnings = warnings(&sheets, &layers.local_path, &left_out);
    Ok(Config { watch, targets, status, credentials, warnings, origins })
}

struct Merge<'a> {
    /// The strongest first.
    sheets: &'a [Sheet],
    registry: Registry<'a>,
    origins: BTreeMap<String, Place>,
    /// Targets that lack what may stand only in a file of the user's own.
    left_out: Vec<String>,
}

impl Merge<'_> {
    fn watch(&mut self) -> WatchSettings {
        let built_in = WatchSettings::default();
        WatchSettings {
            timeout: self.pick("watch.timeout", |s| s.timeout.as_ref()).unwrap_or(built_in.timeout),
            register_timeout: self
                .pick("watch.register_timeout", |s| s.register_timeout.as_ref())
                .unwrap_or(built_in.register_timeout),
            branches: self.pick("watch.branches", |s| s.branches.as_ref()),
            remotes: self.pick("watch.remotes", |s| s.remotes.as_ref()).unwrap_or(built_in.remotes),
        }
    }

    fn status(&mut self) -> StatusSettings {
        let built_in = StatusSettings::default();
        StatusSettings {
            mirror: self.pick("status.mirror", |s| s.mirror.as_ref()).unwrap_or(built_in.mirror),
            keep: self.pick("status.keep", |s| s.keep.as_ref()).unwrap_or(built_in.keep),
        }
    }

    fn credentials(&mut self) -> CredentialSettings {
        let told = self.pick("credentials.env_from_login_shell", |s| s.env_from_login_shell.as_ref());
        CredentialSettings { env_from_login_shell: told.unwrap_or_default() }
    }

    /// The value of the strongest sheet that tells it.
    fn pick<T: Clone>(&mut self, key: &str, told: impl Fn(&Sheet) -> Option<&Told<T>>) -> Option<T> {
        let first = self.sheets.iter().find_map(told)?;
        self.origins.insert(key.to_owned(), first.at.clone());
        Some(first.value.clone())
    }

    fn targets(&mut self) -> Result<Vec<TargetSettings>, ConfigError> {
        let sheets = self.sheets.iter().filter_map(|sheet| sheet.database.as_ref());
        self.origins.extend(sheets.clone().next().map(|sheet| ("database".to_owned(), sheet.at.clone())));
        let database = database::merge(sheets);
        let is_database_withheld = self.sheets.iter().flat_map(|s| &s.untrusted).any(|claim| claim.key == "database");
        let mut targets = Vec::new();
        for name in self.target_names() {
            let layers: Vec<_> = self.sheets.iter().flat_map(|s| &s.targets).filter(|t| t.name == name).collect();
            let whole = Whole { name: &name, layers: &layers, is_database_withheld };
            match whole.settings(self.registry, database.as_ref())? {
                Some((settings, origins)) => {
                    self.origins.extend(origins);
                    targets.push(settings);
                }
                None => self.left_out.push(name),
            }
        }
        Ok(targets)
    }

    /// The names as a reader of the files would list them: the shared file's first, then what the user adds. What
    /// stands only in the user's file for all repositories is a default for targets of that name and none itself,
    /// unless it names what the provider cannot do without.
    fn target_names(&self) -> Vec<String> {
        let mut names: Vec<String> = Vec::new();
        for kind in [LayerKind::Trusted, LayerKind::Tracked, LayerKind::Local, LayerKind::User] {
            for target in self.sheets.iter().filter(|s| s.kind == kind).flat_map(|s| &s.targets) {
                let names_one = ["app", "url", "command"].iter().any(|key| target.place(key).is_some());
                let is_one = kind != LayerKind::User || names_one;
                if is_one && !names.contains(&target.name) {
                    names.push(target.name.clone());
                }
            }
        }
        names
    }
}

/// A target, and where each of its settings was told.
type Settings = (TargetSettings, Vec<(String, Place)>);

/// All that is told about one target, the strongest first (never empty).
struct Whole<'a> {
    name: &'a str,
    layers: &'a [&'a TargetSheet],
    is_database_withheld: bool,
}

/// What to say where neither a provider nor a table is named.
const WITHOUT_SOURCE: &str = "provider = \"none\" lets the deployments table decide: add [database] to a file of your \
                              own; where only an endpoint tells what is served, use provider = \"http\"";

impl Whole<'_> {
    /// The target and where each of its settings was told; `None` where what it cannot do without stands only in a
    /// file that comes with the clone.
    fn settings(&self, registry: Registry<'_>, database: Option<&Database>) -> Result<Option<Settings>, ConfigError> {
        let provider = self.told(|t| t.provider.as_ref()).ok_or_else(|| self.missing_provider(registry))?;
        let listed = registry::find(provider, registry)?;
        self.check_keys(listed)?;
        if let Some(missing) = listed.keys.required.iter().find(|key| self.place(key).is_none()) {
            let is_withheld = self.layers.iter().any(|target| target.withheld.iter().any(|key| key == missing));
            return if is_withheld { Ok(None) } else { Err(self.lacks(&particulars::lacking(missing))) };
        }
        if listed.name == NO_PROVIDER && database.is_none() {
            // The section may stand in a file that comes with the clone.
            return if self.is_database_withheld { Ok(None) } else { Err(provider.at.error(WITHOUT_SOURCE)) };
        }
        let (branches, paths) = (self.told(|t| t.branches.as_ref()), self.told(|t| t.paths.as_ref()));
        let (token, url) = (self.told(|t| t.token.as_ref()), self.told(TargetSheet::url));
        self.check_owner(token, "token", provider)?;
        self.check_owner(url, if listed.address == Address::Url { "url" } else { "base_url" }, provider)?;
        self.check_origin(token, url)?;
        let target = Target {
            name: TargetName::new(self.name),
            provider: provider.value.clone(),
            app: self.value(|t| t.app.as_ref()).unwrap_or_default(),
            base_url: url
                .map_or_else(|| listed.address.usual().unwrap_or_default().to_owned(), |url| url.value.clone()),
            token: token.map_or(TokenSource::Chain, |source| source.value.clone()),
            paths: paths.map(|list| list.value.clone()).unwrap_or_default(),
            environment: self.value(|t| t.particulars.environment.as_ref()),
            particulars: self.particulars(),
            health: health::merge(self.layers.iter().map(|target| &target.health)),
            database: database.cloned(),
        };
        let common =
            [("provider", Some(&provider.at)), ("branches", branches.map(|t| &t.at)), ("paths", paths.map(|t| &t.at))];
        let common = common.map(|(key, at)| (key.to_owned(), at));
        let particular = key::PARTICULAR.iter().chain(&["environment"]).map(|key| ((*key).to_owned(), self.place(key)));
        let health = key::HEALTH.iter().map(|key| (format!("health.{key}"), self.place_of_health(key)));
        let told = common.into_iter().chain(particular).chain(health);
        let origins = told.filter_map(|(key, at)| Some((format!("target.{}.{key}", self.name), at?.clone()))).collect();
        Ok(Some((TargetSettings { target, branches: branches.map(|list| list.value.clone()) }, origins)))
    }

    fn particulars(&self) -> Particulars {
        Particulars {
            workflow: self.value(|t| t.particulars.workflow.as_ref()),
            command: self.value(|t| t.particulars.command.as_ref()).unwrap_or_default(),
            limit: self.value(|t| t.particulars.limit.as_ref()),
            pointers: self.value(|t| t.particulars.pointers.as_ref()).unwrap_or_default(),
            states: self.value(|t| t.particulars.states.as_ref()).unwrap_or_default(),
        }
    }

    /// Where the strongest layer that tells a key tells it.
    fn place(&self, key: &str) -> Option<&Place> {
        self.layers.iter().find_map(|target| target.place(key))
    }

    fn place_of_health(&self, key: &str) -> Option<&Place> {
        self.layers.iter().find_map(|target| target.health.place(key))
    }

    fn value<T: Clone>(&self, of: impl Fn(&TargetSheet) -> Option<&Told<T>>) -> Option<T> {
        self.told(of).map(|told| told.value.clone())
    }

    /// A key its provider does not read is most likely a mistake, and never without one.
    fn check_keys(&self, listed: &Listed) -> Result<(), ConfigError> {
        let reads = |key: &str| listed.keys.required.contains(&key) || listed.keys.optional.contains(&key);
        let Some((key, at)) =
            key::PARTICULAR.iter().filter(|key| !reads(key)).find_map(|key| Some((key, self.place(key)?)))
        else {
            return Ok(());
        };
        Err(at.error(format!(
            "target.{}.{key} is not read by provider \"{}\", which reads {}",
            self.name,
            listed.name,
            particulars::listed(listed.keys)
        )))
    }

    fn told<T>(&self, of: impl Fn(&TargetSheet) -> Option<&Told<T>>) -> Option<&Told<T>> {
        self.layers.iter().find_map(|&target| of(target))
    }

    /// A token or `base_url` goes with the provider its own file names, else the one another of the user's files
    /// names; a stronger layer cannot hand it to somebody else. Nor can a tracked file that was trusted with something
    /// else: its provider may change without anybody's leave.
    fn check_owner<T>(&self, told: Option<&Told<T>>, key: &str, provider: &Told<String>) -> Result<(), ConfigError> {
        let Some(told) = told else { return Ok(()) };
        let of = |fits: fn(LayerKind, LayerKind) -> bool| {
            self.layers.iter().filter(move |target| fits(target.at.kind, told.at.kind))
        };
        let beside = of(|kind, own| kind == own);
        let users = of(|kind, _| kind.is_own() && kind != LayerKind::Trusted);
        let owner = beside.chain(users).find_map(|target| target.provider.as_ref());
        match owner {
            Some(owner) if owner.value == provider.value => Ok(()),
            Some(owner) => Err(told.at.error(format!(
                "target.{}.{key} is for provider \"{}\", but {} sets the provider to \"{}\"; \
                 make the two agree, or name the target differently",
                self.name, owner.value, provider.at, provider.value
            ))),
            None => Err(told.at.error(format!(
                "target.{}.{key} needs its provider beside it: add provider = \"{}\" to [target.{}] in this file",
                self.name, provider.value, self.name
            ))),
        }
    }

    /// A token named together with a `base_url` goes to that origin alone.
    fn check_origin<T>(&self, token: Option<&Told<T>>, url: Option<&Told<String>>) -> Result<(), ConfigError> {
        let (Some(token), Some(url)) = (token, url) else { return Ok(()) };
        let beside = self.layers.iter().find(|target| target.at.kind == token.at.kind);
        let Some(named) = beside.and_then(|target| target.url()) else { return Ok(()) };
        if wire::origin(&named.value) == wire::origin(&url.value) {
            return Ok(());
        }
        Err(token.at.error(format!(
            "target.{}.token is for the URL beside it, but {} sets another; name the token there, too",
            self.name, url.at
        )))
    }

    fn lacks(&self, what: &str) -> ConfigError {
        self.layers[0].at.error(format!("target.{} has {what}", self.name))
    }

    fn missing_provider(&self, registry: Registry<'_>) -> ConfigError {
        self.lacks(&format!("no provider: add provider = \"…\" (known: {})", registry::names(registry)))
    }
}

/// One sentence for all keys that are not trusted.
fn warnings(sheets: &[Sheet], local_path: &str, left_out: &[String]) -> Vec<Warning> {
    let untrusted: Vec<_> = sheets.iter().flat_map(|sheet| &sheet.untrusted).collect();
    let Some(first) = untrusted.first() else { return Vec::new() };
    let keys: Vec<_> = untrusted.iter().map(|claim| claim.key.as_str()).collect();
    let (file, keys) = (&first.at.shown, keys.join(", "));
    let until = match left_out {
        [] => String::new(),
        names => format!("; until then nothing is watched for {}", names.join(", ")),
    };
    let message = format!(
        "ignored in {file}, which comes with the clone: {keys}; `afterpush trust` shows and allows them, or put your \
         own into {local_path}{until}"
    );
    vec![Warning { code: UNTRUSTED.to_owned(), message }]
}
