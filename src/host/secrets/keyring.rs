//! The desktop's keyring (of GNOME, of KDE, of a password manager) over D-Bus, as the Secret Service has it:
//! <https://specifications.freedesktop.org/secret-service/>. A locked keyring is as good as none: nobody is asked to
//! open it for a process in the background.

use std::collections::HashMap;
use std::time::Duration;

use zbus::{Connection, Message, OwnedObjectPath, OwnedVariant, Variant};

use crate::wire::Secret;

/// The attribute `service` of the entries; the attribute `username` is the API's host.
pub(super) const SERVICE: &str = "afterpush";

/// Whoever is slower has none.
const LIMIT: Duration = Duration::from_secs(5);

/// Who answers, where, and by which rules.
const NAME: &str = "org.freedesktop.secrets";
const PLACE: &str = "/org/freedesktop/secrets";
const INTERFACE: &str = "org.freedesktop.Secret.Service";

/// A secret as it is handed over: session, parameters, value, content type.
type Handed = (OwnedObjectPath, Vec<u8>, Vec<u8>, String);

/// The secret that is kept for a host.
pub(super) async fn credential(host: &str) -> Option<Secret> {
    tokio::time::timeout(LIMIT, look(host)).await.ok()?.ok()?
}

async fn look(host: &str) -> zbus::Result<Option<Secret>> {
    let bus = Connection::session().await?;
    // Not encrypted once more: it goes over a socket of the user's own.
    let opened = call(&bus, "OpenSession", &("plain", Variant::from(""))).await?;
    let (_, session): (OwnedVariant, OwnedObjectPath) = opened.body().deserialize()?;
    let attributes = HashMap::from([("service", SERVICE), ("username", host)]);
    let found = call(&bus, "SearchItems", &(attributes,)).await?;
    let (open, _locked): (Vec<OwnedObjectPath>, Vec<OwnedObjectPath>) = found.body().deserialize()?;
    let Some(item) = open.first() else { return Ok(None) };
    let handed = call(&bus, "GetSecrets", &(vec![item], &session)).await?;
    let secrets: HashMap<OwnedObjectPath, Handed> = handed.body().deserialize()?;
    let value = secrets.into_values().next().and_then(|(.., value, _)| String::from_utf8(value).ok());
    Ok(value.map(|value| Secret::new(&value)).filter(|secret| !secret.is_empty()))
}

async fn call<B>(bus: &Connection, method: &str, body: &B) -> zbus::Result<Message>
where
    B: serde::Serialize + zbus::wire::DynamicType,
{
    bus.call_method(Some(NAME), PLACE, Some(INTERFACE), method, body).await
}
