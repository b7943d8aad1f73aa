//! Every statement, as text.
//!
//! They are written once for all dialects and all configured names. `{session}` stands for a table, `{session.token}`
//! for a column with its table, `{session:token}` for the bare column, `{session.expires_at|time}` for a datetime that is
//! compared, `{session.expires_at|text}` for one that is read, and `{users.is_active|flag}` for whether a flag is set;
//! `:name` is a parameter, `:name@time` one that holds a datetime, and `:is_active@flag` the parameter `is_active` as that
//! column takes it. A column that `AS` follows is one that a driver reads. `{no_table}` is what a `SELECT` without a table needs, and `{for_share}`, `{for_no_key_update}` and
//! `{for_update}` lock the rows that it finds. Columns are always qualified where SQL allows it: SQLite takes an unknown
//! bare name in double quotes for a string.

use crate::{
    dialect::{Dialect, Kind, Strength},
    driver::{Statement, Value},
    entity::Entities,
    flag,
};
use alloc::{
    format,
    string::{String, ToString},
    vec::Vec,
};

/// A statement in one dialect's syntax.
#[derive(Clone, Debug)]
pub struct Rendered {
    dialect: Dialect,
    sql: String,
    parameters: Vec<String>,
}

/// The value of a named parameter.
pub(crate) type Binding<'a> = (&'a str, Value);

impl Rendered {
    /// The statement, with placeholders as the dialect writes them.
    #[must_use]
    pub fn sql(&self) -> &str {
        &self.sql
    }

    /// What the placeholders stand for, in order.
    #[must_use]
    pub fn parameters(&self) -> &[String] {
        &self.parameters
    }

    /// The statement with its parameters in place. A parameter that is not given is NULL.
    pub(crate) fn bind(&self, bindings: &[Binding<'_>]) -> Statement<'_> {
        let value = |name: &String| {
            let given = bindings.iter().find(|(known, _)| known == name);
            given.map_or(Value::Null, |(_, value)| self.dialect.storable(value))
        };
        Statement { sql: &self.sql, parameters: self.parameters.iter().map(value).collect() }
    }
}

/// All statements, rendered once for a dialect.
#[derive(Clone, Debug)]
pub struct Statements {
    pub(crate) dialect: Dialect,
    pub(crate) insert_user: Rendered,
    pub(crate) insert_account: Rendered,
    pub(crate) insert_first_session: Rendered,
    pub(crate) select_holder_of_email: Rendered,
    pub(crate) select_credentials: Rendered,
    pub(crate) delete_sessions_over_of_user: Rendered,
    pub(crate) lock_user: Option<Rendered>,
    pub(crate) lock_account: Option<Rendered>,
    pub(crate) insert_verified_session: Rendered,
    pub(crate) update_password: Rendered,
    pub(crate) select_session_exists: Rendered,
    pub(crate) by_id: SessionStatements,
    pub(crate) by_token: SessionStatements,
    pub(crate) select_user: Rendered,
    pub(crate) select_user_and_session: Rendered,
    pub(crate) delete_sessions_over: Rendered,
    pub(crate) select_end_of_page: Rendered,
}

/// The statements that name a session, in one of the two ways to name it.
#[derive(Clone, Debug)]
pub(crate) struct SessionStatements {
    pub(crate) locks: Vec<Rendered>,
    pub(crate) end_reused: Rendered,
    pub(crate) rotate: Rendered,
    pub(crate) select_with_user: Rendered,
    pub(crate) delete_if_over: Rendered,
    pub(crate) close: Rendered,
}

const USER_COLUMNS: &str = "{users.id} AS user_id, {users.name} AS user_name, {users.email} AS user_email, \
    {users.email_verified|flag} AS user_email_verified, {users.image} AS user_image, \
    {users.is_active|flag} AS user_is_active";

const SESSION_COLUMNS: &str = "{session.id} AS session_id, {session.token} AS session_token, \
    {session.user_id} AS session_user_id, {session.expires_at|text} AS session_expires_at, \
    {session.created_at|text} AS session_created_at, {session.updated_at|text} AS session_updated_at";

// The guard makes a taken address an ordinary outcome; between racing sign-ups the unique index decides.
const INSERT_USER: &str = "INSERT INTO {users} ({users:id}, {users:name}, {users:email}, {users:email_verified}, \
    {users:image}, {users:is_active}, {users:created_at}, {users:updated_at}) \
    SELECT :user_id, :name, :email, :email_verified@flag, :image, :is_active@flag, \
    :now@time, :now@time{no_table} \
    WHERE NOT EXISTS (SELECT 1 FROM {users} WHERE {users.email} = :email)";

// Written only if the user above is ours, and not again where the batch is run twice.
const INSERT_ACCOUNT: &str = "INSERT INTO {account} ({account:id}, {account:account_id}, {account:provider_id}, \
    {account:user_id}, {account:password}, {account:created_at}, {account:updated_at}) \
    SELECT :account_row_id, :email, :provider_id, :user_id, :password, :now@time, :now@time{no_table} \
    WHERE EXISTS (SELECT 1 FROM {users} WHERE {users.id} = :user_id) \
    AND NOT EXISTS (SELECT 1 FROM {account} WHERE {account.id} = :account_row_id)";

const INSERT_SESSION: &str = "INSERT INTO {session} ({session:id}, {session:token}, {session:expires_at}, \
    {session:user_id}, {session:ip_address}, {session:user_agent}, {session:created_at}, {session:updated_at}) \
    SELECT :session_id, :token, :expires_at@time, :user_id, :ip_address, :user_agent, :now@time, :now@time{no_table} \
    WHERE NOT EXISTS (SELECT 1 FROM {session} WHERE {session.id} = :session_id)";

const USER_EXISTS: &str = " AND EXISTS (SELECT 1 FROM {users} WHERE {users.id} = :user_id)";

// A password that was changed, or a user who was deactivated, while the hash was computed opens no session.
const STILL_VERIFIED: &str = " AND EXISTS (SELECT 1 FROM {account} INNER JOIN {users} ON {users.id} = {account.user_id} \
    WHERE {account.id} = :account_row_id AND {account.password} = :verified_password \
    AND {users.id} = :user_id AND {users.is_active|flag})";

const SELECT_HOLDER_OF_EMAIL: &str = "SELECT {users.id} AS user_id FROM {users} WHERE {users.email} = :email";

const SELECT_CREDENTIALS: &str = ", {account.id} AS account_row_id, {account.password} AS account_password \
    FROM {users} LEFT JOIN {account} ON {account.user_id} = {users.id} AND {account.provider_id} = :provider_id \
    WHERE {users.email} = :email ORDER BY {account.created_at}, {account.id}";

// Guarded by the hash that was verified: a password that was changed meanwhile stays.
const UPDATE_PASSWORD: &str = "UPDATE {account} SET {account:password} = :new_password, {account:updated_at} = :now@time \
    WHERE {account.id} = :account_row_id AND {account.password} = :verified_password \
    AND EXISTS (SELECT 1 FROM {session} WHERE {session.id} = :session_id)";

// Where batches run side by side, the rows that the guards look at stay as they are until the commit. All batches lock in
// this order, so that none waits for another that waits for it: user, account, session. The user is only read, so a lock
// that others share is enough: a deactivation comes before the whole batch or after it, and inserts of the host's that
// reference the user do not wait.
const LOCK_USER: &str = "SELECT {users.id} AS user_id FROM {users} WHERE {users.id} = :user_id{for_share}";

const LOCK_ACCOUNT: &str =
    "SELECT {account.id} AS account_row_id FROM {account} WHERE {account.id} = :account_row_id{for_no_key_update}";

const SELECT_SESSION_EXISTS: &str = "SELECT {session.id} AS session_id FROM {session} WHERE {session.id} = :session_id";

const OVER: &str = "({session.expires_at|time} <= :now@time OR {session.created_at|time} <= :born@time)";

/// How many rows a step of the purge looks at. Databases limit the work of a statement, and one over the limit removes
/// nothing at all.
pub const PURGE_PAGE: u64 = 1_000;

/// The same over a database that works on the thread which waits for it: nothing else runs meanwhile. The pages of so many
/// rows and of their entries in the indexes fit into the cache that SQLite has by default.
pub const PURGE_PAGE_IN_PROCESS: u64 = 100;

// What says that a session is over must be a condition of the row itself: READ COMMITTED does not look again at one that
// is only in a sub-select, and would remove a session that a refresh has extended meanwhile.
const DELETE_PAGE: &str = "DELETE FROM {session} WHERE {session.id} > :after AND {session.id} <= :until AND ";

const BY_ID: &str = "{session.id} = :session_id";
const BY_TOKEN: &str = "{session.token} IN (:presented, :successor)";

// A superseded token that is not the direct parent of the current one, or is presented after the grace period.
const END_REUSED: &str = " AND {session.user_id} = :user_id AND {session.token} <> :presented \
    AND ({session.token} <> :successor OR {session.updated_at|time} < :grace_from@time \
    OR {session.updated_at|time} > :grace_until@time)";

const ROTATE_SET: &str = "UPDATE {session} SET {session:token} = :successor, {session:updated_at} = :now@time, \
    {session:expires_at} = :expires_at@time WHERE ";

const ROTATE_IF: &str = " AND {session.token} = :presented AND {session.user_id} = :user_id \
    AND {session.expires_at|time} > :now@time AND {session.created_at|time} > :born@time \
    AND ({session.updated_at|time} < :paced_before@time OR {session.updated_at|time} > :grace_until@time) \
    AND EXISTS (SELECT 1 FROM {users} WHERE {users.id} = :user_id AND {users.is_active|flag})";

/// How the columns that are read are selected.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Reading {
    AsTheyAre,
    /// On SQLite, whose texts need not be UTF-8.
    TextsAsBytes,
}

impl Statements {
    /// Renders them for a dialect and the names of a configuration.
    #[must_use]
    pub fn new(dialect: Dialect, entities: &Entities) -> Self {
        Self::with_purge_page(dialect, entities, PURGE_PAGE)
    }

    /// The same, with a purge whose steps look at so many rows.
    #[must_use]
    pub fn with_purge_page(dialect: Dialect, entities: &Entities, rows: u64) -> Self {
        Self::render(dialect, entities, rows, Reading::AsTheyAre)
    }

    /// Renders them for SQLite and a driver that does not survive a text which is not UTF-8: texts are selected as BLOBs, and
    /// the driver replaces what is no UTF-8 in them. A step of the purge looks at so many rows.
    #[must_use]
    pub fn reading_texts_as_bytes(entities: &Entities, rows: u64) -> Self {
        Self::render(Dialect::Sqlite, entities, rows, Reading::TextsAsBytes)
    }

    fn render(dialect: Dialect, entities: &Entities, rows: u64, reading: Reading) -> Self {
        let render = |template: &str| render(dialect, entities, reading, template);
        let lock = |template: &str| dialect.locks_rows().then(|| render(template));
        let session_statements = |named: &str| SessionStatements {
            locks: [
                lock(LOCK_USER),
                lock(&format!("SELECT {{session.id}} AS session_id FROM {{session}} WHERE {named}{{for_update}}")),
            ]
            .into_iter()
            .flatten()
            .collect(),
            end_reused: render(&format!("DELETE FROM {{session}} WHERE {named}{END_REUSED}")),
            rotate: render(&format!("{ROTATE_SET}{named}{ROTATE_IF}")),
            select_with_user: render(&format!(
                "SELECT {SESSION_COLUMNS}, {USER_COLUMNS} FROM {{session}} \
                 LEFT JOIN {{users}} ON {{users.id}} = {{session.user_id}} WHERE {named}"
            )),
            delete_if_over: render(&format!("DELETE FROM {{session}} WHERE {named} AND {OVER}")),
            close: render(&format!("DELETE FROM {{session}} WHERE {named} AND {{session.user_id}} = :user_id")),
        };
        Self {
            dialect,
            insert_user: render(INSERT_USER),
            insert_account: render(INSERT_ACCOUNT),
            insert_first_session: render(&format!("{INSERT_SESSION}{USER_EXISTS}")),
            select_holder_of_email: render(SELECT_HOLDER_OF_EMAIL),
            select_credentials: render(&format!("SELECT {USER_COLUMNS}{SELECT_CREDENTIALS}")),
            delete_sessions_over_of_user: render(&format!(
                "DELETE FROM {{session}} WHERE {{session.user_id}} = :user_id AND {OVER}"
            )),
            lock_user: lock(LOCK_USER),
            lock_account: lock(LOCK_ACCOUNT),
            insert_verified_session: render(&format!("{INSERT_SESSION}{STILL_VERIFIED}")),
            update_password: render(UPDATE_PASSWORD),
            select_session_exists: render(SELECT_SESSION_EXISTS),
            by_id: session_statements(BY_ID),
            by_token: session_statements(BY_TOKEN),
            select_user: render(&format!("SELECT {USER_COLUMNS} FROM {{users}} WHERE {{users.id}} = :user_id")),
            select_user_and_session: render(&format!(
                "SELECT {USER_COLUMNS}, {SESSION_COLUMNS} FROM {{users}} LEFT JOIN {{session}} \
                 ON {{session.id}} = :session_id AND {{session.user_id}} = {{users.id}} WHERE {{users.id}} = :user_id"
            )),
            delete_sessions_over: render(&format!("{DELETE_PAGE}{OVER}")),
            select_end_of_page: render(&format!(
                "SELECT MAX(id) AS session_id FROM (SELECT {{session.id}} AS id FROM {{session}} \
                 WHERE {{session.id}} > :until ORDER BY {{session.id}} LIMIT {rows}) AS page"
            )),
        }
    }

    /// All statements as a reviewer reads them: the steps of the store, each with its batch in order.
    #[must_use]
    pub fn review(&self) -> String {
        let mut text =
            String::from("-- Every statement, rendered by `cargo xtask schema`. A step is one transaction.\n");
        for (step, batch) in self.steps() {
            text.push_str(&format!("\n-- {step}\n"));
            for statement in batch {
                text.push_str(&format!("{};\n  -- {}\n", statement.sql, statement.parameters.join(", ")));
            }
        }
        text
    }

    /// The steps of the store by name, each with its batch in order.
    #[must_use]
    pub fn steps(&self) -> Vec<(&'static str, Vec<&Rendered>)> {
        Vec::from([
            (
                "create_user (POST /sign-up/email)",
                Vec::from([
                    &self.insert_user,
                    &self.insert_account,
                    &self.insert_first_session,
                    &self.select_holder_of_email,
                ]),
            ),
            ("credentials_by_email (POST /sign-in/email, before the hash)", Vec::from([&self.select_credentials])),
            (
                "open_session (POST /sign-in/email, after the hash; the update only where a rehash is due)",
                self.opening_batch(true),
            ),
            ("refresh_session (POST /refresh)", self.by_id.refresh_batch()),
            ("refresh_session, token without sid", self.by_token.refresh_batch()),
            ("user_of_session (GET /session)", Vec::from([&self.select_user_and_session])),
            ("user_of_session, token without sid", Vec::from([&self.select_user])),
            ("close_session (POST /revoke, POST /sign-out)", Vec::from([&self.by_id.close])),
            ("close_session, token without sid", Vec::from([&self.by_token.close])),
            ("purge_expired (scheduled), a page", Vec::from([&self.delete_sessions_over, &self.select_end_of_page])),
        ])
    }
}

impl Statements {
    /// The batch that opens a session, in its order; the last statement tells whether it stands.
    pub(crate) fn opening_batch(&self, rehash: bool) -> Vec<&Rendered> {
        let mut batch: Vec<&Rendered> = self.lock_user.iter().chain(&self.lock_account).collect();
        batch.extend([&self.delete_sessions_over_of_user, &self.insert_verified_session]);
        if rehash {
            batch.push(&self.update_password);
        }
        batch.push(&self.select_session_exists);
        batch
    }
}

impl SessionStatements {
    /// The batch of the paced chain, in its order; the last four statements are end, rotate, read and delete.
    pub(crate) fn refresh_batch(&self) -> Vec<&Rendered> {
        let mut batch: Vec<&Rendered> = self.locks.iter().collect();
        batch.extend([&self.end_reused, &self.rotate, &self.select_with_user, &self.delete_if_over]);
        batch
    }
}

/// Puts a dialect's syntax and a configuration's names into a template.
fn render(dialect: Dialect, entities: &Entities, reading: Reading, template: &str) -> Rendered {
    let mut sql = String::new();
    let mut parameters = Vec::new();
    let mut rest = template;
    while let Some((before, at)) = rest.find(['{', ':']).and_then(|at| rest.split_at_checked(at)) {
        sql.push_str(before);
        if let Some((name, after)) = at.strip_prefix('{').and_then(|inner| inner.split_once('}')) {
            let value = render_name(dialect, entities, name);
            if reading == Reading::TextsAsBytes && after.starts_with(" AS ") && !name.ends_with("|flag") {
                sql.push_str(&format!("CASE typeof({value}) WHEN 'text' THEN CAST({value} AS BLOB) ELSE {value} END"));
            } else {
                sql.push_str(&value);
            }
            rest = after;
        } else {
            let inner = at.trim_start_matches(':');
            let end = inner.find(|character: char| !(character.is_ascii_alphanumeric() || "_@".contains(character)));
            let (parameter, after) = end.and_then(|end| inner.split_at_checked(end)).unwrap_or((inner, ""));
            let (name, kind) = parameter.split_once('@').unwrap_or((parameter, ""));
            parameters.push(name.to_string());
            let number = parameters.len();
            sql.push_str(&match kind {
                "time" => dialect.placeholder(Kind::Time, number),
                "flag" => flag::placeholder(dialect, entities.users(), name, number),
                _ => dialect.placeholder(Kind::Text, number),
            });
            rest = after;
        }
    }
    sql.push_str(rest);
    Rendered { dialect, sql, parameters }
}

fn render_name(dialect: Dialect, entities: &Entities, name: &str) -> String {
    match name {
        "no_table" => return dialect.no_table().to_string(),
        "for_share" => return dialect.lock(Strength::Share).to_string(),
        "for_no_key_update" => return dialect.lock(Strength::NoKeyUpdate).to_string(),
        "for_update" => return dialect.lock(Strength::Update).to_string(),
        _ => {}
    }
    let (name, used_as) = name.split_once('|').unwrap_or((name, ""));
    let (table, column) = match name.split_once(['.', ':']) {
        Some((table, column)) => entities.name_of(table, Some(column)),
        None => entities.name_of(name, None),
    };
    let Some(column) = column else {
        return dialect.quote(table);
    };
    if name.contains(':') {
        return dialect.quote(column);
    }
    let qualified = format!("{}.{}", dialect.quote(table), dialect.quote(column));
    match used_as {
        "flag" => flag::is_set(dialect, name.rsplit('.').next().unwrap_or_default(), &qualified),
        "time" => dialect.comparable_time(&qualified),
        "text" => dialect.time_as_text(&qualified),
        _ => qualified,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_read_as_bytes_where_that_is_asked_for_and_nothing_else_changes() {
        let entities = Entities::default();
        let [plain, bytes] =
            [Statements::new(Dialect::Sqlite, &entities), Statements::reading_texts_as_bytes(&entities, PURGE_PAGE)];
        assert_eq!(
            bytes.select_holder_of_email.sql(),
            "SELECT CASE typeof(\"users\".\"id\") WHEN 'text' THEN CAST(\"users\".\"id\" AS BLOB) \
             ELSE \"users\".\"id\" END AS user_id FROM \"users\" WHERE \"users\".\"email\" = ?"
        );
        for ((_, plain), (_, bytes)) in plain.steps().iter().zip(bytes.steps()) {
            for (plain, bytes) in plain.iter().zip(bytes) {
                // Flags are rendered as conditions, which are no texts.
                let named = |words: &str| plain.sql().matches(words).count();
                let read = named("\" AS ") - named("\" AS TEXT)");
                assert_eq!(bytes.sql().matches(" AS BLOB) ELSE ").count(), read, "{}", bytes.sql());
                assert_eq!(plain.sql() == bytes.sql(), read == 0, "{}", bytes.sql());
                assert_eq!(plain.parameters(), bytes.parameters());
            }
        }
    }
}
