//! The four tables and their columns, by the names that the statements use.

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

impl Table {
    /// The columns that carry an index.
    pub fn indexes(&self) -> impl Iterator<Item = &Column> {
        self.columns.iter().filter(|column| column.index != Index::None)
    }
}
