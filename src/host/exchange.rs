//! The one place where a question of any kind is asked, and where whole conversations are led.

use std::path::Path;
use std::pin::Pin;

use super::command;
use super::secrets::Bound;
use crate::provider::Heard;
use crate::watch::{Misheard, Miss};
use crate::wire::{Answer, Ask, HttpAsk, NoAnswer, Redactor};

/// No conversation is longer: ten pages of apps, the app, and ten pages of deployments are the most an adapter asks
/// for.
const MOST_QUESTIONS: usize = 24;

/// An answer on its way.
pub type Carried<'a> = Pin<Box<dyn Future<Output = Result<Answer, NoAnswer>> + Send + 'a>>;

/// Carries an HTTP question to the outside and its answer back.
pub trait Carrier: Send + Sync {
    /// Asks once. Any HTTP status is an answer.
    fn carry<'a>(&'a self, ask: &'a HttpAsk, credential: Option<&'a Bound>) -> Carried<'a>;
}

/// What questions are asked with.
#[derive(Clone, Copy)]
pub struct Exchange<'a> {
    /// The network.
    pub carrier: &'a dyn Carrier,
    /// Goes only where it is bound to, and only with questions that want it.
    pub credential: Option<&'a Bound>,
    /// Where programs are run.
    pub folder: &'a Path,
}

impl Exchange<'_> {
    /// Asks once, within the limits of the question's kind. The answer does not hold the credential, whoever repeats it.
    pub async fn perform(&self, ask: &Ask) -> Result<Answer, NoAnswer> {
        let mut answer = match ask {
            Ask::Http(ask) => self.carrier.carry(ask, self.credential).await,
            Ask::Command(ask) => command::perform(ask, self.folder).await,
        }?;
        self.redactor().clean_answer(&mut answer);
        Ok(answer)
    }

    /// Asks until `hear` has heard enough. What went wrong is told without secrets: a program may complain of
    /// anything.
    pub async fn converse<T>(
        &self,
        first: Ask,
        hear: impl Fn(&[Answer]) -> Result<Heard<T>, Misheard>,
    ) -> Result<T, Miss> {
        let redactor = self.redactor();
        self.talk(first, hear).await.map_err(|why| self.with_cure(why.map(|words| redactor.clean(words))))
    }

    /// A refusal is told with where the credential was found, whichever of its places that was.
    fn with_cure(&self, why: Miss) -> Miss {
        let is_refusal = matches!(why, Miss::Misheard(Misheard::Denied(_) | Misheard::Forbidden(_)));
        match self.credential.filter(|_| is_refusal) {
            Some(Bound { from, .. }) => {
                why.map(|words| format!("{words}; this one is from {from}: {}", from.renewal()))
            }
            None => why,
        }
    }

    fn redactor(&self) -> Redactor {
        let mut redactor = Redactor::default();
        if let Some(bound) = self.credential {
            redactor.learn(&bound.secret);
        }
        redactor
    }

    async fn talk<T>(&self, first: Ask, hear: impl Fn(&[Answer]) -> Result<Heard<T>, Misheard>) -> Result<T, Miss> {
        let mut ask = first;
        let mut answers = Vec::new();
        for _ in 0..MOST_QUESTIONS {
            answers.push(self.perform(&ask).await.map_err(miss)?);
            match hear(&answers).map_err(Miss::Misheard)? {
                Heard::Ask(next) => ask = next,
                Heard::Seen(seen) => return Ok(seen),
            }
        }
        Err(Miss::Misheard(Misheard::Garbled(format!("no end after {MOST_QUESTIONS} answers"))))
    }
}

fn miss(why: NoAnswer) -> Miss {
    match why {
        NoAnswer::NoCredential(sentence) => Miss::NoCredential(sentence),
        // The provider was there and said something, though nothing about deployments.
        astray @ NoAnswer::Astray { .. } => Miss::Misheard(Misheard::Garbled(astray.to_string())),
        other => Miss::NoAnswer(other.to_string()),
    }
}
