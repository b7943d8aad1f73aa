//! The judge: sees every step that the store takes, in the order in which it takes them, and every answer.
//!
//! It does not run the batch's statements again. It keeps when each token was superseded, which sessions were opened
//! and which have ended, and holds the rules of `docs/sessions.md` against what changed.

use crate::{service::Answer, tables::Rows, token};
use auth101_core::{
    Timestamp,
    domain::{
        identifier::{SessionId, TokenId, UserId},
        session::{Session, SessionReference},
    },
    port::{Horizon, Opened, Opening, Registration, Rotation, SignUp},
};
use std::collections::{BTreeMap, BTreeSet};

/// How long any step may take until it commits, and a refresh, whose grace period may ask for less. In microseconds.
const STEP_LIMIT: i64 = 10_000_000;
const REFRESH_LIMIT: i64 = 5_000_000;

/// How far ahead a row may have been written, in microseconds.
const SKEW: i64 = 60_000_000;

/// What must never happen.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(super) enum Wrong {
    /// A user without account, or a session without user that no operator deleted.
    Orphan,
    /// More live rows than sessions were opened, or two refresh tokens for one.
    Fork,
    /// Somebody was refused, logged out or told of a defect without cause.
    FalseAlarm,
    /// Somebody was told of a success that did not happen, or got something that was not due.
    FalseSuccess,
    /// Something was written after its deadline, or by what had been given up.
    Overdue,
}

/// One step of the store, with its arguments and its answer.
pub(super) enum Step<'a> {
    Created(&'a SignUp, Registration),
    Opened(&'a Opening, Opened),
    Refreshed(&'a Rotation),
    Closed(&'a UserId, &'a SessionReference),
    Read(&'a UserId, Option<&'a SessionId>),
    Purged(Horizon),
    /// Whatever an operator did.
    Operator,
}

/// What the answer of a request must be.
#[derive(Clone, PartialEq, Eq, Debug)]
enum Due {
    /// A success, with this refresh token where one is given.
    Success(Option<TokenId>),
    /// A refusal.
    Refusal,
    /// Either: nodes whose clocks differ may see it one way or the other.
    Either,
}

/// What the judge knows.
#[derive(Debug, Default)]
pub(super) struct Oracle {
    grace: i64,
    rows: Rows,
    opened: BTreeMap<SessionId, UserId>,
    ended: BTreeSet<SessionId>,
    over: BTreeSet<SessionId>,
    deleted_users: BTreeSet<UserId>,
    superseded: BTreeMap<TokenId, Timestamp>,
    /// Which token a rotation made a token from.
    parents: BTreeMap<TokenId, TokenId>,
    due: BTreeMap<usize, Due>,
    /// Refresh token bytes by the token identifier that they carry.
    issued: BTreeMap<TokenId, String>,
    pub(super) steps: u64,
    pub(super) found: Vec<(Wrong, String)>,
}

impl Oracle {
    pub(super) fn new(grace_seconds: u32) -> Self {
        Self { grace: i64::from(grace_seconds) * 1_000_000, ..Self::default() }
    }

    pub(super) fn accuse(&mut self, wrong: Wrong, what: impl Into<String>) {
        self.found.push((wrong, what.into()));
    }

    /// Whether the session ended because its time was over.
    pub(super) fn was_over(&self, session: &SessionId) -> bool {
        self.over.contains(session)
    }

    pub(super) fn user_deleted(&mut self, user: &UserId) {
        self.deleted_users.insert(user.clone());
    }

    /// The row of a session as it last stood.
    pub(super) fn session(&self, id: &SessionId) -> Option<&Session> {
        self.rows.sessions.iter().map(|row| &row.session).find(|row| row.id == *id)
    }

    pub(super) fn rows(&self) -> &Rows {
        &self.rows
    }

    /// A step failed, so these must be the rows that were there before.
    pub(super) fn gave_up(&mut self, rows: &Rows) {
        if self.rows != *rows {
            self.accuse(Wrong::Overdue, "a batch that was given up wrote something");
        }
    }

    fn limit(&self, step: &Step<'_>) -> i64 {
        match step {
            Step::Refreshed(_) if self.grace > 0 => REFRESH_LIMIT.min(self.grace / 2),
            Step::Refreshed(_) => REFRESH_LIMIT,
            _ => STEP_LIMIT,
        }
    }

    /// A step was taken for a request within so many microseconds, and these are the rows after it.
    pub(super) fn step(&mut self, request: usize, step: &Step<'_>, took: i64, after: Rows) {
        self.steps += 1;
        if took > self.limit(step) && self.rows != after {
            self.accuse(Wrong::Overdue, format!("rows changed {took} µs after a step began"));
        }
        let due = match step {
            Step::Created(sign_up, registration) => Some(self.judge_sign_up(sign_up, *registration, &after)),
            Step::Opened(opening, opened) => Some(self.judge_opening(opening, *opened, &after)),
            Step::Refreshed(rotation) => Some(self.judge_refresh(rotation, &after)),
            Step::Closed(..) => Some(Due::Success(None)),
            Step::Read(user, session) => Some(self.judge_read(user, *session)),
            Step::Purged(_) => Some(Due::Success(None)),
            Step::Operator => None,
        };
        if let Some(due) = due {
            self.due.insert(request, due);
        }
        self.judge_changes(step, &after);
        self.rows = after;
    }

    /// Rows come and go for a reason only.
    fn judge_changes(&mut self, step: &Step<'_>, after: &Rows) {
        let gone: Vec<Session> = self
            .rows
            .sessions
            .iter()
            .filter(|row| !after.sessions.iter().any(|kept| kept.session.id == row.session.id))
            .map(|row| row.session.clone())
            .collect();
        for session in gone {
            let horizon = match step {
                Step::Opened(opening, _) => Some(opening.horizon),
                Step::Purged(horizon) => Some(*horizon),
                Step::Refreshed(rotation) => Some(rotation.horizon),
                _ => None,
            };
            let is_over = horizon.is_some_and(|horizon| horizon.has_passed(&session));
            let has_cause = match step {
                Step::Operator => true,
                Step::Closed(user, SessionReference::Id(id)) => session.id == *id && session.user_id == **user,
                // The judgement of the refresh has looked at its own session.
                Step::Refreshed(rotation) => rotation.session == SessionReference::Id(session.id.clone()),
                _ => is_over,
            };
            if !has_cause {
                self.accuse(Wrong::FalseAlarm, format!("the live session {:?} was removed", session.id));
            }
            if is_over {
                self.over.insert(session.id.clone());
            }
            self.ended.insert(session.id);
        }
        for row in &after.sessions {
            if self.ended.contains(&row.session.id) {
                self.found.push((Wrong::FalseSuccess, format!("{:?} ended and lives again", row.session.id)));
            }
        }
        if let Step::Closed(user, SessionReference::Id(id)) = step
            && after.sessions.iter().any(|row| row.session.id == *id && row.session.user_id == **user)
        {
            self.accuse(Wrong::FalseSuccess, format!("{id:?} was closed and stands"));
        }
    }

    fn judge_sign_up(&mut self, sign_up: &SignUp, registration: Registration, after: &Rows) -> Due {
        let holder = self.rows.users.iter().find(|row| row.email == sign_up.user.email).map(|row| row.id.clone());
        if registration == Registration::EmailTaken {
            if holder.is_none_or(|holder| holder == sign_up.user.id) {
                self.accuse(Wrong::FalseAlarm, "an address was called taken that was not");
            }
            return Due::Refusal;
        }
        let session = &sign_up.session.session;
        self.opens(session);
        let holders: Vec<_> = after.users.iter().filter(|row| row.email == sign_up.user.email).collect();
        let stands = matches!(holders.as_slice(), [holder] if holder.id == sign_up.user.id)
            && after.accounts.iter().any(|row| row.user_id == sign_up.user.id)
            && after.sessions.iter().any(|row| row.session.id == session.id);
        if !stands {
            self.accuse(Wrong::FalseSuccess, "a sign-up succeeded without its rows");
        }
        Due::Success(Some(session.token.clone()))
    }

    /// A batch that is run again may write again what an operator removed in between: nobody had the tokens yet, so it
    /// is as if the sign-in had come later.
    fn opens(&mut self, session: &Session) {
        self.opened.insert(session.id.clone(), session.user_id.clone());
        self.ended.remove(&session.id);
    }

    fn judge_opening(&mut self, opening: &Opening, opened: Opened, after: &Rows) -> Due {
        let session = &opening.session.session;
        let is_repeat = self.rows.sessions.iter().any(|row| row.session.id == session.id);
        let is_due = self.rows.is_active(&session.user_id) && self.rows.still_holds(&opening.verified);
        let stands = after.sessions.iter().any(|row| row.session.id == session.id);
        match opened {
            Opened::Refused => {
                if is_due || is_repeat {
                    self.accuse(Wrong::FalseAlarm, "a sign-in was refused without cause");
                }
                if stands {
                    self.accuse(Wrong::FalseSuccess, "a refused sign-in opened a session");
                }
                Due::Refusal
            }
            Opened::Open => {
                self.opens(session);
                if !stands || !(is_due || is_repeat) {
                    self.accuse(Wrong::FalseSuccess, "a session was opened that was not due");
                }
                Due::Success(Some(session.token.clone()))
            }
        }
    }

    fn judge_read(&self, user: &UserId, session: Option<&SessionId>) -> Due {
        let stands = session.is_none_or(|id| self.session(id).is_some_and(|row| row.user_id == *user));
        // Whether the session is over depends on the request's clock, which this step is not told.
        if stands && self.rows.is_active(user) { Due::Either } else { Due::Refusal }
    }

    fn judge_refresh(&mut self, rotation: &Rotation, after: &Rows) -> Due {
        let SessionReference::Id(id) = &rotation.session else {
            return Due::Either;
        };
        let new = after.sessions.iter().map(|row| &row.session).find(|row| row.id == *id);
        let Some(old) = self.session(id).cloned() else {
            if new.is_some() {
                self.accuse(Wrong::FalseSuccess, format!("a refresh brought {id:?} into being"));
            }
            return Due::Refusal;
        };
        let now = rotation.horizon.now;
        let is_over = rotation.horizon.has_passed(&old);
        let is_active = self.rows.is_active(&rotation.user_id);
        let standing = if rotation.presented == old.token {
            Standing::Current
        } else {
            self.standing(&rotation.presented, &old, now)
        };
        let ends = standing == Standing::Reused || (is_over && standing != Standing::Unclear);
        match (standing, new) {
            (Standing::Unclear, _) => return Due::Either,
            (_, None) if ends => return Due::Refusal,
            (_, None) => {
                self.accuse(Wrong::FalseAlarm, format!("a refresh ended {id:?}: {standing:?} at {now:?}"));
                return Due::Success(None);
            }
            (_, Some(_)) if ends => {
                self.accuse(Wrong::FalseSuccess, format!("{id:?} outlived {standing:?} at {now:?}"));
                return Due::Refusal;
            }
            (_, Some(_)) => {}
        }
        let Some(new) = new else {
            return Due::Refusal;
        };
        if !is_active {
            if *new != old {
                self.accuse(Wrong::FalseSuccess, "a refused refresh changed the row");
            }
            return Due::Refusal;
        }
        if *new == old {
            let is_paced = old.token.is_from_rotation() && now.micros() - old.updated_at.micros() <= self.grace;
            if standing == Standing::Current && !is_paced {
                self.accuse(Wrong::FalseAlarm, "a token was not rotated that is due");
            }
        } else {
            let rotated = Session {
                token: rotation.successor.clone(),
                updated_at: now,
                expires_at: rotation.expires_at,
                ..old.clone()
            };
            if standing != Standing::Current || *new != rotated {
                self.accuse(Wrong::FalseSuccess, format!("{standing:?} changed the row to {new:?}"));
            }
            self.superseded.insert(rotation.presented.clone(), now);
            self.parents.insert(new.token.clone(), rotation.presented.clone());
        }
        Due::Success(Some(new.token.clone()))
    }

    /// What a superseded token is to the row.
    fn standing(&self, presented: &TokenId, row: &Session, now: Timestamp) -> Standing {
        let Some(stamp) = self.superseded.get(presented) else {
            return Standing::Unclear;
        };
        let age = now.micros() - stamp.micros();
        let is_parent = self.parents.get(&row.token) == Some(presented);
        if self.grace == 0 {
            return if is_parent && age == 0 { Standing::Replayed } else { Standing::Reused };
        }
        if age > self.grace {
            Standing::Reused
        } else if is_parent {
            if age >= -SKEW { Standing::Replayed } else { Standing::Reused }
        } else if now >= row.updated_at {
            // Superseded within the grace period and not the parent: pacing is there to rule this out.
            Standing::Replayed
        } else {
            Standing::Unclear
        }
    }

    /// A request was answered.
    pub(super) fn answered(&mut self, request: usize, mishaps: Mishaps, answer: &Answer) {
        let Mishaps { faulted, gave_up } = mishaps;
        let due = self.due.get(&request).cloned();
        let success = answer.status < 300;
        if answer.status >= 500 {
            if !((faulted || gave_up) && answer.status == 503) {
                self.accuse(Wrong::FalseAlarm, format!("{} without a fault", answer.status));
            }
            return;
        }
        if success && faulted {
            self.accuse(Wrong::FalseSuccess, "a fault was answered as a success");
        }
        match (due, success) {
            (Some(Due::Success(_)), false) => {
                self.accuse(Wrong::FalseAlarm, format!("{} {} where a success was due", answer.status, answer.code()));
            }
            (Some(Due::Refusal) | None, true) => {
                self.accuse(Wrong::FalseSuccess, "a success that nothing in the tables bears out");
            }
            (Some(Due::Success(Some(wanted))), true) => {
                let given = answer.tokens().refresh;
                let given_id = token::token_id(&given);
                if given_id != wanted {
                    self.accuse(Wrong::FalseSuccess, "the answer's refresh token is not the row's");
                }
                let known = self.issued.entry(given_id.clone()).or_insert_with(|| given.clone());
                if *known != given {
                    self.found.push((Wrong::Fork, format!("two texts for {given_id:?}")));
                }
            }
            _ => {}
        }
    }

    /// The world is at rest: what is left must hang together.
    pub(super) fn judge_remains(&mut self, rows: &Rows) {
        for user in &rows.users {
            if !rows.accounts.iter().any(|row| row.user_id == user.id) {
                self.accuse(Wrong::Orphan, format!("{:?} has no account", user.id));
            }
            let live = rows.sessions.iter().filter(|row| row.session.user_id == user.id).count();
            let opened = self.opened.values().filter(|opened_for| **opened_for == user.id).count();
            if live > opened {
                self.accuse(Wrong::Fork, format!("{live} live rows of {opened} sessions"));
            }
        }
        for row in &rows.sessions {
            let user = &row.session.user_id;
            if !rows.users.iter().any(|known| known.id == *user) && !self.deleted_users.contains(user) {
                self.accuse(Wrong::Orphan, format!("a session of {user:?}, who does not exist"));
            }
        }
    }
}

/// What kept a request from its answer.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Mishaps {
    /// The network failed a call.
    pub(super) faulted: bool,
    /// A batch was given up, for locks or for want of time. Another may have done instead.
    pub(super) gave_up: bool,
}

/// What a presented token is to the row of its session.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Standing {
    Current,
    /// Superseded within the grace period.
    Replayed,
    /// Superseded before it.
    Reused,
    /// The node's clock is behind: either is right.
    Unclear,
}
