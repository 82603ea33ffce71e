//! Lists that come in pages. Only our own page numbers are followed, never an address the answer names.

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::asker::Asker;
use crate::base::Timestamp;
use crate::provider::Heard;
use crate::watch::Misheard;

/// Pages that are read at most.
const PAGES: usize = 8;
/// As much as one page holds.
const PER_PAGE: usize = 30;

/// A list as far back as it was read.
pub(super) struct List<T> {
    pub(super) items: Vec<T>,
    pub(super) reaches_back_to: Option<Timestamp>,
}

/// An element of a list.
pub(super) trait Item: Serialize + DeserializeOwned {
    /// What tells it from others.
    fn id(&self) -> u64;
    /// When it was made.
    fn created_at(&self) -> Timestamp;
}

#[derive(Serialize, Deserialize)]
struct Page<T> {
    items: Vec<T>,
    more: bool,
}

/// Reads pages until they reach back far enough. `read` finds the elements in a page.
pub(super) fn hear<T: Item>(
    asker: &mut Asker<'_>,
    url: &str,
    back_to: Option<Timestamp>,
    read: impl Fn(&Value) -> Result<Vec<T>, Misheard>,
) -> Result<Heard<List<T>>, Misheard> {
    let mut list = List { items: Vec::<T>::new(), reaches_back_to: None };
    for number in 1..=PAGES {
        let page = |value: &Value| {
            let items = read(value)?;
            Ok(Page { more: items.len() >= PER_PAGE, items })
        };
        let page = match asker.get(&format!("{url}per_page={PER_PAGE}&page={number}"), page)? {
            Heard::Ask(ask) => return Ok(Heard::Ask(ask)),
            Heard::Seen(page) => page,
        };
        // A new element between two questions moves all the others by one.
        for item in page.items {
            if list.items.iter().all(|known| known.id() != item.id()) {
                list.items.push(item);
            }
        }
        let oldest = list.items.iter().map(Item::created_at).min();
        list.reaches_back_to = page.more.then(|| oldest.unwrap_or(Timestamp::NEVER));
        let goes_on = back_to.zip(list.reaches_back_to).is_some_and(|(wanted, reached)| reached > wanted);
        if !goes_on {
            break;
        }
    }
    Ok(Heard::Seen(list))
}
