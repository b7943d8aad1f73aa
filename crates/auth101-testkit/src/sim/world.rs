//! One world: browsers with their tabs, a thief, an operator, a host and a schedule, on one line of time.
//!
//! Everything happens at a point in time, and what happens at the same point is ordered by the seed. A request is polled
//! once at a time, so that others run between its awaits; dropping it there is a crash of the server.

use super::{
    oracle::{Mishaps, Oracle, Wrong},
    plan::{Plan, SECOND},
    watched::WatchedStore,
};
use crate::{
    browser::Storage,
    clock::TestClock,
    executor::{Task, block_on},
    faulty::{FaultyDriver, Mishap, never},
    fixture::sql_store,
    hasher::{CheapHasher, stored_hash},
    locked::{Held, LockedDriver, Locks, Wait},
    mutation::{MutatedDriver, Mutation},
    observer::RecordingObserver,
    random::SeededRandom,
    rusqlite::RusqliteDriver,
    service::{self, Answer, Service},
    sql_tables::SqlTables,
    tables::{Rows, Tables},
    token::session_id,
};
use auth101_core::{
    Config, Timestamp,
    domain::{
        identifier::{SessionId, UserId},
        password_hash::Argon2Parameters,
    },
    http::request::Request,
    port::{Clock, Random},
};
use auth101_sql::Dialect;
use std::{
    cell::{Cell, RefCell},
    cmp::Reverse,
    collections::{BTreeMap, BTreeSet, BinaryHeap},
    rc::Rc,
};

/// Cheaper than configured, so that the next sign-in replaces it.
const WEAK: Argon2Parameters = Argon2Parameters { memory: 8, iterations: 1, parallelism: 1 };

/// Something that happens at a point in time.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
enum Event {
    /// A tab of a browser does something.
    Tab(usize, usize),
    Thief,
    Operator,
    /// A transaction of the host takes locks.
    Host,
    /// The schedule purges.
    Schedule,
    /// A request runs to its next await.
    Poll(usize),
    /// A tab reads the answer of a request.
    Arrives(usize),
    /// A tab gives a request up.
    TimesOut(usize),
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Sender {
    Tab(usize, usize),
    Thief,
    /// Or a schedule of the operator's.
    Operator,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Purpose {
    SignUp,
    SignIn,
    Refresh,
    Session,
    /// Revoke or sign out.
    Leave,
    Purge,
}

/// What becomes of an exchange.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Fate {
    Fine,
    /// The request never arrives.
    RequestLost,
    /// The server dies when it has polled the request this often.
    Crash(u32),
    AnswerLost,
}

struct Exchange {
    sender: Sender,
    purpose: Purpose,
    /// The refresh token that was shown.
    presented: Option<String>,
    task: Option<Task<'static, Answer>>,
    fate: Fate,
    polls: u32,
    /// Set by the store's network when it fails a call.
    faulted: Rc<Cell<bool>>,
    /// What its batches wait for.
    wait: Rc<Wait>,
    answer: Option<Answer>,
}

#[derive(Clone, Default)]
struct Tab {
    /// The exchange that it waits for.
    waits_for: Option<usize>,
    /// How many exchanges in a row it lost.
    lost: u32,
}

struct Browser {
    email: String,
    storage: Storage,
    tabs: Vec<Tab>,
    /// Whether a tab is signing up or in.
    entering: bool,
    has_account: bool,
}

pub(super) struct World {
    plan: Plan,
    dice: SeededRandom,
    clock: TestClock,
    config: Rc<Config>,
    random: Rc<dyn Random>,
    tables: SqlTables<RusqliteDriver>,
    mutation: Option<Mutation>,
    locks: Locks,
    oracle: Rc<RefCell<Oracle>>,
    agenda: BinaryHeap<Reverse<(i64, u64, Event)>>,
    order: u64,
    actions: u32,
    exchanges: Vec<Exchange>,
    browsers: Vec<Browser>,
    passwords: BTreeMap<String, String>,
    /// Refresh tokens that the thief has.
    loot: Vec<String>,
    /// Sessions whose honest client may be logged out: stolen from, revoked, or touched by the operator.
    excused: BTreeSet<SessionId>,
}

/// What a world came to.
pub(super) struct Outcome {
    pub(super) wrongs: Vec<(Wrong, String)>,
    pub(super) requests: u64,
    pub(super) steps: u64,
}

impl World {
    pub(super) fn new(seed: u64, plan: Plan, config: Rc<Config>, mutation: Option<Mutation>) -> Self {
        let clock = TestClock::default();
        let grace = plan.grace;
        let mut world = Self {
            dice: SeededRandom::new(seed),
            clock,
            config,
            random: Rc::new(SeededRandom::new(!seed)),
            tables: SqlTables::new(RusqliteDriver::migrated(), Dialect::Sqlite),
            mutation,
            locks: Locks::default(),
            oracle: Rc::new(RefCell::new(Oracle::new(grace))),
            agenda: BinaryHeap::new(),
            order: 0,
            actions: plan.actions,
            exchanges: Vec::new(),
            browsers: Vec::new(),
            passwords: BTreeMap::new(),
            loot: Vec::new(),
            excused: BTreeSet::new(),
            plan,
        };
        world.populate();
        world
    }

    fn populate(&mut self) {
        for browser in 0..self.plan.browsers {
            let email = format!("user{}@example.com", self.dice.below(self.plan.addresses));
            self.passwords.insert(email.clone(), service::PASSWORD.into());
            self.browsers.push(Browser {
                email,
                storage: Storage::default(),
                tabs: vec![Tab::default(); self.plan.tabs],
                entering: false,
                has_account: false,
            });
            for tab in 0..self.plan.tabs {
                let after = self.dice.up_to(SECOND);
                self.plan_in(after, Event::Tab(browser, tab));
            }
        }
        if self.plan.has_thief {
            self.plan_in(2 * SECOND, Event::Thief);
        }
        if self.plan.has_operator {
            self.plan_in(2 * SECOND, Event::Operator);
        }
        if self.plan.has_host {
            self.plan_in(2 * SECOND, Event::Host);
        }
        if self.plan.has_schedule {
            self.plan_in(2 * SECOND, Event::Schedule);
        }
    }

    pub(super) fn run(mut self) -> Outcome {
        while let Some(Reverse((at, _, event))) = self.agenda.pop() {
            self.clock.set(Timestamp::from_micros(at));
            match event {
                Event::Tab(browser, tab) => self.tab_acts(browser, tab),
                Event::Thief => self.thief_acts(),
                Event::Operator => self.operator_acts(),
                Event::Host => self.host_acts(),
                Event::Schedule => self.schedule_acts(),
                Event::Poll(exchange) => self.poll(exchange),
                Event::Arrives(exchange) => self.arrives(exchange),
                Event::TimesOut(exchange) => self.times_out(exchange),
            }
        }
        let rows = block_on(Rows::of(&self.tables));
        let mut oracle = self.oracle.take();
        oracle.judge_remains(&rows);
        Outcome { wrongs: oracle.found, requests: self.exchanges.len() as u64, steps: oracle.steps }
    }

    fn plan_in(&mut self, micros: i64, event: Event) {
        self.plan_at(self.clock.now().micros() + micros, event);
    }

    fn plan_at(&mut self, at: i64, event: Event) {
        self.order += 1;
        // The low bits keep the order total; the high ones shuffle what happens at the same point.
        let rank = (self.dice.below(1 << 20) << 40) | self.order;
        self.agenda.push(Reverse((at, rank, event)));
    }

    /// How long until somebody acts again: at once, within a delay, around the grace period, or much later.
    fn pause(&self) -> i64 {
        let grace = i64::from(self.plan.grace) * SECOND;
        match self.dice.below(12) {
            0 | 1 => 0,
            2 | 3 => self.dice.up_to(self.plan.delay),
            4..=6 => self.dice.up_to(grace),
            7 => grace + self.dice.up_to(2) - 1,
            8 | 9 => grace + self.dice.up_to(grace + SECOND),
            10 => self.dice.up_to(100 * SECOND),
            _ => self.dice.up_to(400 * SECOND),
        }
    }

    /// When a tab acts next. Often that is about when the grace period of a session ends, which is when a paced token
    /// becomes due, and the browser's other tabs wake with it: they race over the rotation.
    fn plan_tab(&mut self, browser: usize, tab: usize) {
        let (edge, often) = if self.plan.has_schedule && self.dice.percent(80) {
            (self.edge_of_life(), 80)
        } else {
            (self.edge_of_grace(), 40)
        };
        match edge.filter(|_| self.dice.percent(often)) {
            Some(edge) => {
                let wakes_all = self.dice.percent(50);
                for other in 0..self.plan.tabs {
                    if other == tab || wakes_all {
                        let late = self.dice.up_to(self.plan.delay / 2) - self.plan.delay / 4;
                        self.plan_at((edge + late).max(self.clock.now().micros()), Event::Tab(browser, other));
                    }
                }
            }
            None => {
                let after = self.pause();
                self.plan_in(after, Event::Tab(browser, tab));
            }
        }
    }

    /// Whether there is still something to be done; the agenda then runs empty.
    fn spend_action(&mut self) -> bool {
        self.actions = self.actions.saturating_sub(1);
        self.actions > 0
    }

    fn tab_acts(&mut self, browser: usize, tab: usize) {
        if self.browsers[browser].tabs[tab].waits_for.is_some() || !self.spend_action() {
            return;
        }
        let Browser { email, storage, entering, has_account, .. } = &self.browsers[browser];
        let sender = Sender::Tab(browser, tab);
        let Some(tokens) = storage.tokens.clone() else {
            if *entering {
                let after = self.pause() + 1;
                self.plan_in(after, Event::Tab(browser, tab));
                return;
            }
            let (email, has_account) = (email.clone(), *has_account);
            let password = self.passwords[&email].clone();
            self.browsers[browser].entering = true;
            if has_account {
                self.send(sender, Purpose::SignIn, service::sign_in(&email, &password), None);
            } else {
                self.send(sender, Purpose::SignUp, service::sign_up(&email, &password), None);
            }
            return;
        };
        match self.dice.below(20) {
            0 | 1 => self.send(sender, Purpose::Session, service::session(&tokens.access), None),
            2 => {
                self.excused.insert(session_id(&tokens.refresh));
                let request = if self.dice.percent(50) {
                    service::revoke(&tokens.refresh)
                } else {
                    service::sign_out(&tokens.access)
                };
                self.send(sender, Purpose::Leave, request, None);
            }
            _ => {
                let request = service::refresh(&tokens.refresh);
                self.send(sender, Purpose::Refresh, request, Some(tokens.refresh));
            }
        }
    }

    fn send(&mut self, sender: Sender, purpose: Purpose, request: Request, presented: Option<String>) {
        let (fate, mishap) = self.draw_fate(sender);
        let (faulted, wait) = (Rc::new(Cell::new(false)), Rc::new(Wait::default()));
        let id = self.exchanges.len();
        let service = self.service_for(id, mishap, Rc::clone(&faulted), Rc::clone(&wait));
        let task = Task::new(async move {
            match purpose {
                Purpose::Purge => match service.auth().purge().await {
                    Ok(_) => Answer { status: 200, headers: Vec::new(), body: Vec::new() },
                    Err(error) => Answer::of(error.into()),
                },
                _ => service.answer(request).await,
            }
        });
        self.exchanges.push(Exchange {
            sender,
            purpose,
            presented,
            task: Some(task),
            fate,
            polls: 0,
            faulted,
            wait,
            answer: None,
        });
        if let Sender::Tab(browser, tab) = sender {
            self.browsers[browser].tabs[tab].waits_for = Some(id);
            self.plan_in(self.plan.timeout, Event::TimesOut(id));
        }
        if fate != Fate::RequestLost {
            let way = if sender == Sender::Thief { 0 } else { self.dice.up_to(self.plan.delay / 4) };
            self.plan_in(way, Event::Poll(id));
        }
    }

    /// What goes wrong with an exchange. A tab loses no more in a row than the plan allows.
    fn draw_fate(&self, sender: Sender) -> (Fate, Mishap) {
        let may_lose = match sender {
            Sender::Tab(browser, tab) => self.browsers[browser].tabs[tab].lost < self.plan.losses,
            Sender::Thief | Sender::Operator => true,
        };
        // A second run that locks keep from its end would be a loss too.
        let may_repeat = may_lose || !self.plan.has_host;
        let repeat = if may_repeat && self.dice.percent(10) { Mishap::RunsTwice } else { Mishap::None };
        if !may_lose {
            return (Fate::Fine, repeat);
        }
        match self.dice.below(20) {
            0 => (Fate::RequestLost, repeat),
            1 | 2 => (Fate::Crash(u32::try_from(self.dice.below(8)).unwrap_or(0)), repeat),
            3 | 4 => (Fate::AnswerLost, repeat),
            5 => (Fate::Fine, Mishap::FailsBefore),
            6 => (Fate::Fine, Mishap::FailsAfter),
            _ => (Fate::Fine, repeat),
        }
    }

    fn service_for(
        &self,
        request: usize,
        mishap: Mishap,
        faulted: Rc<Cell<bool>>,
        wait: Rc<Wait>,
    ) -> Service<WatchedStore> {
        let unlucky_call = usize::try_from(self.dice.below(2)).unwrap_or(0);
        let plan = move |call: usize| {
            let struck = if call == unlucky_call { mishap } else { Mishap::None };
            if matches!(struck, Mishap::FailsBefore | Mishap::FailsAfter) {
                faulted.set(true);
            }
            struck
        };
        let (sqlite, waiting) = (self.tables.driver().clone(), self.plan.waiting);
        let driver = LockedDriver::new(sqlite, self.clock.clone(), waiting, self.locks.clone(), wait);
        let driver = MutatedDriver::new(FaultyDriver::new(driver, never()), self.mutation);
        let ahead = if self.dice.percent(50) { self.plan.skew } else { 0 };
        Service {
            config: Rc::clone(&self.config),
            store: WatchedStore {
                store: sql_store(driver),
                clock: self.clock.clone(),
                tables: self.tables.clone(),
                resolution: self.plan.resolution,
                oracle: Rc::clone(&self.oracle),
                request,
                plan: Rc::new(plan),
                calls: Rc::default(),
            },
            hasher: CheapHasher::default(),
            clock: self.clock.of_a_node_ahead(ahead),
            random: Rc::clone(&self.random),
            observer: RecordingObserver::default(),
        }
    }

    fn poll(&mut self, id: usize) {
        let exchange = &mut self.exchanges[id];
        if exchange.fate == Fate::Crash(exchange.polls) {
            exchange.task = None;
            return;
        }
        exchange.polls += 1;
        let Some(answer) = exchange.task.as_mut().and_then(Task::step) else {
            match self.exchanges[id].wait.until.take() {
                Some(until) => self.plan_at(until.micros(), Event::Poll(id)),
                None => {
                    let step = self.dice.up_to(self.plan.delay / 8);
                    self.plan_in(step, Event::Poll(id));
                }
            }
            return;
        };
        exchange.task = None;
        let mishaps = Mishaps { faulted: exchange.faulted.get(), gave_up: exchange.wait.gave_up.get() };
        let lost = exchange.fate == Fate::AnswerLost;
        if exchange.purpose != Purpose::Purge {
            self.oracle.borrow_mut().answered(id, mishaps, &answer);
        }
        exchange.answer = Some(answer);
        if !lost {
            let way = self.dice.up_to(self.plan.delay / 4);
            self.plan_in(way, Event::Arrives(id));
        }
    }

    fn arrives(&mut self, id: usize) {
        let exchange = &mut self.exchanges[id];
        let Some(answer) = exchange.answer.take() else {
            return;
        };
        let (purpose, presented) = (exchange.purpose, exchange.presented.clone());
        match exchange.sender {
            Sender::Tab(browser, tab) => {
                if self.browsers[browser].tabs[tab].waits_for != Some(id) {
                    return;
                }
                self.browsers[browser].tabs[tab].waits_for = None;
                if answer.status >= 500 {
                    self.lose(browser, tab, purpose);
                } else {
                    self.browsers[browser].tabs[tab].lost = 0;
                    self.tab_reads(browser, tab, purpose, presented, &answer);
                    self.plan_tab(browser, tab);
                }
            }
            Sender::Thief if answer.status == 200 && purpose == Purpose::Refresh => {
                self.loot.push(answer.tokens().refresh);
            }
            Sender::Thief | Sender::Operator => {}
        }
    }

    fn times_out(&mut self, id: usize) {
        if let Sender::Tab(browser, tab) = self.exchanges[id].sender
            && self.browsers[browser].tabs[tab].waits_for == Some(id)
        {
            self.browsers[browser].tabs[tab].waits_for = None;
            self.lose(browser, tab, self.exchanges[id].purpose);
        }
    }

    /// An exchange came to nothing: the tab tries again at once.
    fn lose(&mut self, browser: usize, tab: usize, purpose: Purpose) {
        let state = &mut self.browsers[browser];
        state.tabs[tab].lost = state.tabs[tab].lost.saturating_add(1);
        match purpose {
            Purpose::SignUp | Purpose::SignIn => state.entering = false,
            // Whether it was done is unknown, and the user means to be gone.
            Purpose::Leave => state.storage.tokens = None,
            Purpose::Refresh | Purpose::Session | Purpose::Purge => {}
        }
        if purpose == Purpose::Refresh
            && let Some(tokens) = state.storage.tokens.clone()
        {
            // A retry is part of the action and costs none, or the last loss would never be made good.
            let request = service::refresh(&tokens.refresh);
            self.send(Sender::Tab(browser, tab), Purpose::Refresh, request, Some(tokens.refresh));
            return;
        }
        self.plan_in(0, Event::Tab(browser, tab));
    }

    fn tab_reads(&mut self, browser: usize, tab: usize, purpose: Purpose, sent: Option<String>, answer: &Answer) {
        let rule = self.plan.rule;
        let state = &mut self.browsers[browser];
        match (purpose, answer.status) {
            (Purpose::SignUp, 201) | (Purpose::SignIn, 200) => {
                state.entering = false;
                state.has_account = true;
                state.storage.tokens = Some(answer.tokens());
            }
            (Purpose::SignUp, _) => {
                state.entering = false;
                state.has_account = true;
            }
            (Purpose::SignIn, _) => {
                state.entering = false;
                // The password was changed, the user deactivated, or the user is gone and may sign up again.
                state.has_account = self.dice.percent(70);
            }
            (Purpose::Refresh, 200) => {
                let sent = sent.unwrap_or_default();
                // An answer about a session that was left meanwhile is nobody's.
                let is_current = |stored: &service::Tokens| session_id(&stored.refresh) == session_id(&sent);
                if state.storage.tokens.as_ref().is_some_and(is_current) {
                    state.storage.save(rule, &sent, answer.tokens());
                }
            }
            (Purpose::Refresh, _) => {
                let sent = sent.unwrap_or_default();
                self.logged_out(browser, tab, &sent, answer);
            }
            (Purpose::Leave, _) => state.storage.tokens = None,
            (Purpose::Session | Purpose::Purge, _) => {}
        }
    }

    /// A refresh was refused. An honest client that stays within the bounds is owed a reason.
    fn logged_out(&mut self, browser: usize, tab: usize, sent: &str, answer: &Answer) {
        let session = session_id(sent);
        let stored = &mut self.browsers[browser].storage.tokens;
        if stored.as_ref().is_some_and(|tokens| session_id(&tokens.refresh) == session) {
            *stored = None;
        }
        let is_expired = answer.code() == "INVALID_TOKEN" || self.oracle.borrow().was_over(&session);
        if self.plan.bounded && !self.excused.contains(&session) && !is_expired {
            let what = format!("tab {tab} of browser {browser} was logged out: {}", answer.code());
            self.oracle.borrow_mut().accuse(Wrong::FalseAlarm, what);
        }
    }

    /// Copies tokens and shows them: the newest, an old one, at once or at the edge of the grace period.
    fn thief_acts(&mut self) {
        if !self.spend_action() {
            return;
        }
        let stored: Vec<String> = self
            .browsers
            .iter()
            .filter_map(|browser| browser.storage.tokens.clone())
            .map(|tokens| tokens.refresh)
            .collect();
        if !stored.is_empty() && (self.loot.is_empty() || self.dice.percent(40)) {
            let stolen = self.dice.pick(&stored).clone();
            self.loot.push(stolen);
        }
        if !self.loot.is_empty() && self.dice.percent(70) {
            let token = self.dice.pick(&self.loot).clone();
            self.excused.insert(session_id(&token));
            if self.dice.percent(90) {
                self.send(Sender::Thief, Purpose::Refresh, service::refresh(&token), Some(token));
            } else {
                self.send(Sender::Thief, Purpose::Leave, service::revoke(&token), None);
            }
        }
        let edge = self.edge_of_grace();
        match edge.filter(|_| self.dice.percent(40)) {
            Some(at) => self.plan_at(at, Event::Thief),
            None => {
                let after = self.pause();
                self.plan_in(after, Event::Thief);
            }
        }
    }

    /// The last moment of a session's grace period, or the one before or after it, if that is still to come.
    fn edge_of_grace(&self) -> Option<i64> {
        let oracle = self.oracle.borrow();
        let sessions = &oracle.rows().sessions;
        let stamp = if sessions.is_empty() { None } else { Some(self.dice.pick(sessions).session.updated_at) };
        let edge = stamp?.micros() + i64::from(self.plan.grace) * SECOND + self.dice.up_to(2) - 1;
        (edge > self.clock.now().micros()).then_some(edge)
    }

    /// A moment shortly before a session ends, or after it, if that is still to come.
    fn edge_of_life(&self) -> Option<i64> {
        let oracle = self.oracle.borrow();
        let sessions = &oracle.rows().sessions;
        let end = if sessions.is_empty() { None } else { Some(self.dice.pick(sessions).session.expires_at) };
        let edge = end?.micros() - self.plan.delay / 4 + self.dice.up_to(self.plan.delay / 2);
        (edge > self.clock.now().micros()).then_some(edge)
    }

    /// A transaction of the host holds rows: for less than a refresh may wait, for about as long, or for much longer. The
    /// next one lets what has waited come to its end, answer and retry included.
    fn host_acts(&mut self) {
        if !self.spend_action() {
            return;
        }
        let window = (i64::from(self.plan.grace) * SECOND).max(SECOND);
        let duration = match self.dice.below(5) {
            0 => self.dice.up_to(window / 2),
            1 => window / 2 + self.dice.up_to(2) - 1,
            2 | 3 => self.dice.up_to(2 * window),
            _ => self.dice.up_to(60 * SECOND),
        };
        let until = self.clock.now().micros() + duration;
        let Rows { users, sessions, .. } = self.oracle.borrow().rows().clone();
        let held = if users.is_empty() || self.dice.percent(50) {
            Held::Everything
        } else {
            let user = &self.dice.pick(&users).id;
            let sessions = sessions.iter().filter(|row| row.session.user_id == *user);
            let sessions = sessions.map(|row| row.session.id.as_str().to_owned());
            Held::Rows(sessions.chain([user.as_str().to_owned()]).collect())
        };
        self.locks.hold(held, Timestamp::from_micros(until));
        let earliest = until + 2 * window + self.plan.timeout;
        if self.plan.has_schedule && duration > self.plan.delay {
            // What the locks keep waiting are refreshes at the end of a session, and the purge behind them.
            for browser in 0..self.plan.browsers {
                let after = self.dice.up_to(self.plan.delay / 4);
                self.plan_in(after, Event::Tab(browser, 0));
            }
            let after = self.dice.up_to(self.plan.delay);
            self.plan_in(after, Event::Schedule);
        }
        let edge = if self.plan.has_schedule {
            self.edge_of_life().map(|edge| edge - self.plan.delay / 2)
        } else {
            self.edge_of_grace()
        };
        let next = edge.filter(|edge| *edge > earliest && self.dice.percent(80));
        let next = next.unwrap_or_else(|| earliest + self.pause());
        self.plan_at(next, Event::Host);
    }

    fn schedule_acts(&mut self) {
        if !self.spend_action() {
            return;
        }
        self.send(Sender::Operator, Purpose::Purge, service::session(""), None);
        let after = self.clock.now().micros() + 1 + self.pause();
        let next = self.edge_of_life().filter(|_| self.dice.percent(80)).unwrap_or(after);
        self.plan_at(next, Event::Schedule);
    }

    fn operator_acts(&mut self) {
        if !self.spend_action() {
            return;
        }
        let Rows { users, sessions, .. } = self.oracle.borrow().rows().clone();
        if self.dice.percent(25) || users.is_empty() {
            self.send(Sender::Operator, Purpose::Purge, service::session(""), None);
        } else {
            let user = self.dice.pick(&users).clone();
            let excused = sessions.iter().filter(|row| row.session.user_id == user.id);
            self.excused.extend(excused.map(|row| row.session.id.clone()));
            match self.dice.below(6) {
                0 | 1 => block_on(self.tables.set_active(&user.id, !user.is_active)),
                2 | 3 => self.change_password(&user.id, &user.email),
                4 => block_on(self.tables.delete_sessions(&user.id)),
                _ => self.delete_user(&user.id),
            }
            let rows = block_on(Rows::of(&self.tables));
            self.oracle.borrow_mut().step(usize::MAX, &super::oracle::Step::Operator, 0, rows);
        }
        let after = self.pause();
        self.plan_in(after, Event::Operator);
    }

    fn change_password(&mut self, user: &UserId, email: &str) {
        let password = format!("changed {}", self.dice.below(1_000));
        let cost = if self.dice.percent(50) { WEAK } else { self.config.argon2 };
        block_on(self.tables.set_password(user, Some(&stored_hash(&password, cost))));
        self.passwords.insert(email.into(), password);
    }

    /// With the sessions or without: some scripts forget them.
    fn delete_user(&mut self, user: &UserId) {
        self.oracle.borrow_mut().user_deleted(user);
        if self.dice.percent(50) {
            block_on(self.tables.delete_sessions(user));
        }
        block_on(self.tables.delete_accounts(user));
        block_on(self.tables.delete_user(user));
    }
}
