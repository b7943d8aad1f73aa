//! The rendered files are what the code renders: a change of a statement shows in review as a change of SQL.

use auth101_sql::{Dialect, Entities, Statements, schema};

fn committed(path: &str) -> String {
    let root = concat!(env!("CARGO_MANIFEST_DIR"), "/../..");
    std::fs::read_to_string(format!("{root}/{path}")).unwrap_or_default()
}

#[test]
fn the_statements_are_the_committed_ones() {
    for dialect in Dialect::ALL {
        let rendered = Statements::new(dialect, &Entities::default()).review();
        let path = format!("crates/auth101-sql/tests/rendered/{}.sql", dialect.name());
        assert!(rendered == committed(&path), "{path} is out of date: run `cargo xtask schema`");
    }
}

#[test]
fn the_migration_is_the_committed_one() {
    let rendered = schema::script(&schema::create_statements(Dialect::Sqlite, &Entities::default()));
    assert!(rendered == committed("migrations/0001_auth101.sql"), "run `cargo xtask schema`");
}
