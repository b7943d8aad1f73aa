//! The SQL driver over Spin's PostgreSQL.
//!
//! Spin keeps a pool of connections for each address and gives them back as they are, inside a transaction too. So a
//! batch rolls back whatever it finds before it begins ([`Dialect::begin`]), and ends what it has begun before it lets
//! go of the connection, also where the batch itself is dropped. What no code can end, because the instance is gone,
//! the server ends when the time of the batch is up, and with it the locks that others wait for.

use crate::{
    database::{VARIABLE, reads},
    deadline::Deadline,
    set_up::{ChoiceProblem, SetUpError},
    transaction::Open,
};
use auth101_core::{Cause, Problem};
use auth101_sql::{
    Dialect,
    classify::classify_postgres,
    driver::{Outcome, Row, SqlError, Statement, Value},
};
use spin_sdk::{
    pg::{Connection, DbValue, Error, ParameterValue, PgError, QueryError},
    wit_bindgen::spawn,
};
use std::time::{Duration, Instant};

/// How much less time than the server was told of last may be left before it is told again, which costs a round trip.
const TOLD_AGAIN_AFTER: Duration = Duration::from_millis(250);

/// How much longer than its batch a transaction may be idle: one whose instance lives is rolled back by it first, and keeps
/// its connection.
const IDLE_LONGER: Duration = Duration::from_secs(1);

/// How long the end of a dropped batch may keep its connection, of which the host has only so many.
const ROLLED_BACK_WITHIN: Duration = Duration::from_secs(5);

/// Whether the component may reach the server, as far as the host can tell. Nothing is wrong with one that is away: it may be
/// back for the next request.
pub(crate) async fn check(address: &str) -> Result<(), SetUpError> {
    match Connection::open(address).await {
        Err(Error::PgError(PgError::ConnectionFailed(message))) => mistake(&message).map_or(Ok(()), Err),
        Ok(_) | Err(_) => Ok(()),
    }
}

/// What is wrong with the configuration where the host gives no connection.
fn mistake(message: &str) -> Option<SetUpError> {
    let says = |words: &&str| message.contains(words);
    if message.ends_with("is not permitted") {
        Some(SetUpError::ServerNotGranted)
    } else if message.contains("option `sslmode`") {
        Some(SetUpError::Choice(ChoiceProblem::SslMode))
    } else if NO_ADDRESS.iter().any(says) {
        Some(SetUpError::Choice(ChoiceProblem::Address))
    } else {
        let problem = Problem::new(refusal(message)?, VARIABLE);
        Some(SetUpError::Database { dialect: Dialect::Postgres, problem })
    }
}

/// What Spin and its PostgreSQL client say of an address that they cannot use.
const NO_ADDRESS: [&str; 4] =
    ["invalid connection string", "host missing", "host and hostaddr are missing", "Unix sockets"];

/// Why a server, or Spin's client, made no connection, where it will not make one at the next attempt either. Spin hands on
/// their words and not the code, and a server that does not speak English is not understood: that counts as an outage.
fn refusal(message: &str) -> Option<Cause> {
    let says = |words: &str| message.contains(words);
    // Spin verifies the certificate of every server that has TLS, unless the address says `sslmode=disable`.
    if says("error performing TLS handshake") {
        return (says("certificate") || !BROKEN_OFF.into_iter().any(says)).then_some(Cause::Tls);
    }
    // So ends what the server says when it refuses a user for the want of TLS.
    if says("pg_hba.conf") && says("no encryption") {
        return Some(Cause::Tls);
    }
    if says("database ") && says("does not exist") {
        return Some(Cause::MissingDatabase);
    }
    let turned_away = ["password authentication failed", "pg_hba.conf", "password missing"];
    (turned_away.into_iter().any(says) || (says("role ") && says("does not exist"))).then_some(Cause::RefusedUser)
}

/// What is said of a connection that ended during the handshake, as it does where a server stops.
const BROKEN_OFF: [&str; 3] = ["os error", "unexpected EOF", "handshake eof"];

/// Runs the statements as one transaction.
pub(crate) async fn batch(address: &str, statements: &[Statement<'_>], end: Instant) -> Result<Vec<Outcome>, SqlError> {
    if statements.is_empty() {
        return Ok(Vec::new());
    }
    let connection = Connection::open(address).await.map_err(|error| classify(&error))?;
    // Those that only read hold no rows, and a statement alone (a sign-out, a purge) none that others want to write.
    let _open = (statements.len() > 1 && !statements.iter().all(|statement| reads(statement.sql))).then(Open::new);
    let mut transaction = Transaction { connection: Some(connection), end, told: None };
    let outcomes = transaction.run(statements).await;
    transaction.finish(outcomes).await
}

/// A connection while it may be inside a transaction.
struct Transaction {
    connection: Option<Connection>,
    /// When it must be over.
    end: Instant,
    /// How much time the server was told was left.
    told: Option<Duration>,
}

impl Transaction {
    async fn run(&mut self, statements: &[Statement<'_>]) -> Result<Vec<Outcome>, SqlError> {
        let (end, told) = (self.end, &mut self.told);
        let Some(connection) = &self.connection else {
            return Ok(Vec::new());
        };
        for sql in Dialect::Postgres.begin() {
            execute(connection, sql).await?;
        }
        let mut outcomes = Vec::with_capacity(statements.len());
        for statement in statements {
            limit(connection, left(end)?, told).await?;
            outcomes.push(run(connection, statement).await.map_err(|error| classify(&error))?);
        }
        left(end)?;
        execute(connection, "COMMIT").await?;
        Ok(outcomes)
    }

    async fn finish(&mut self, outcomes: Result<Vec<Outcome>, SqlError>) -> Result<Vec<Outcome>, SqlError> {
        if outcomes.is_err()
            && let Some(connection) = &self.connection
        {
            // Where this fails too the connection is broken, and the server rolls back by itself.
            drop(execute(connection, "ROLLBACK").await);
        }
        self.connection = None;
        outcomes
    }
}

/// The time until a moment. An error once there is none: the instance may have been busy with something else meanwhile.
fn left(end: Instant) -> Result<Duration, SqlError> {
    let left = end.saturating_duration_since(Instant::now());
    if left.is_zero() { Err(SqlError::Unavailable) } else { Ok(left) }
}

/// Tells the server how much time is left, unless it knows. A statement that takes longer ends there, and does not go on when
/// nobody waits for its answer; a transaction that is idle for longer, because its instance is gone, ends with its connection.
async fn limit(connection: &Connection, left: Duration, told: &mut Option<Duration>) -> Result<(), SqlError> {
    if told.is_some_and(|told| told.saturating_sub(left) < TOLD_AGAIN_AFTER) {
        return Ok(());
    }
    let [statement, idle] = [left, left + IDLE_LONGER].map(|time| time.as_millis().max(1));
    let sql = format!(
        "SELECT set_config('statement_timeout', '{statement}', true), \
         set_config('idle_in_transaction_session_timeout', '{idle}', true)"
    );
    *told = Some(left);
    execute(connection, &sql).await
}

async fn execute(connection: &Connection, sql: &str) -> Result<(), SqlError> {
    connection.execute(sql, []).await.map(drop).map_err(|error| classify(&error))
}

impl Drop for Transaction {
    /// The batch was dropped between its beginning and its end. Where the server does not answer the connection is let go
    /// of all the same: whoever gets it next rolls back.
    fn drop(&mut self) {
        if let Some(connection) = self.connection.take() {
            spawn(async move {
                drop(Deadline::after(ROLLED_BACK_WITHIN).before(connection.execute("ROLLBACK", [])).await);
            });
        }
    }
}

async fn run(connection: &Connection, statement: &Statement<'_>) -> Result<Outcome, Error> {
    let parameters: Vec<ParameterValue> = statement.parameters.iter().map(bound).collect();
    if !reads(statement.sql) {
        return Ok(Outcome { rows: Vec::new(), affected: connection.execute(statement.sql, parameters).await? });
    }
    let mut result = connection.query(statement.sql, parameters).await?;
    let names: Vec<String> = result.columns().iter().map(|column| column.name.clone()).collect();
    let mut rows = Vec::new();
    while let Some(row) = result.rows().next().await {
        rows.push(Row(names.iter().cloned().zip(row.into_iter().map(found)).collect()));
    }
    // What went wrong is told here, not by `query`.
    result.result().await?;
    Ok(Outcome { rows, affected: 0 })
}

fn bound(value: &Value) -> ParameterValue {
    match value {
        Value::Text(text) => ParameterValue::Str(text.clone()),
        Value::Integer(integer) => ParameterValue::Int64(*integer),
        Value::Boolean(boolean) => ParameterValue::Boolean(*boolean),
        Value::Timestamp(at) => ParameterValue::Str(at.to_text()),
        Value::Null => ParameterValue::DbNull,
    }
}

/// The statements ask for texts, numbers and booleans. Anything else, in a column of the host's own, becomes a text that
/// no reader of a column takes for anything.
fn found(value: DbValue) -> Value {
    match value {
        DbValue::Str(text) | DbValue::Uuid(text) => Value::Text(text),
        DbValue::Boolean(boolean) => Value::Boolean(boolean),
        DbValue::Int64(integer) => Value::Integer(integer),
        DbValue::Int32(integer) => Value::Integer(integer.into()),
        DbValue::Int16(integer) => Value::Integer(integer.into()),
        DbValue::Int8(integer) => Value::Integer(integer.into()),
        DbValue::DbNull => Value::Null,
        _ => Value::Text("of another type".to_owned()),
    }
}

/// What the database says is compared and goes no further: it may quote values.
fn classify(error: &Error) -> SqlError {
    match error {
        Error::PgError(PgError::QueryFailed(QueryError::DbError(error))) => {
            let constraint = error.extras.iter().find(|(name, _)| name == "constraint");
            classify_postgres(&error.code, &error.message, constraint.map(|(_, value)| value.as_str())).about(VARIABLE)
        }
        // The check of the configuration saw nothing wrong where the server was away then, or the password was changed since.
        Error::PgError(PgError::ConnectionFailed(message)) => match refusal(message) {
            Some(cause) => SqlError::NotSetUp(Problem::new(cause, VARIABLE)),
            None => SqlError::Unavailable,
        },
        // A value that does not fit the type of its parameter never reaches the server.
        Error::PgError(PgError::BadParameter(_) | PgError::ValueConversionFailed(_)) | Error::Decode(_) => {
            SqlError::Rejected
        }
        Error::PgError(PgError::QueryFailed(QueryError::Text(message))) if message.contains("ToSql") => {
            SqlError::Rejected
        }
        Error::PgError(PgError::QueryFailed(QueryError::Text(_)) | PgError::Other(_)) => SqlError::Unavailable,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use spin_sdk::pg::DbError;

    fn refused(code: &str, message: &str, extras: &[(&str, &str)]) -> SqlError {
        classify(&Error::PgError(PgError::QueryFailed(QueryError::DbError(DbError {
            as_text: String::new(),
            severity: "ERROR".to_owned(),
            code: code.to_owned(),
            message: message.to_owned(),
            detail: None,
            extras: extras.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect(),
        }))))
    }

    #[test]
    fn the_servers_errors_are_told_apart_by_their_state() {
        let extras = [("table", "users"), ("constraint", "ix_users_email")];
        assert_eq!(refused("23505", "", &extras), SqlError::UniqueViolation("ix_users_email".to_owned()));
        let missing = refused("42P01", "relation \"session\" does not exist", &[]);
        assert_eq!(missing, SqlError::NotSetUp(Problem::new(Cause::MissingTable, "session")));
        assert_eq!(refused("40P01", "deadlock detected", &[]), SqlError::Conflict);
        assert_eq!(refused("57P01", "terminating connection", &[]), SqlError::Unavailable);
    }

    fn failed(message: &str) -> SqlError {
        classify(&Error::PgError(PgError::ConnectionFailed(message.to_owned())))
    }

    #[test]
    fn an_address_that_cannot_be_right_is_a_mistake_of_the_variable_and_not_repeated() {
        assert_eq!(mistake("address postgres://db:5432 is not permitted"), Some(SetUpError::ServerNotGranted));
        for (message, problem) in [
            ("invalid connection string: unknown option `marker`", "is not the address"),
            ("invalid configuration: both host and hostaddr are missing", "is not the address"),
            ("host missing", "is not the address"),
            ("Unix sockets are …", "is not the address"),
            ("invalid connection string: invalid value for option `sslmode`", "has another sslmode"),
        ] {
            let error = mistake(message).unwrap();
            assert!(error.to_string().starts_with(&format!("auth_database {problem}")), "{error}");
            assert!(!error.to_string().contains("marker"));
        }
    }

    #[test]
    fn what_a_server_refuses_is_a_mistake_whenever_it_shows_and_not_repeated() {
        let wrapped = |words: &str| format!("Error occurred while creating a new object: {words}\n\nCaused by: …");
        for (message, cause) in [
            ("db error: FATAL: password authentication failed for user \"marker\"", Cause::RefusedUser),
            ("FATAL: no pg_hba.conf entry for host \"127.0.0.1\", user \"marker\", SSL encryption", Cause::RefusedUser),
            ("FATAL: role \"marker\" does not exist", Cause::RefusedUser),
            ("invalid configuration: password missing", Cause::RefusedUser),
            ("FATAL: database \"marker\" does not exist", Cause::MissingDatabase),
            ("FATAL: no pg_hba.conf entry for host \"127.0.0.1\", user \"marker\", no encryption", Cause::Tls),
            ("error performing TLS handshake: server does not support TLS", Cause::Tls),
            ("error performing TLS handshake: …:certificate verify failed:… (self-signed certificate)", Cause::Tls),
            ("error performing TLS handshake: invalid peer certificate: UnknownIssuer", Cause::Tls),
            ("error performing TLS handshake: …:tlsv1 alert protocol version:…", Cause::Tls),
            ("error performing TLS handshake: The certificate was not trusted. (os error -67843)", Cause::Tls),
        ] {
            let message = wrapped(message);
            let problem = Problem::new(cause, "auth_database");
            assert_eq!(failed(&message), SqlError::NotSetUp(problem.clone()), "{message}");
            assert_eq!(
                mistake(&message),
                Some(SetUpError::Database { dialect: Dialect::Postgres, problem }),
                "{message}"
            );
        }
    }

    #[test]
    fn a_server_that_is_away_or_full_is_no_mistake() {
        for away in [
            "Connection refused (os error 111)",
            "FATAL: sorry, too many clients already",
            "FATAL: the database system is starting up",
            "error performing TLS handshake: Connection reset by peer (os error 104)",
            "error performing TLS handshake: unexpected EOF",
            "",
        ] {
            assert_eq!(failed(away), SqlError::Unavailable, "{away}");
            assert_eq!(mistake(away), None, "{away}");
        }
    }

    #[test]
    fn an_error_without_a_state_is_an_outage_unless_a_value_did_not_fit() {
        let text = |text: &str| Error::PgError(PgError::QueryFailed(QueryError::Text(text.to_owned())));
        assert_eq!(classify(&text("Error { kind: Closed, cause: None }")), SqlError::Unavailable);
        assert_eq!(classify(&text("Error { kind: ToSql(0), cause: Some(WrongType) }")), SqlError::Rejected);
    }
}
