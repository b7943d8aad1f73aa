//! The four tables and their columns: by the canonical names that the statements use, and by the names that a host's
//! database has for them.

use alloc::{
    borrow::ToOwned,
    format,
    string::{String, ToString},
    vec::Vec,
};
use auth101_core::config::{ConfigError, EntityOptions, SettingProblem};
use serde_json::{Map, Value};

/// PostgreSQL cuts longer names, MySQL refuses them at one byte more.
const MAX_IDENTIFIER_BYTES: usize = 63;

/// A column as the schema declares it.
#[derive(Clone, Copy, Debug)]
pub struct Column {
    /// The canonical name.
    pub name: &'static str,
    /// What it holds.
    pub kind: ColumnKind,
    /// Whether it may be NULL.
    pub nullable: bool,
    /// Its index besides the primary key.
    pub index: Index,
}

impl Column {
    /// Whether a statement of ours looks rows up by it.
    pub(crate) fn is_searched(&self) -> bool {
        self.name == "user_id"
    }

    /// Whether what it holds is compared with what was written, or read as what was written.
    pub(crate) fn is_compared(&self) -> bool {
        ["id", "token", "user_id", "email", "provider_id", "password"].contains(&self.name)
    }

    /// Whether it holds text that people or their programs choose.
    pub(crate) fn holds_free_text(&self) -> bool {
        ["name", "email", "image", "account_id", "user_agent"].contains(&self.name)
    }

    /// Whether it is a flag of a user.
    pub(crate) fn is_flag(&self) -> bool {
        self.kind == Boolean
    }
}

/// What a column holds.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum ColumnKind {
    /// Text of at most that many characters.
    Varchar(u16),
    /// Text of any length.
    Text,
    /// True or false.
    Boolean,
    /// A point in time, UTC.
    Datetime,
}

/// The index over a column.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Index {
    /// None, or the primary key.
    None,
    /// Not unique.
    Plain,
    /// Unique.
    Unique,
}

/// A table as the schema declares it.
#[derive(Clone, Copy, Debug)]
pub struct Table {
    /// The canonical name.
    pub name: &'static str,
    /// The option that renames it.
    pub option: &'static str,
    /// The columns in the order of the schema; the first is the primary key.
    pub columns: &'static [Column],
}

const fn required(name: &'static str, kind: ColumnKind) -> Column {
    Column { name, kind, nullable: false, index: Index::None }
}

const fn optional(name: &'static str, kind: ColumnKind) -> Column {
    Column { name, kind, nullable: true, index: Index::None }
}

const fn indexed(column: Column, index: Index) -> Column {
    Column { index, ..column }
}

use ColumnKind::{Boolean, Datetime, Text, Varchar};

/// The tables of the reference (section 3.2), column for column.
pub const TABLES: [Table; 4] = [
    Table {
        name: "users",
        option: "user",
        columns: &[
            required("id", Varchar(36)),
            required("name", Varchar(255)),
            indexed(required("email", Varchar(255)), Index::Unique),
            required("email_verified", Boolean),
            optional("image", Varchar(512)),
            required("is_active", Boolean),
            required("created_at", Datetime),
            required("updated_at", Datetime),
        ],
    },
    Table {
        name: "account",
        option: "account",
        columns: &[
            required("id", Varchar(36)),
            indexed(required("account_id", Varchar(255)), Index::Plain),
            indexed(required("provider_id", Varchar(64)), Index::Plain),
            indexed(required("user_id", Varchar(36)), Index::Plain),
            optional("password", Varchar(255)),
            optional("access_token", Text),
            optional("refresh_token", Text),
            optional("id_token", Text),
            optional("access_token_expires_at", Datetime),
            optional("refresh_token_expires_at", Datetime),
            optional("scope", Varchar(512)),
            required("created_at", Datetime),
            required("updated_at", Datetime),
        ],
    },
    Table {
        name: "session",
        option: "session",
        columns: &[
            required("id", Varchar(36)),
            indexed(required("token", Varchar(36)), Index::Unique),
            required("expires_at", Datetime),
            indexed(required("user_id", Varchar(36)), Index::Plain),
            optional("ip_address", Varchar(45)),
            optional("user_agent", Varchar(512)),
            required("created_at", Datetime),
            required("updated_at", Datetime),
        ],
    },
    Table {
        name: "verification",
        option: "verification",
        columns: &[
            required("id", Varchar(36)),
            indexed(required("identifier", Varchar(255)), Index::Plain),
            indexed(required("value", Varchar(255)), Index::Plain),
            required("expires_at", Datetime),
            optional("created_at", Datetime),
            optional("updated_at", Datetime),
        ],
    },
];

/// Whose a table is, which decides what a migration does with it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Ownership {
    /// Ours: created where it is missing.
    Managed,
    /// The host's own users' table (`user_field_mapping`): never created.
    HostUsers,
    /// Customised by the host, who creates it.
    Customised,
}

/// A table under the names of one configuration.
#[derive(Clone, Debug)]
pub struct Entity {
    /// The table as the schema declares it.
    pub schema: &'static Table,
    /// Its name in the database.
    pub name: String,
    /// Whose it is.
    pub ownership: Ownership,
    columns: Vec<String>,
}

/// The four tables under the names of one configuration.
#[derive(Clone, Debug)]
pub struct Entities([Entity; TABLES.len()]);

impl Entity {
    /// Every column with its name in the database, in the order of the schema.
    pub fn columns(&self) -> impl Iterator<Item = (&'static Column, &str)> {
        self.schema.columns.iter().zip(self.columns.iter().map(String::as_str))
    }

    /// The columns that carry an index, likewise.
    pub fn indexes(&self) -> impl Iterator<Item = (&'static Column, &str)> {
        self.columns().filter(|(column, _)| column.index != Index::None)
    }

    /// The name that the schema gives the index over a column.
    #[must_use]
    pub fn index_name(&self, column: &str) -> String {
        format!("ix_{}_{column}", self.name)
    }

    /// Whether it is the users' table.
    pub(crate) fn is_users(&self) -> bool {
        self.schema.name == "users"
    }

    /// The column of the address.
    pub(crate) fn email(&self) -> &str {
        self.columns().find(|(column, _)| column.name == "email").map_or("email", |(_, name)| name)
    }

    fn of(schema: &'static Table) -> Self {
        Self {
            schema,
            name: schema.name.to_owned(),
            ownership: Ownership::Managed,
            columns: schema.columns.iter().map(|column| column.name.to_owned()).collect(),
        }
    }

    /// Takes over `{"model_name": …, "fields": {…}}`.
    fn rename(&mut self, option: &str, given: &Map<String, Value>) -> Result<(), ConfigError> {
        for (member, value) in given {
            let wrong = |problem| ConfigError::new(option, problem).of_member(member);
            match member.as_str() {
                "model_name" => self.name = identifier(value).map_err(wrong)?,
                "fields" => self.rename_columns(option, value)?,
                _ => return Err(wrong(SettingProblem::UnknownMember { known: ["model_name", "fields"].into() })),
            }
        }
        self.check(option)
    }

    /// Takes over `{"table_name": …, "fields": {…}}`, or the same with the fields beside the name.
    fn map_onto(&mut self, option: &str, given: &Map<String, Value>) -> Result<(), ConfigError> {
        let nested = given.get("fields");
        let mut named = false;
        for (member, value) in given {
            let wrong = |problem| ConfigError::new(option, problem).of_member(member);
            match member.as_str() {
                "table_name" | "model_name" => {
                    self.name = identifier(value).map_err(wrong)?;
                    named = true;
                }
                "fields" => {}
                field if nested.is_none() => self.rename_column(field, value).map_err(wrong)?,
                _ => return Err(wrong(SettingProblem::UnknownMember { known: ["table_name", "fields"].into() })),
            }
        }
        if !named {
            return Err(ConfigError::new(option, SettingProblem::MissingTableName).of_member("table_name"));
        }
        if let Some(fields) = nested {
            self.rename_columns(option, fields)?;
        }
        self.check(option)
    }

    fn rename_columns(&mut self, option: &str, fields: &Value) -> Result<(), ConfigError> {
        let wrong = |problem| ConfigError::new(option, problem).of_member("fields");
        let Value::Object(fields) = fields else {
            return Err(wrong(SettingProblem::NotFields));
        };
        for (field, column) in fields {
            self.rename_column(field, column).map_err(|problem| wrong(problem).of_member(field))?;
        }
        Ok(())
    }

    fn rename_column(&mut self, field: &str, column: &Value) -> Result<(), SettingProblem> {
        let name = identifier(column)?;
        let position = self.schema.columns.iter().position(|known| known.name == field);
        match position.and_then(|position| self.columns.get_mut(position)) {
            Some(slot) => {
                *slot = name;
                Ok(())
            }
            None => {
                let known = self.schema.columns.iter().map(|column| column.name).collect();
                Err(SettingProblem::UnknownMember { known })
            }
        }
    }

    fn check(&self, option: &str) -> Result<(), ConfigError> {
        for (position, (field, column)) in self.columns().enumerate() {
            // Databases compare column names without regard to case.
            let same = |(_, other): &(_, &str)| other.eq_ignore_ascii_case(column);
            if let Some((first, _)) = self.columns().take(position).find(same) {
                let fields = [first.name, field.name];
                let problem = SettingProblem::SharedColumn { fields, column: column.to_owned() };
                return Err(ConfigError::new(option, problem));
            }
        }
        let too_long = self.indexes().any(|(_, column)| self.index_name(column).len() > MAX_IDENTIFIER_BYTES);
        if too_long && self.ownership != Ownership::HostUsers {
            let problem = SettingProblem::LongIndexName { most: MAX_IDENTIFIER_BYTES };
            return Err(ConfigError::new(option, problem));
        }
        Ok(())
    }
}

impl Default for Entities {
    fn default() -> Self {
        let tables: &'static [Table; TABLES.len()] = &TABLES;
        Self(tables.each_ref().map(Entity::of))
    }
}

impl Entities {
    /// Checks the names that a host gives.
    ///
    /// # Errors
    /// The first name that cannot be used, by its key.
    pub fn new(options: &EntityOptions) -> Result<Self, ConfigError> {
        let mut entities = Self::default();
        for entity in &mut entities.0 {
            let option = entity.schema.option;
            let (given, mapping) = match option {
                "user" => (&options.user, options.user_field_mapping.as_ref()),
                "session" => (&options.session, None),
                "account" => (&options.account, None),
                _ => (&options.verification, None),
            };
            match (given, mapping) {
                (Some(given), _) => {
                    if option != "user" && !given.is_empty() {
                        entity.ownership = Ownership::Customised;
                    }
                    entity.rename(option, given)?;
                }
                (None, Some(mapping)) => {
                    entity.ownership = Ownership::HostUsers;
                    entity.map_onto("user_field_mapping", mapping)?;
                }
                (None, None) => {}
            }
        }
        for (position, entity) in entities.0.iter().enumerate() {
            let same = |other: &&Entity| other.name.eq_ignore_ascii_case(&entity.name);
            if let Some(other) = entities.0.iter().take(position).find(same) {
                let problem = SettingProblem::SharedTable { table: entity.name.clone(), entity: other.schema.option };
                return Err(ConfigError::new(entity.schema.option, problem));
            }
        }
        let mut indexes: Vec<String> = Vec::new();
        for entity in entities.0.iter().filter(|entity| entity.ownership != Ownership::HostUsers) {
            for (_, column) in entity.indexes() {
                // An index that is skipped because its name is taken would be missed by nobody until rows are doubled.
                let name = entity.index_name(column).to_lowercase();
                if indexes.contains(&name) {
                    return Err(ConfigError::new(entity.schema.option, SettingProblem::SharedIndexName(name)));
                }
                indexes.push(name);
            }
        }
        Ok(entities)
    }

    /// All four, in the order of the schema.
    pub fn iter(&self) -> impl Iterator<Item = &Entity> {
        self.0.iter()
    }

    /// The users' table.
    pub(crate) fn users(&self) -> &Entity {
        let [users, ..] = &self.0;
        users
    }

    /// The name that the database has for a table or, with a dot, for a column: `("users", Some("email"))`. Names that
    /// the schema does not know stay as they are.
    pub(crate) fn name_of<'a>(&'a self, table: &'a str, column: Option<&'a str>) -> (&'a str, Option<&'a str>) {
        let Some(entity) = self.0.iter().find(|entity| entity.schema.name == table) else {
            return (table, column);
        };
        let renamed =
            |column| entity.columns().find(|(known, _)| known.name == column).map_or(column, |(_, name)| name);
        (&entity.name, column.map(renamed))
    }
}

/// A name that every database takes in quotes: letters, digits, `_` and `$`, not beginning with a digit.
fn identifier(value: &Value) -> Result<String, SettingProblem> {
    let name = value.as_str().unwrap_or_default();
    let well_formed = !name.is_empty()
        && name.len() <= MAX_IDENTIFIER_BYTES
        && !name.starts_with(|first: char| first.is_numeric())
        // MySQL takes no character beyond U+FFFF in a name.
        && name.chars().all(|letter| letter <= '\u{ffff}' && (letter.is_alphanumeric() || matches!(letter, '_' | '$')));
    if well_formed { Ok(name.to_string()) } else { Err(SettingProblem::NotAName { most: MAX_IDENTIFIER_BYTES }) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use auth101_core::Spelling;
    use serde_json::json;

    fn options(given: Value) -> EntityOptions {
        let object = |name: &str| given.get(name).and_then(Value::as_object).cloned();
        EntityOptions {
            user: object("user"),
            user_field_mapping: object("user_field_mapping"),
            session: object("session"),
            account: object("account"),
            verification: object("verification"),
        }
    }

    fn entities(given: Value) -> Result<Entities, ConfigError> {
        Entities::new(&options(given))
    }

    fn shown(given: Value) -> (String, String, Ownership) {
        let entities = entities(given).unwrap();
        let (table, column) = entities.name_of("users", Some("email"));
        (table.to_owned(), column.unwrap().to_owned(), entities.iter().next().unwrap().ownership)
    }

    #[test]
    fn names_are_taken_in_every_form_of_the_reference() {
        let name = |table: &str, column: &str, ownership| (table.to_owned(), column.to_owned(), ownership);
        for (given, expected) in [
            (json!({}), name("users", "email", Ownership::Managed)),
            (json!({"user": {}}), name("users", "email", Ownership::Managed)),
            (json!({"user": {"model_name": "members"}}), name("members", "email", Ownership::Managed)),
            (json!({"user": {"fields": {"email": "mail"}}}), name("users", "mail", Ownership::Managed)),
            (
                json!({"user_field_mapping": {"table_name": "people", "fields": {"email": "mail"}}}),
                name("people", "mail", Ownership::HostUsers),
            ),
            (
                json!({"user_field_mapping": {"model_name": "people", "email": "mail"}}),
                name("people", "mail", Ownership::HostUsers),
            ),
            (
                json!({"user": {"model_name": "members"}, "user_field_mapping": {"table_name": "people"}}),
                name("members", "email", Ownership::Managed),
            ),
        ] {
            assert_eq!(shown(given.clone()), expected, "{given}");
        }
        let customised = entities(json!({"session": {"model_name": "logins"}})).unwrap();
        assert_eq!(customised.iter().nth(2).unwrap().ownership, Ownership::Customised);
        let untouched = entities(json!({"session": {}})).unwrap();
        assert_eq!(untouched.iter().nth(2).unwrap().ownership, Ownership::Managed);
    }

    #[test]
    fn a_mistake_names_its_key() {
        for (given, key) in [
            (json!({"user": {"table_name": "x"}}), "user.table_name"),
            (json!({"user": {"model_name": ""}}), "user.model_name"),
            (json!({"user": {"model_name": "a b"}}), "user.model_name"),
            (json!({"user": {"model_name": "a\"; DROP TABLE users; --"}}), "user.model_name"),
            (json!({"user": {"model_name": "1a"}}), "user.model_name"),
            (json!({"user": {"model_name": "x".repeat(64)}}), "user.model_name"),
            (json!({"user": {"model_name": "𐐀"}}), "user.model_name"),
            (json!({"user": {"model_name": 7}}), "user.model_name"),
            (json!({"user": {"fields": {"emial": "mail"}}}), "user.fields.emial"),
            (json!({"user": {"fields": {"email": "a.b"}}}), "user.fields.email"),
            (json!({"user": {"fields": []}}), "user.fields"),
            (json!({"user": {"fields": {"email": "name"}}}), "user"),
            (json!({"user": {"fields": {"email": "NAME"}}}), "user"),
            (json!({"user_field_mapping": {"fields": {}}}), "user_field_mapping.table_name"),
            (
                json!({"user_field_mapping": {"table_name": "t", "fields": {}, "email": "m"}}),
                "user_field_mapping.email",
            ),
            (json!({"user_field_mapping": {"table_name": "t", "emial": "m"}}), "user_field_mapping.emial"),
            (json!({"session": {"model_name": "users"}}), "session"),
            (json!({"user": {"model_name": "session_user", "fields": {"id": "pk", "email": "id"}}}), "session"),
            (json!({"account": {"model_name": "x".repeat(60)}}), "account"),
        ] {
            assert_eq!(entities(given.clone()).unwrap_err().subject(&Spelling::CANONICAL), key, "{given}");
        }
    }
}
