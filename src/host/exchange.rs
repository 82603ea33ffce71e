//! The one place where a question of any kind is asked.

use super::http::Http;
use super::secrets::Bound;
use crate::wire::{Answer, Ask, NoAnswer};

/// Asks, within the limits of the question's kind. The credential goes only where it is bound to.
pub async fn perform(http: &Http, ask: &Ask, credential: Option<&Bound>) -> Result<Answer, NoAnswer> {
    match ask {
        Ask::Http(ask) => http.perform(ask, credential).await,
    }
}
