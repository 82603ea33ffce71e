//! What the monitor's tasks share: places, clock, network, store and credentials.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::Semaphore;

use super::home::Home;
use super::outside::Outside;
use super::{MonitorError, Orders};
use crate::base::{Boot, Layout, Timestamp};
use crate::config::{Config, ConfigError};
use crate::host::clock;
use crate::host::exchange::Exchange;
use crate::host::files::Folder;
use crate::host::git::{Relations, Repo};
use crate::host::secrets::{self, Bound, Environment};
use crate::host::settings;
use crate::host::sharing::Sharing;
use crate::host::sql;
use crate::insight::Habits;
use crate::process::MonitorFile;
use crate::provider::Provider;
use crate::push::Sha;
use crate::store::{Store, StoreError};
use crate::watch::{Database, Pace, Target, TokenSource, Watch};
use crate::wire::Redactor;

/// One credential is read once for all looks that use it.
type CredentialKey = (String, String, TokenSource);

/// Shared by the monitor's tasks.
pub struct Tools {
    /// Where the files are.
    pub layout: Layout,
    /// The time, the network, the remotes.
    pub outside: Arc<dyn Outside>,
    /// The store.
    pub store: Store,
    /// When this monitor began.
    pub began: Timestamp,
    /// When the one before was last alive.
    pub last_alive: Option<Timestamp>,
    /// How far apart looks are; the usual distance but for the demo and the tests.
    pub pace: Pace,
    /// The user.
    pub uid: u32,
    home: Home,
    /// So many landings at most are proven at once; each may wait long for a remote.
    pub proofs: Semaphore,
    /// The commits of so many answers are compared with those of the watches at once.
    pub comparisons: Semaphore,
    environment: Environment,
    /// Where programs are run: the repository's main worktree, or the folder of a bare one.
    folder: PathBuf,
    credentials: Mutex<BTreeMap<CredentialKey, Bound>>,
    databases: Mutex<BTreeMap<Database, sql::Database>>,
    /// How deployments went so far, by the identity of their target.
    habits: Mutex<BTreeMap<String, Habits>>,
    redactor: Mutex<Redactor>,
    relations: Mutex<Relations>,
}

/// A remote that does not answer must not keep the others waiting, nor all of them the network busy.
const MOST_PROOFS: usize = 4;
/// The variable that sets [`Tools::pace`], in thousandths.
const PACE: &str = "AFTERPUSH_PACE";

impl Tools {
    /// Tells the world who this monitor is, then opens the store. One that cannot be read is set aside. Whatever is not
    /// needed by others is done after `way`, in which others come first.
    pub async fn open(
        orders: &Orders,
        outside: Arc<dyn Outside>,
        way: impl Future<Output = ()>,
    ) -> Result<Self, MonitorError> {
        let began = outside.now();
        let lost = lost(orders)?;
        let last_alive = last_alive(&orders.layout);
        let home = Home::of(orders);
        home.introduce(began, lost.clone())?;
        way.await;
        let store = open_store(&orders.layout, began).await?;
        let pace = home.variable(PACE).and_then(|text| text.parse().ok());
        let tools = Self {
            layout: orders.layout.clone(),
            outside,
            store,
            began,
            last_alive,
            pace: pace.map_or_else(Pace::default, Pace::from_permille),
            uid: nix::unistd::geteuid().as_raw(),
            proofs: Semaphore::new(MOST_PROOFS),
            comparisons: Semaphore::new(1),
            environment: home.environment(lost),
            folder: settings::folder_of(&orders.layout),
            credentials: Mutex::default(),
            databases: Mutex::default(),
            habits: Mutex::default(),
            redactor: Mutex::new(home.redactor()),
            relations: Mutex::default(),
            home,
        };
        for target in tools.store.targets().await? {
            tools.remember(target).await?;
        }
        Ok(tools)
    }

    /// The time of day.
    pub fn now(&self) -> Timestamp {
        self.outside.now()
    }

    /// The machine's start, by its clock of this moment.
    pub fn boot(&self) -> Boot {
        clock::boot(self.outside.as_ref())
    }

    /// See [`Home::settings`]. Blocks.
    pub fn settings(&self, worktree: Option<&Path>) -> Result<Arc<Config>, ConfigError> {
        self.home.settings(worktree)
    }

    /// The status mirror is wanted there.
    pub fn mirrors(&self, worktree: &Path) -> bool {
        self.settings(Some(worktree)).is_ok_and(|config| config.status.mirror)
    }

    /// Status files of before are there, whatever the database knows.
    pub fn has_history(&self) -> bool {
        std::fs::read_dir(self.layout.status_dir()).is_ok_and(|mut files| files.next().is_some())
    }

    /// How wide `status/` is opened.
    pub fn sharing(&self) -> Sharing {
        let repo = Repo::open_common(self.layout.common_dir()).ok();
        Sharing::of(repo.and_then(|repo| repo.config("core.sharedRepository")).as_deref())
    }

    /// The commit checked out in the main worktree.
    pub fn head(&self) -> Option<Sha> {
        Repo::open_common(self.layout.common_dir()).ok()?.head()
    }

    /// What questions are asked with.
    pub fn exchange<'a>(&'a self, credential: Option<&'a Bound>) -> Exchange<'a> {
        Exchange { carrier: self.outside.as_ref(), credential, folder: &self.folder }
    }

    /// The credential of a target, from its source or from the last time it was read; `None` where it needs none.
    pub async fn credential(&self, target: &Target, provider: &dyn Provider) -> Result<Option<Bound>, String> {
        let key = key(target);
        if let Some(known) = lock(&self.credentials).get(&key) {
            return Ok(Some(known.clone()));
        }
        let bound = secrets::credential(target, provider, &self.environment()).await?;
        if let Some(bound) = &bound {
            lock(&self.redactor).learn(&bound.secret);
            lock(&self.credentials).insert(key, bound.clone());
        }
        Ok(bound)
    }

    /// What credentials are taken from, as the configuration is now.
    fn environment(&self) -> Environment {
        let is_wanted = self.settings(None).is_ok_and(|config| config.credentials.env_from_login_shell);
        let shell = is_wanted.then(|| secrets::login_shell(self.home.variable("SHELL")));
        self.environment.clone().with_login_shell(shell)
    }

    /// Reads a refused credential anew next time; `false` if it was not in use.
    pub fn forget_credential(&self, target: &Target) -> bool {
        lock(&self.credentials).remove(&key(target)).is_some()
    }

    /// The server of a deployments table, with what it takes to be let in.
    pub async fn database(&self, database: &Database) -> Result<sql::Database, String> {
        if let Some(known) = lock(&self.databases).get(database) {
            return Ok(known.clone());
        }
        let server = secrets::database(database, &self.environment()).await?;
        server.secrets().for_each(|secret| lock(&self.redactor).learn(secret));
        lock(&self.databases).insert(database.clone(), server.clone());
        Ok(server)
    }

    /// Reads a refused password anew next time; `false` if it was not in use.
    pub fn forget_database(&self, database: &Database) -> bool {
        lock(&self.databases).remove(database).is_some()
    }

    /// How deployments of a target went so far.
    pub fn habits(&self, target: &Target) -> Habits {
        lock(&self.habits).get(&target.identity()).cloned().unwrap_or_default()
    }

    /// Learns from what a watch has brought.
    pub async fn learn(&self, watch: &Watch) -> Result<(), StoreError> {
        for (target, ..) in watch.lessons() {
            self.remember(target).await?;
        }
        Ok(())
    }

    async fn remember(&self, target: String) -> Result<(), StoreError> {
        let habits = Habits::new(self.store.pasts(&target).await?);
        lock(&self.habits).insert(target, habits);
        Ok(())
    }

    /// Reads all credentials anew next time: the user may have mended one.
    pub fn forget_credentials(&self) {
        lock(&self.credentials).clear();
        lock(&self.databases).clear();
    }

    /// How commits stand to each other, as far as it was asked before.
    pub fn relations(&self) -> MutexGuard<'_, Relations> {
        lock(&self.relations)
    }

    /// The text without secrets.
    pub fn redact(&self, text: &str) -> String {
        lock(&self.redactor).clean(text)
    }
}

/// When a monitor of this repository last showed that it lived.
fn last_alive(layout: &Layout) -> Option<Timestamp> {
    let folder = Folder::existing(layout.private()).ok()??;
    folder.about("alive").ok()?.map(|about| about.modified)
}

/// The variables with a credential that the monitor before held and this one does not. What that one said of itself
/// goes: until this one has introduced itself, nobody is to compare credentials with those of one that has ended.
fn lost(orders: &Orders) -> Result<Vec<String>, MonitorError> {
    let before = MonitorFile::read(&orders.layout);
    let private = orders.layout.private();
    let forget = || Folder::private(private)?.remove("monitor.json");
    forget().map_err(|source| MonitorError::files(private, source))?;
    Ok(before.map(|before| before.lost_to(&orders.environment)).unwrap_or_default())
}

async fn open_store(layout: &Layout, now: Timestamp) -> Result<Store, MonitorError> {
    let path = layout.store();
    match Store::open(&path).await {
        Err(StoreError::Corrupt(why)) => {
            let aside = Store::set_aside(&path, now).map_err(|source| MonitorError::files(&path, source))?;
            tracing::error!(why, "the database was damaged; it was moved to {} and is begun anew", aside.display());
            Ok(Store::open(&path).await?)
        }
        opened => Ok(opened?),
    }
}

fn key(target: &Target) -> CredentialKey {
    (target.provider.clone(), target.base_url.clone(), target.token.clone())
}

/// A panic while one of these was held left it whole: every change is a single assignment, insertion or removal.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
