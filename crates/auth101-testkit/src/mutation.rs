//! SQL that is wrong in one way each. A property that still holds over a mutated driver shows nothing, so every property
//! is also run here and must fail.

use crate::executor::give_way;
use auth101_core::Timestamp;
use auth101_sql::{Outcome, SqlDriver, SqlError, Statement, Value};
use sha2::{Digest, Sha256};
use std::{slice, time::Duration};

/// What is wrong.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Mutation {
    /// A replay within the grace period writes a second row with a token of its own.
    ReplayMintsSibling,
    /// Every token is rotated at once, those from a rotation too.
    NoPacing,
    /// Reuse is refused and the session lives on.
    ReuseOnlyRefused,
    /// Any superseded token leaves the session alive while the last rotation is within the grace period.
    AnyAncestorAccepted,
    /// A replay makes the row look just rotated.
    ReplayTouches,
    /// What this very request wrote is not recognised: the grace interval of g = 0 is empty.
    OwnStampIgnored,
    /// A refresh of a session that is gone writes it again.
    RefreshUpserts,
    /// A refresh rotates whatever the user's state.
    NoActiveGuard,
    /// The successor depends on a key.
    SuccessorKeyedBy(&'static str),
    /// Reuse is found by one batch and ended by another.
    EndsInSecondBatch,
    /// The row is answered as if the request had written it.
    StampOfRequest,
    /// The absolute lifetime is not looked at.
    NoBirthGuard,
    /// The hash is replaced whatever it is now.
    UnguardedRehash,
    /// A session is opened whatever became of the password and the user.
    UnguardedOpening,
    /// The purge removes what it found to be over, whatever has become of it since.
    PurgeGuardedInSubSelect,
    /// A batch waits for locks for as long as they are held, and then commits.
    OutlivesDeadline,
    /// Each statement is a transaction of its own, as the steps of the reference's stores are.
    NotOneTransaction,
}

/// A driver of SQLite's with one mutation of the product's statements, or with none.
#[derive(Clone, Debug)]
pub struct MutatedDriver<D> {
    inner: D,
    mutation: Option<Mutation>,
}

impl<D> MutatedDriver<D> {
    /// Breaks what goes through this driver in one way.
    pub const fn new(inner: D, mutation: Option<Mutation>) -> Self {
        Self { inner, mutation }
    }

    /// The driver beneath.
    pub const fn inner(&self) -> &D {
        &self.inner
    }
}

impl<D: SqlDriver> SqlDriver for MutatedDriver<D> {
    async fn batch_within(&self, statements: &[Statement<'_>], limit: Duration) -> Result<Vec<Outcome>, SqlError> {
        let Some(mutation) = self.mutation else {
            return self.inner.batch_within(statements, limit).await;
        };
        let limit = if mutation == Mutation::OutlivesDeadline { NEVER } else { limit };
        match (mutation, Refresh::of(statements)) {
            (Mutation::NotOneTransaction, _) => {
                let mut outcomes = Vec::new();
                for statement in statements {
                    give_way().await;
                    outcomes.extend(self.inner.batch_within(slice::from_ref(statement), limit).await?);
                }
                Ok(outcomes)
            }
            (Mutation::EndsInSecondBatch, Some(_)) => {
                let mut outcomes = self.inner.batch_within(&statements[1..], limit).await?;
                let ended = self.inner.batch_within(&statements[..1], limit).await?.remove(0);
                if ended.affected > 0 {
                    outcomes[1].rows.clear();
                }
                outcomes.insert(0, ended);
                Ok(outcomes)
            }
            (Mutation::PurgeGuardedInSubSelect, None) if statements[0].sql.starts_with(PURGE) => {
                let [purge, rest] = statements else {
                    panic!("a purge deletes, and finds where its page ends");
                };
                let found = purge.sql.replacen("DELETE", "SELECT id", 1);
                let found = Statement { sql: &found, parameters: purge.parameters.clone() };
                let rows = self.inner.batch_within(&[found], limit).await?.remove(0).rows;
                let parameters: Vec<Value> = rows.iter().filter_map(|row| row.get("id").cloned()).collect();
                let delete = format!("DELETE FROM session WHERE id IN ({})", vec!["?"; parameters.len()].join(", "));
                let rest = Statement { sql: rest.sql, parameters: rest.parameters.clone() };
                self.inner.batch_within(&[Statement { sql: &delete, parameters }, rest], limit).await
            }
            (_, Some(refresh)) => self.refresh(mutation, statements, &refresh, limit).await,
            (_, None) => self.inner.batch_within(&borrowed(&mutated(mutation, statements)), limit).await,
        }
    }

    fn elapsed(&self) -> Duration {
        self.inner.elapsed()
    }
}

impl<D: SqlDriver> MutatedDriver<D> {
    /// The batch of a refresh, with a statement more where the mutation has one, and with the row as it answers it.
    async fn refresh(
        &self,
        mutation: Mutation,
        statements: &[Statement<'_>],
        refresh: &Refresh,
        limit: Duration,
    ) -> Result<Vec<Outcome>, SqlError> {
        let mut batch = mutated(mutation, statements);
        if let Mutation::SuccessorKeyedBy(key) = mutation {
            let successor = refresh.keyed_by(key);
            for parameter in batch.iter_mut().flat_map(|(_, parameters)| parameters) {
                if *parameter == refresh.successor {
                    *parameter = successor.clone();
                }
            }
        }
        let extra = refresh.extra(mutation);
        let extra_at = extra.as_ref().map(|(position, ..)| *position);
        if let Some((position, sql, parameters)) = extra {
            batch.insert(position, (sql.to_owned(), parameters));
        }
        let mut outcomes = self.inner.batch_within(&borrowed(&batch), limit).await?;
        extra_at.map(|position| outcomes.remove(position));
        for (column, value) in outcomes[2].rows.iter_mut().flat_map(|row| &mut row.0) {
            match (mutation, column.as_str()) {
                (Mutation::StampOfRequest, "session_updated_at") | (Mutation::NoBirthGuard, "session_created_at") => {
                    *value = refresh.now_as_text();
                }
                // The core knows its own successor only; what is stored stays keyed.
                (Mutation::SuccessorKeyedBy(key), "session_token") if *value == refresh.keyed_by(key) => {
                    *value = refresh.successor.clone();
                }
                _ => {}
            }
        }
        Ok(outcomes)
    }
}

/// What the batch of a refresh was given, as far as mutations use it.
struct Refresh {
    successor: Value,
    now: Value,
    expires_at: Value,
    session: Value,
    presented: Value,
    user: Value,
}

impl Refresh {
    /// Tells the batch by its second statement, which rotates.
    fn of(statements: &[Statement<'_>]) -> Option<Self> {
        let rotate = statements.get(1).filter(|statement| is_rotation(statement.sql))?;
        match rotate.parameters.as_slice() {
            [successor, now, expires_at, session, .., presented, user, _, _, _, _, _] => Some(Self {
                successor: successor.clone(),
                now: now.clone(),
                expires_at: expires_at.clone(),
                session: session.clone(),
                presented: presented.clone(),
                user: user.clone(),
            }),
            _ => None,
        }
    }

    fn keyed_by(&self, key: &str) -> Value {
        let Value::Text(presented) = &self.presented else {
            panic!("a token is text");
        };
        let digest = Sha256::new().chain_update(key).chain_update(presented).finalize();
        Value::Text(digest.iter().take(16).map(|byte| format!("{byte:02x}")).collect())
    }

    fn now_as_text(&self) -> Value {
        match self.now {
            Value::Timestamp(now) => Value::Text(now.to_text()),
            _ => panic!("the time of a refresh is a timestamp"),
        }
    }

    /// The statement that the mutation adds, and its place in the batch.
    fn extra(&self, mutation: Mutation) -> Option<(usize, &'static str, Vec<Value>)> {
        let given = |values: &[&Value]| values.iter().map(|value| (*value).clone()).collect();
        let Self { successor, now, expires_at, session, user, presented } = self;
        match mutation {
            // Without `sid`: the statements name the session by its token.
            _ if session == presented => None,
            Mutation::ReplayMintsSibling => Some((
                0,
                "INSERT INTO session (id, token, expires_at, user_id, created_at, updated_at) \
                 SELECT id || '-' || n, token || '-' || n, expires_at, user_id, created_at, updated_at \
                 FROM session, (SELECT MAX(rowid) AS n FROM session) WHERE id = ? AND token = ?",
                given(&[session, successor]),
            )),
            Mutation::RefreshUpserts => Some((
                0,
                "INSERT INTO session (id, token, expires_at, user_id, created_at, updated_at) \
                 SELECT ?, ?, ?, ?, ?, ? WHERE NOT EXISTS (SELECT 1 FROM session WHERE id = ?)",
                given(&[session, successor, expires_at, user, now, now, session]),
            )),
            Mutation::ReplayTouches => Some((
                2,
                "UPDATE session SET updated_at = ? WHERE id = ? AND token = ?",
                given(&[now, session, successor]),
            )),
            _ => None,
        }
    }
}

/// Longer than a test keeps a lock.
const NEVER: Duration = Duration::from_secs(1_000_000_000);

/// How the statement of the purge begins.
const PURGE: &str = "DELETE FROM \"session\" WHERE \"session\".\"id\" > ?";

fn is_rotation(sql: &str) -> bool {
    sql.starts_with("UPDATE \"session\" SET \"token\"")
}

/// The statements as the mutation has them.
fn mutated(mutation: Mutation, statements: &[Statement<'_>]) -> Vec<(String, Vec<Value>)> {
    let change = |Statement { sql, parameters }: &Statement<'_>| {
        let (mut sql, mut parameters) = ((*sql).to_owned(), parameters.clone());
        let count = parameters.len();
        let ends = sql.starts_with("DELETE FROM \"session\"") && sql.contains("\"token\" <> ?");
        match mutation {
            Mutation::NoPacing if is_rotation(&sql) => parameters[count - 3] = Value::Timestamp(Timestamp::FAR_FUTURE),
            Mutation::OwnStampIgnored if ends && parameters[count - 1] == parameters[count - 2] => {
                parameters[count - 2] = Value::Timestamp(Timestamp::FAR_FUTURE);
            }
            Mutation::NoBirthGuard if is_rotation(&sql) => parameters[count - 4] = Value::Timestamp(Timestamp::EPOCH),
            Mutation::NoBirthGuard if sql.starts_with("DELETE") && sql.ends_with("<= ?)") => {
                parameters[count - 1] = Value::Timestamp(Timestamp::EPOCH);
            }
            Mutation::ReuseOnlyRefused if ends => replace(&mut sql, " WHERE ", " WHERE 0 AND "),
            Mutation::AnyAncestorAccepted if ends => {
                replace(&mut sql, "(\"session\".\"token\" <> ?", "((0 AND \"session\".\"token\" <> ?)");
            }
            Mutation::NoActiveGuard if is_rotation(&sql) => {
                let flag = "lower(trim(CAST(\"users\".\"is_active\"";
                replace(&mut sql, &format!(" AND COALESCE({flag}"), &format!(" AND COALESCE(1, {flag}"));
            }
            Mutation::UnguardedRehash if sql.starts_with("UPDATE \"account\"") => {
                replace(
                    &mut sql,
                    "\"account\".\"password\" = ? AND",
                    "(1 OR \"account\".\"password\" = ?) AND 1 <= 1 +",
                );
            }
            Mutation::UnguardedOpening if sql.contains("FROM \"account\" INNER JOIN") => {
                replace(
                    &mut sql,
                    " AND EXISTS (SELECT 1 FROM \"account\"",
                    " AND 1 <= 1 + EXISTS (SELECT 1 FROM \"account\"",
                );
            }
            _ => {}
        }
        (sql, parameters)
    };
    statements.iter().map(change).collect()
}

/// Replaces what must be there: a mutation that changes nothing would go unseen.
fn replace(sql: &mut String, from: &str, to: &str) {
    assert!(sql.contains(from), "{from} in {sql}");
    *sql = sql.replacen(from, to, 1);
}

fn borrowed(batch: &[(String, Vec<Value>)]) -> Vec<Statement<'_>> {
    batch.iter().map(|(sql, parameters)| Statement { sql, parameters: parameters.clone() }).collect()
}
