//! The statements of the conversations, which use canonical names and `?`, in the words of one database.

use crate::sql_tables::{Kind, placeholder, time_as_text};
use auth101_core::Timestamp;
use auth101_sql::{
    Dialect, Entities, Value,
    entity::{Column, ColumnKind, Entity},
};

/// What tables and columns are called, and by which dialect they are asked for.
#[derive(Clone, Debug)]
pub struct Names {
    dialect: Dialect,
    entities: Entities,
}

impl Names {
    /// The names of a configuration.
    #[must_use]
    pub const fn new(dialect: Dialect, entities: Entities) -> Self {
        Self { dialect, entities }
    }

    /// The statement with configured names in quotes and the dialect's placeholders. What is selected keeps its canonical
    /// name, and datetimes are selected as text.
    #[must_use]
    pub fn translate(&self, statement: &str, values: &[Value]) -> String {
        let tokens = tokens(statement);
        let tables: Vec<&Entity> = tokens.iter().filter_map(|token| self.table(token)).collect();
        let mut parameters = values.iter().enumerate();
        let mut text = String::new();
        let mut position = 0;
        while let Some(token) = tokens.get(position) {
            let after = |offset: usize| tokens.get(position + offset).copied().unwrap_or_default();
            let found = match self.table(token).filter(|_| after(1) == ".") {
                Some(table) => column(table, after(2)).map(|found| (found, format!("{}.", self.quote(&table.name)), 3)),
                None => tables.iter().find_map(|table| column(table, token)).map(|found| (found, String::new(), 1)),
            };
            if let Some(((column, name), table, length)) = found {
                let name = format!("{table}{}", self.quote(name));
                text.push_str(&match (is_item(&tokens, position, length), column.kind) {
                    (true, ColumnKind::Datetime) => self.selected(&time_as_text(self.dialect, &name), column),
                    (true, _) => self.selected(&name, column),
                    (false, _) => name,
                });
                position += length;
                continue;
            }
            match (self.table(token), *token) {
                (Some(table), _) => text.push_str(&self.quote(&table.name)),
                (None, "?") => {
                    let (index, value) = parameters.next().unwrap_or((values.len(), &Value::Null));
                    text.push_str(&placeholder(self.dialect, index + 1, kind(value)));
                }
                (None, token) => text.push_str(token),
            }
            position += 1;
        }
        text
    }

    fn selected(&self, expression: &str, column: &Column) -> String {
        format!("{expression} AS {}", self.quote(column.name))
    }

    fn table(&self, name: &str) -> Option<&Entity> {
        self.entities.iter().find(|entity| entity.schema.name == name)
    }

    fn quote(&self, name: &str) -> String {
        match self.dialect {
            Dialect::Sqlite | Dialect::Postgres => format!("\"{name}\""),
            Dialect::MySql => format!("`{name}`"),
        }
    }
}

fn column<'a>(table: &'a Entity, name: &str) -> Option<(&'static Column, &'a str)> {
    table.columns().find(|(column, _)| column.name == name)
}

/// Whether these tokens are all of an item between SELECT and FROM.
fn is_item(tokens: &[&str], position: usize, length: usize) -> bool {
    let is_word = |token: &&&str| !token.trim().is_empty();
    let (before, rest) = tokens.split_at(position);
    let last = before.iter().rfind(is_word).copied();
    let next = rest.iter().skip(length).find(is_word).copied();
    let is_selected = before.first() == Some(&"SELECT") && !before.contains(&"FROM");
    is_selected && matches!(last, Some("SELECT" | ",")) && matches!(next, Some("FROM" | ","))
}

fn kind(value: &Value) -> Kind {
    match value {
        Value::Boolean(_) => Kind::Boolean,
        Value::Integer(_) => Kind::Integer,
        Value::Timestamp(_) => Kind::Time,
        Value::Text(text) if Timestamp::parse(text).is_some() => Kind::Time,
        Value::Text(_) | Value::Null => Kind::Text,
    }
}

/// Words, texts in quotes, and single characters between them.
fn tokens(statement: &str) -> Vec<&str> {
    let is_word = |character: char| character.is_ascii_alphanumeric() || character == '_';
    let mut tokens = Vec::new();
    let mut rest = statement;
    while let Some(first) = rest.chars().next() {
        let length = if is_word(first) {
            rest.find(|character| !is_word(character)).unwrap_or(rest.len())
        } else if first == '\'' {
            rest.char_indices().skip(1).find(|(_, character)| *character == '\'').map_or(rest.len(), |(at, _)| at + 1)
        } else {
            first.len_utf8()
        };
        let (token, left) = rest.split_at(length);
        tokens.push(token);
        rest = left;
    }
    tokens
}

#[cfg(test)]
mod tests {
    use super::*;
    use auth101_core::config::EntityOptions;
    use serde_json::json;

    fn names(dialect: Dialect) -> Names {
        let object = |value: serde_json::Value| value.as_object().cloned();
        let options = EntityOptions {
            user: object(json!({"model_name": "order", "fields": {"id": "key", "email": "mail"}})),
            session: object(json!({"model_name": "logins", "fields": {"expires_at": "until", "user_id": "who"}})),
            ..EntityOptions::default()
        };
        Names::new(dialect, Entities::new(&options).unwrap())
    }

    #[test]
    fn names_are_replaced_and_what_is_selected_keeps_its_own() {
        let select = "SELECT id, COUNT(*) AS n, CASE WHEN email = 'email, id' THEN 'yes' END AS mine FROM users";
        assert_eq!(
            names(Dialect::Sqlite).translate(select, &[]),
            "SELECT \"key\" AS \"id\", COUNT(*) AS n, CASE WHEN \"mail\" = 'email, id' THEN 'yes' END AS mine FROM \"order\""
        );
        assert_eq!(
            names(Dialect::Sqlite).translate("INSERT INTO users (id, email) VALUES (?, ?)", &[]),
            "INSERT INTO \"order\" (\"key\", \"mail\") VALUES (?, ?)"
        );
        let join = "SELECT email, session.id FROM users JOIN session ON session.user_id = users.id WHERE users.id = ?";
        assert_eq!(
            names(Dialect::MySql).translate(join, &[Value::Null]),
            "SELECT `mail` AS `email`, `logins`.`id` AS `id` FROM `order` JOIN `logins` ON `logins`.`who` = \
             `order`.`key` WHERE `order`.`key` = ?"
        );
    }

    #[test]
    fn postgresql_is_told_what_placeholders_hold() {
        let values = [Value::Text("2001-01-01T00:00:00".into()), Value::Text("x".into()), Value::Boolean(true)];
        assert_eq!(
            names(Dialect::Postgres).translate("UPDATE session SET expires_at = ?, token = ?, x = ?", &values),
            "UPDATE \"logins\" SET \"until\" = CAST(CAST($1 AS TEXT) AS TIMESTAMP), \"token\" = CAST($2 AS TEXT), x = \
             CAST($3 AS BOOLEAN)"
        );
        assert_eq!(
            names(Dialect::Postgres).translate("SELECT expires_at FROM session", &[]),
            "SELECT to_char(\"until\", 'YYYY-MM-DD HH24:MI:SS.US') AS \"expires_at\" FROM \"logins\""
        );
    }
}
