//! What is to come in a run, and in which order.

use std::collections::BTreeMap;

use super::super::keeper::{Errand, Happening};
use crate::base::Span;
use crate::standin::Trouble;

/// Something happens in the world, or to the monitor.
#[derive(Debug)]
pub(super) enum Deed {
    /// A push begins: its hook runs.
    Push(usize),
    /// The git of a push ends; the remote has taken the push or not.
    GitEnds(usize),
    /// The provider hears of a push.
    Deploy(usize),
    /// Every deployment goes on by a stage.
    Progress,
    /// Somebody runs a command, which makes sure that a monitor runs.
    Visit,
    /// A monitor that was summoned begins.
    Begin,
    /// The monitor is killed.
    Kill,
    /// It is asked to end.
    Terminate,
    /// Somebody asks the monitor for something.
    Plead(Plea),
    /// The machine sleeps.
    Sleep(Span),
    /// The machine's clock is set.
    Jump(Span),
    /// Questions get through, or do not.
    CutOff(bool),
    /// The remote answers questions, or does not.
    Deaf(bool),
    /// The provider answers so many questions with this.
    Trouble(Trouble, u32),
    /// The disk is full, or not any more.
    FullDisk(bool),
    /// The second target's provider answers with a page about itself, or properly.
    DocsDown(bool),
    /// There is no room for what readers see, though the store has enough; or there is again.
    NoRoom(bool),
    /// The service answers that it is not well, or that it is.
    Ill(bool),
    /// An errand of the monitor gets its answer.
    Errand(Box<Errand>),
    /// The monitor hears what came of it.
    Hear(Box<Happening>),
    /// The pause of this number is over.
    PauseEnds(u32),
}

/// What somebody asks the monitor for; the numbers are commits.
#[derive(Clone, Copy, Debug)]
pub(super) enum Plea {
    /// To end the watches of a commit.
    Stop(usize),
    /// To look at a commit now.
    Refresh(usize),
    /// To watch a commit, whoever pushed it.
    Track(usize),
    /// What the last hook asked, once more under the same name.
    Again,
    /// To make way for another monitor.
    Leave,
}

impl Deed {
    /// It needs a machine that is awake.
    pub(super) const fn is_of_the_machine(&self) -> bool {
        let is_elsewhere =
            matches!(self, Self::Deploy(_) | Self::Progress | Self::CutOff(_) | Self::Deaf(_) | Self::Trouble(..));
        !is_elsewhere && !matches!(self, Self::Ill(_) | Self::DocsDown(_))
    }

    /// Whatever it is for ends with the monitor.
    pub(super) const fn is_of_a_monitor(&self) -> bool {
        matches!(self, Self::Errand(..) | Self::Hear(..) | Self::PauseEnds(..))
    }
}

/// What is to happen, in order; of what happens at the same moment the first that was entered comes first.
#[derive(Default)]
pub(super) struct Schedule {
    deeds: BTreeMap<(Span, u64), Deed>,
    entered: u64,
}

impl Schedule {
    pub(super) fn enter(&mut self, at: Span, deed: Deed) {
        self.entered += 1;
        self.deeds.insert((at, self.entered), deed);
    }

    pub(super) fn next(&mut self) -> Option<(Span, Deed)> {
        let ((at, _), deed) = self.deeds.pop_first()?;
        Some((at, deed))
    }

    /// The next one that comes before this moment.
    pub(super) fn next_before(&mut self, end: Span) -> Option<(Span, Deed)> {
        let ((at, _), _) = self.deeds.first_key_value()?;
        if *at < end { self.next() } else { None }
    }

    /// Something is still to come but progress and visits.
    pub(super) fn is_eventful(&self) -> bool {
        self.deeds.values().any(|deed| !matches!(deed, Deed::Progress | Deed::Visit))
    }

    /// Forgets what was only for a monitor that is gone.
    pub(super) fn forget_monitor(&mut self) {
        self.deeds.retain(|_, deed| !deed.is_of_a_monitor());
    }

    /// Brings a push that was to come later forward.
    pub(super) fn take_next_push(&mut self) -> Option<usize> {
        let key = *self.deeds.iter().find(|(_, deed)| matches!(deed, Deed::Push(_)))?.0;
        match self.deeds.remove(&key) {
            Some(Deed::Push(number)) => Some(number),
            _ => None,
        }
    }
}
