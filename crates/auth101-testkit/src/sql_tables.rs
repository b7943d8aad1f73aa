//! The tables through any driver.

use crate::tables::{AccountRow, Tables};
use auth101_core::{
    Timestamp,
    domain::{
        identifier::{SessionId, TokenId, UserId},
        session::{Client, NewSession, Session},
        user::User,
    },
};
use auth101_sql::{Dialect, Row, SqlDriver, Statement, Value};

/// What a placeholder stands for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Kind {
    /// Text, or NULL.
    Text,
    /// A whole number.
    Integer,
    /// A boolean.
    Boolean,
    /// A datetime.
    Time,
}

/// A placeholder as the dialect writes it; the only place of the test kit that must know.
#[must_use]
pub fn placeholder(dialect: Dialect, position: usize, kind: Kind) -> String {
    match (dialect, kind) {
        (Dialect::Sqlite | Dialect::MySql, _) => "?".into(),
        (Dialect::Postgres, Kind::Text) => format!("CAST(${position} AS TEXT)"),
        (Dialect::Postgres, Kind::Integer) => format!("CAST(${position} AS BIGINT)"),
        (Dialect::Postgres, Kind::Boolean) => format!("CAST(${position} AS BOOLEAN)"),
        (Dialect::Postgres, Kind::Time) => format!("CAST(CAST(${position} AS TEXT) AS TIMESTAMP)"),
    }
}

/// A column's type as the dialect writes it.
#[must_use]
pub fn column_type(dialect: Dialect, kind: Kind) -> &'static str {
    match (dialect, kind) {
        // A binary collation, as for every column that holds identifiers; the default one equates letters.
        (Dialect::MySql, Kind::Text) => "VARCHAR(255) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin",
        (_, Kind::Text) => "VARCHAR(255)",
        (_, Kind::Integer) => "BIGINT",
        (_, Kind::Boolean) => "BOOLEAN",
        (Dialect::Sqlite, Kind::Time) => "DATETIME",
        (Dialect::Postgres, Kind::Time) => "TIMESTAMP",
        (Dialect::MySql, Kind::Time) => "DATETIME(6)",
    }
}

/// A datetime column as text, to be selected.
#[must_use]
pub fn time_as_text(dialect: Dialect, column: &str) -> String {
    match dialect {
        Dialect::Sqlite => column.into(),
        Dialect::Postgres => format!("to_char({column}, 'YYYY-MM-DD HH24:MI:SS.US')"),
        Dialect::MySql => format!("DATE_FORMAT({column}, '%Y-%m-%d %H:%i:%s.%f')"),
    }
}

/// The four tables in a database, under their canonical names.
#[derive(Clone, Debug)]
pub struct SqlTables<D> {
    driver: D,
    dialect: Dialect,
}

impl<D: SqlDriver> SqlTables<D> {
    /// The tables behind this driver.
    pub const fn new(driver: D, dialect: Dialect) -> Self {
        Self { driver, dialect }
    }

    /// The driver.
    pub const fn driver(&self) -> &D {
        &self.driver
    }

    async fn run(&self, sql: &str, parameters: Vec<Value>) -> Vec<Row> {
        let outcomes = self.driver.batch(&[Statement { sql, parameters }]).await.expect("the statement is valid");
        outcomes.into_iter().flat_map(|outcome| outcome.rows).collect()
    }

    async fn insert(&self, table: &str, columns: &[(&str, Value)]) {
        let names: Vec<&str> = columns.iter().map(|(name, _)| *name).collect();
        let kind = |value: &Value| match value {
            Value::Text(_) | Value::Null => Kind::Text,
            Value::Integer(_) => Kind::Integer,
            Value::Boolean(_) => Kind::Boolean,
            Value::Timestamp(_) => Kind::Time,
        };
        let placeholders: Vec<String> =
            columns.iter().enumerate().map(|(at, (_, value))| placeholder(self.dialect, at + 1, kind(value))).collect();
        let sql = format!("INSERT INTO {table} ({}) VALUES ({})", names.join(", "), placeholders.join(", "));
        let kept = |value: &Value| match value {
            Value::Timestamp(at) => Value::Timestamp(at.floor_to(self.dialect.resolution())),
            value => value.clone(),
        };
        self.run(&sql, columns.iter().map(|(_, value)| kept(value)).collect()).await;
    }

    async fn update(&self, table: &str, column: &str, value: Value, key: &str, user: &UserId) {
        let kind = if matches!(value, Value::Boolean(_)) { Kind::Boolean } else { Kind::Text };
        let (new, id) = (placeholder(self.dialect, 1, kind), placeholder(self.dialect, 2, Kind::Text));
        let sql = format!("UPDATE {table} SET {column} = {new} WHERE {key} = {id}");
        self.run(&sql, vec![value, text(user.as_str())]).await;
    }

    async fn delete(&self, table: &str, key: &str, user: &UserId) {
        let id = placeholder(self.dialect, 1, Kind::Text);
        self.run(&format!("DELETE FROM {table} WHERE {key} = {id}"), vec![text(user.as_str())]).await;
    }
}

impl<D: SqlDriver> Tables for SqlTables<D> {
    async fn users(&self) -> Vec<User> {
        let sql = "SELECT id, name, email, email_verified, image, is_active FROM users ORDER BY id";
        let user = |row: Row| User {
            id: UserId::new(read_text(&row, "id")),
            name: read_text(&row, "name"),
            email: read_text(&row, "email"),
            email_verified: read_boolean(&row, "email_verified"),
            image: optional_text(&row, "image").unwrap_or_default(),
            is_active: read_boolean(&row, "is_active"),
        };
        self.run(sql, Vec::new()).await.into_iter().map(user).collect()
    }

    async fn accounts(&self) -> Vec<AccountRow> {
        let created_at = time_as_text(self.dialect, "created_at");
        let sql = format!(
            "SELECT id, user_id, account_id, provider_id, password, {created_at} AS born FROM account ORDER BY id"
        );
        let account = |row: Row| AccountRow {
            id: read_text(&row, "id"),
            user_id: UserId::new(read_text(&row, "user_id")),
            account_id: read_text(&row, "account_id"),
            provider_id: read_text(&row, "provider_id"),
            password: optional_text(&row, "password"),
            created_at: read_time(&row, "born"),
        };
        self.run(&sql, Vec::new()).await.into_iter().map(account).collect()
    }

    async fn sessions(&self) -> Vec<NewSession> {
        let [expires, created, updated] =
            ["expires_at", "created_at", "updated_at"].map(|column| time_as_text(self.dialect, column));
        let sql = format!(
            "SELECT id, token, user_id, ip_address, user_agent, {expires} AS ends, {created} AS born, {updated} AS made \
             FROM session ORDER BY id"
        );
        let session = |row: Row| NewSession {
            session: Session {
                id: SessionId::new(read_text(&row, "id")),
                token: TokenId::new(read_text(&row, "token")),
                user_id: UserId::new(read_text(&row, "user_id")),
                expires_at: read_time(&row, "ends"),
                created_at: read_time(&row, "born"),
                updated_at: read_time(&row, "made"),
            },
            client: Client {
                ip_address: optional_text(&row, "ip_address"),
                user_agent: optional_text(&row, "user_agent"),
            },
        };
        self.run(&sql, Vec::new()).await.into_iter().map(session).collect()
    }

    async fn put_user(&self, user: &User) {
        let columns = [
            ("id", text(user.id.as_str())),
            ("name", text(&user.name)),
            ("email", text(&user.email)),
            ("email_verified", Value::Boolean(user.email_verified)),
            ("image", text(&user.image)),
            ("is_active", Value::Boolean(user.is_active)),
            ("created_at", Value::Timestamp(Timestamp::EPOCH)),
            ("updated_at", Value::Timestamp(Timestamp::EPOCH)),
        ];
        self.insert("users", &columns).await;
    }

    async fn put_account(&self, account: &AccountRow) {
        let columns = [
            ("id", text(&account.id)),
            ("account_id", text(&account.account_id)),
            ("provider_id", text(&account.provider_id)),
            ("user_id", text(account.user_id.as_str())),
            ("password", account.password.as_deref().map_or(Value::Null, text)),
            ("created_at", Value::Timestamp(account.created_at)),
            ("updated_at", Value::Timestamp(account.created_at)),
        ];
        self.insert("account", &columns).await;
    }

    async fn put_session(&self, NewSession { session, client }: &NewSession) {
        let columns = [
            ("id", text(session.id.as_str())),
            ("token", text(session.token.as_str())),
            ("user_id", text(session.user_id.as_str())),
            ("ip_address", client.ip_address.as_deref().map_or(Value::Null, text)),
            ("user_agent", client.user_agent.as_deref().map_or(Value::Null, text)),
            ("expires_at", Value::Timestamp(session.expires_at)),
            ("created_at", Value::Timestamp(session.created_at)),
            ("updated_at", Value::Timestamp(session.updated_at)),
        ];
        self.insert("session", &columns).await;
    }

    async fn set_active(&self, user: &UserId, active: bool) {
        self.update("users", "is_active", Value::Boolean(active), "id", user).await;
    }

    async fn set_email(&self, user: &UserId, email: &str) {
        self.update("users", "email", text(email), "id", user).await;
    }

    async fn set_password(&self, user: &UserId, hash: Option<&str>) {
        self.update("account", "password", hash.map_or(Value::Null, text), "user_id", user).await;
    }

    async fn delete_user(&self, user: &UserId) {
        self.delete("users", "id", user).await;
    }

    async fn delete_accounts(&self, user: &UserId) {
        self.delete("account", "user_id", user).await;
    }

    async fn delete_sessions(&self, user: &UserId) {
        self.delete("session", "user_id", user).await;
    }
}

fn text(text: &str) -> Value {
    Value::Text(text.into())
}

fn optional_text(row: &Row, name: &str) -> Option<String> {
    match row.get(name) {
        Some(Value::Text(text)) => Some(text.clone()),
        _ => None,
    }
}

fn read_text(row: &Row, name: &str) -> String {
    optional_text(row, name).unwrap_or_else(|| panic!("{name} holds no text"))
}

fn read_boolean(row: &Row, name: &str) -> bool {
    match row.get(name) {
        Some(Value::Boolean(value)) => *value,
        Some(Value::Integer(number)) => *number != 0,
        _ => panic!("{name} holds no boolean"),
    }
}

fn read_time(row: &Row, name: &str) -> Timestamp {
    Timestamp::parse(&read_text(row, name)).unwrap_or_else(|| panic!("{name} holds no time"))
}
