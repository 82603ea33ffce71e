//! What happens in the world of a run, whether or not a monitor is there to see it.

use super::ground::{BRANCHES, MAIN, NEXT};
use super::run::{Pushed, Run};
use super::schedule::{Deed, Plea};
use super::script::PushPlan;
use super::traps::wait_for_release;
use super::truth::{APP, DOCS};
use crate::base::{Clock, Span};
use crate::host::files::room;
use crate::process::Alone;
use crate::push::{Asked, GitProcess, PushNote, RefName, RefUpdate, RemoteName, Request, StopNote, TrackNote};
use crate::spool;

impl Run {
    /// Something happens that needs no monitor. `true`: it may wake one.
    pub(super) fn happen(&mut self, deed: Deed) -> bool {
        let now = self.now();
        self.note(|| format!("{deed:?}"));
        match deed {
            Deed::Push(number) => {
                if let Some(request) = self.push(number) {
                    spool::drop_request(&self.ground.layout, &request).expect("room for a request");
                    self.ensure_monitor();
                }
                return true;
            }
            Deed::GitEnds(number) => self.git_ends(number),
            Deed::Deploy(number) => {
                let PushPlan { branch, commit, recipe, docs, .. } = self.plans[number].clone();
                let apps = match BRANCHES[branch] {
                    MAIN => vec![(APP, recipe), (DOCS, docs)],
                    NEXT => vec![("stage", recipe)],
                    _ => Vec::new(),
                };
                for (app, recipe) in apps {
                    self.truth.deploy(&self.world, &self.ground, app, commit, &recipe);
                }
                self.write_table();
            }
            Deed::Progress => {
                self.truth.progress(&self.world, &self.ground);
                self.write_table();
                let pause = self.random.seconds(3, 45);
                self.schedule.enter(now + pause, Deed::Progress);
            }
            Deed::Visit => {
                self.ensure_monitor();
                let pause = self.random.seconds(120, 1500);
                self.schedule.enter(now + pause, Deed::Visit);
            }
            Deed::Plead(plea) => {
                if let Some(request) = self.plead(plea) {
                    spool::drop_request(&self.ground.layout, &request).expect("room for a request");
                    self.ensure_monitor();
                }
                return true;
            }
            Deed::Sleep(span) => self.sleep(span),
            Deed::Jump(span) => {
                let mut state = self.world.state();
                state.is_off_by += span;
                let off = state.is_off_by;
                drop(state);
                self.offsets.push((now, off));
            }
            Deed::CutOff(is) => self.world.state().is_cut_off = is,
            Deed::Deaf(is) => self.world.state().is_deaf = is,
            Deed::Trouble(trouble, times) => self.world.provider.world.trouble(trouble, times),
            Deed::FullDisk(is) => {
                self.is_full = is;
                self.take_room(is);
                self.begin_anew();
            }
            Deed::DocsDown(is) => self.world.state().are_docs_down = is,
            Deed::NoRoom(is) => self.take_room(is),
            Deed::Ill(is) => {
                self.world.state().is_ill = is;
                self.truth.was_ill |= is;
            }
            Deed::Begin | Deed::Kill | Deed::Terminate | Deed::Errand(..) | Deed::Hear(..) | Deed::PauseEnds(..) => {}
        }
        false
    }

    /// What readers see cannot be written, or can.
    pub(super) fn take_room(&self, is_full: bool) {
        room::take_from(is_full.then(|| self.ground.layout.status_dir()));
    }

    /// The hook runs: what it would drop.
    pub(super) fn push(&mut self, number: usize) -> Option<Request> {
        let now = self.now();
        let plan = self.plans[number].clone();
        let sha = self.ground.commits[plan.commit].clone();
        let branch = BRANCHES[plan.branch];
        let old = self.world.state().remote.get(branch).cloned();
        if old.as_ref() == Some(&sha) {
            // There is nothing to push, and git tells its hook of nothing.
            return None;
        }
        self.note(|| format!("push {sha} {plan:?}"));
        let pid = i32::try_from(5_000_000 + number).expect("a small number");
        let note = PushNote {
            remote: RemoteName::new("origin"),
            url: "https://git.example.com/shop.git".to_owned(),
            refs: vec![RefUpdate { name: RefName::of_branch(branch), old, new: sha.clone(), moved: false }],
            git: Some(GitProcess { pid, start_ticks: 1, pid_namespace: None, dry_run: false }),
            worktree: Some(self.ground.worktrees[plan.worktree].clone()),
            cut: false,
        };
        // Where the disk is full, the hook may not have the room to note it.
        let has_room = !self.is_full || !self.by_chance(50);
        let request = (plan.is_noted && has_room).then(|| self.request(Asked::Push(note)));
        self.pleas.last = request.clone().or(self.pleas.last.take());
        self.world.state().gits.insert(pid, (now + plan.takes, plan.end));
        let id = request.as_ref().map(|request| request.id.clone());
        let (is_off_by, is_shown_here) = (self.world.state().is_off_by, plan.is_shown_here);
        self.pushed.push(Pushed { plan: number, branch, sha, id, made: now, is_off_by, landed: None, is_shown_here });
        self.schedule.enter(now + plan.takes, Deed::GitEnds(number));
        request
    }

    fn request(&mut self, asked: Asked) -> Request {
        let at = self.world.now();
        let millis = u64::try_from(at.as_micros() / 1_000).unwrap_or(0);
        let unique = uuid::Builder::from_unix_timestamp_millis(millis, &[self.pleas.made; 10]);
        self.pleas.made += 1;
        let request = Request::new(unique.into_uuid(), at, asked);
        self.pleas.open.push((request.id.clone(), self.now()));
        request
    }

    /// What a command would drop.
    fn plead(&mut self, plea: Plea) -> Option<Request> {
        let sha = |commit: usize| self.ground.commits[commit].clone();
        let asked = match plea {
            Plea::Again => {
                let request = self.pleas.last.clone()?;
                // If it was taken, it is asked anew; if it lies there yet, it has been there since it was asked first.
                if !self.lies_in_the_inbox(&request.id) {
                    self.pleas.open.retain(|(id, _)| *id != request.id);
                    self.pleas.open.push((request.id.clone(), self.now()));
                }
                return Some(request);
            }
            Plea::Stop(commit) => {
                self.pleas.stopped.push(commit);
                Asked::Stop(StopNote { sha: Some(sha(commit)) })
            }
            Plea::Refresh(commit) => Asked::Refresh { sha: sha(commit) },
            Plea::Track(commit) => {
                let (sha, worktree) = (sha(commit), Some(self.ground.worktrees[0].clone()));
                self.pleas.tracked.push(commit);
                Asked::Track(TrackNote { sha, remote: None, branch: None, target: None, pushed: None, worktree })
            }
            Plea::Leave => {
                // The other one stands by.
                let soon = self.now() + self.random.seconds(1, 16);
                self.schedule.enter(soon, Deed::Begin);
                Asked::Leave
            }
        };
        Some(self.request(asked))
    }

    /// The team's own program writes down what it sees of the deployments.
    fn write_table(&mut self) {
        if let Some(table) = &mut self.table {
            let deployments = self.world.provider.world.deployments(APP);
            self.runtime.block_on(table.write(&deployments));
        }
    }

    fn git_ends(&mut self, number: usize) {
        let plan = self.plans[number].clone();
        if !plan.lands {
            return;
        }
        let now = self.now();
        let pushed = self.pushed.iter_mut().find(|pushed| pushed.plan == number).expect("a push that was made");
        pushed.landed = Some(now);
        let sha = pushed.sha.clone();
        let branch = BRANCHES[plan.branch];
        let old = self.world.state().remote.insert(branch.to_owned(), sha.clone());
        if plan.is_shown_here {
            self.ground.move_tracking_ref(branch, old.as_ref(), &sha, self.world.now());
        }
        self.schedule.enter(now + plan.heard_after, Deed::Deploy(number));
    }

    /// Somebody who left something for the monitor makes sure that one runs.
    pub(super) fn ensure_monitor(&mut self) {
        if self.tools.is_some() {
            return self.meet_the_lock();
        }
        wait_for_release(&self.ground.layout);
        self.summon();
    }

    /// While one monitor works nobody else gets the lock.
    pub(super) fn meet_the_lock(&mut self) {
        if Alone::try_take(&self.ground.layout).expect("a lock").is_some() {
            self.broken = Some("two monitors work".to_owned());
        }
    }

    pub(super) fn summon(&mut self) {
        let soon = self.random.between(Span::from_millis(5), Span::from_secs(2));
        self.schedule.enter(self.now() + soon, Deed::Begin);
    }

    /// The world goes on while the machine does not.
    fn sleep(&mut self, span: Span) {
        let end = self.now() + span;
        let mut waiting = Vec::new();
        while let Some((at, deed)) = self.schedule.next_before(end) {
            if deed.is_of_the_machine() {
                waiting.push(deed);
            } else {
                self.move_on(at);
                self.happen(deed);
            }
        }
        self.move_on(end);
        self.begin_anew();
        for deed in waiting {
            self.schedule.enter(end, deed);
        }
    }
}
