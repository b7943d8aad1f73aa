//! `cargo xtask schema`: the SQL of the tables and statements, as files of the repository or for one configuration.

use crate::{
    Chore,
    tools::{in_root, say},
};
use anyhow::{Context, Result, anyhow, bail};
use auth101_core::{ConfigError, Options};
use auth101_sql::{Dialect, Entities, Statements, schema};
use serde_json::{Map, Value};
use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

pub(crate) const CHORE: Chore = Chore {
    name: "schema",
    summary: "Renders the migrations and the SQL review files, or the tables of one configuration",
    help: "\
Without options it writes migrations/0001_auth101.sql and crates/auth101-sql/tests/rendered/*.sql.

  --check           writes nothing, fails where a file is out of date

With --dialect it prints the statements that create the tables, for wrangler d1 migrations, spin up --sqlite @FILE, psql
or mysql:

  --dialect NAME    sqlite (also D1 and libSQL), postgres or mysql
  --config FILE     names from a configuration: a JSON object of options, or a wrangler.toml whose [vars] hold them
  --all             also the tables that the configuration declares to be the host's own

With --database it compares a database with that configuration, prints what differs and the statement that fixes it, and
fails where something would break:

  --database URL    sqlite:FILE, postgresql://… or mysql://…; --dialect is not needed then",
    run,
};

#[derive(Default)]
struct Request {
    check: bool,
    all: bool,
    dialect: Option<Dialect>,
    config: Option<PathBuf>,
    database: Option<String>,
}

fn run(arguments: &[String]) -> Result<()> {
    let request = parse(arguments)?;
    let options = request.config.as_deref().map(read_options).transpose()?.unwrap_or_default();
    let entities = entities(&options)?;
    match (&request.database, request.dialect) {
        (Some(url), _) => compare(url, options),
        (None, Some(dialect)) => {
            let statements = if request.all {
                schema::create_all_statements(dialect, &entities)
            } else {
                schema::create_statements(dialect, &entities)
            };
            print!("{}", schema::script(&statements));
            Ok(())
        }
        (None, None) if request.config.is_some() || request.all => {
            bail!("--config and --all go with --dialect or --database")
        }
        (None, None) => render(request.check),
    }
}

fn parse(arguments: &[String]) -> Result<Request> {
    let mut request = Request::default();
    let mut arguments = arguments.iter();
    while let Some(argument) = arguments.next() {
        let mut value = || arguments.next().with_context(|| format!("{argument} needs a value"));
        match argument.as_str() {
            "--check" => request.check = true,
            "--all" => request.all = true,
            "--dialect" => {
                let name = value()?;
                let dialect = Dialect::of(name)
                    .with_context(|| format!("`{name}` is not a dialect; there are sqlite, postgres and mysql"))?;
                request.dialect = Some(dialect);
            }
            "--config" => request.config = Some(PathBuf::from(value()?)),
            "--database" => request.database = Some(value()?.clone()),
            other => bail!("unknown argument `{other}`; `--help` lists the known ones"),
        }
    }
    Ok(request)
}

/// The committed files with what they should hold.
fn rendered() -> Vec<(String, String)> {
    let entities = Entities::default();
    let mut files = vec![(
        "migrations/0001_auth101.sql".to_owned(),
        schema::script(&schema::create_statements(Dialect::Sqlite, &entities)),
    )];
    files.extend(Dialect::ALL.into_iter().map(|dialect| {
        let path = format!("crates/auth101-sql/tests/rendered/{}.sql", dialect.name());
        (path, Statements::new(dialect, &entities).review())
    }));
    files
}

fn render(check: bool) -> Result<()> {
    let mut outdated = Vec::new();
    for (path, text) in rendered() {
        let file = in_root(&path);
        if fs::read_to_string(&file).is_ok_and(|committed| committed == text) {
            continue;
        }
        if !check {
            fs::write(&file, text).with_context(|| format!("{path} cannot be written"))?;
            say(&format!("Wrote {path}"));
        }
        outdated.push(path);
    }
    match (check, outdated.is_empty()) {
        (true, false) => {
            bail!("out of date: {}; run `cargo xtask schema` and look at the difference", outdated.join(", "))
        }
        (_, true) => {
            say("The rendered SQL is up to date");
            Ok(())
        }
        (false, false) => Ok(()),
    }
}

/// The options in a configuration file.
fn read_options(file: &Path) -> Result<Map<String, Value>> {
    let shown = file.display();
    let text = fs::read_to_string(file).with_context(|| format!("{shown} cannot be read"))?;
    let is_toml = file.extension().is_some_and(|extension| extension == "toml");
    let given = if is_toml { wrangler_options(&text) } else { serde_json::from_str(&text).map_err(Into::into) };
    match given.with_context(|| format!("{shown} is not a configuration"))? {
        Value::Object(options) => Ok(options),
        _ => bail!("{shown} is not a JSON object of options"),
    }
}

/// The variables of a `wrangler.toml` that are options of ours, by their canonical names.
fn wrangler_options(text: &str) -> Result<Value> {
    let parsed: toml::Table = text.parse()?;
    let none = toml::Table::new();
    let variables = parsed.get("vars").and_then(toml::Value::as_table).unwrap_or(&none);
    let options = variables.iter().filter_map(|(name, value)| Some((name.strip_prefix("AUTH_")?, value)));
    let options = options.map(|(name, value)| Ok((name.to_lowercase(), serde_json::to_value(value)?)));
    Ok(Value::Object(options.collect::<Result<_>>()?))
}

/// The names that the options give. What else they hold is checked for its form, and by the service for its sense.
fn entities(given: &Map<String, Value>) -> Result<Entities> {
    let wrong = |error: ConfigError| anyhow!("{error}");
    let mut options = Options::default();
    for (name, value) in given {
        options.set(name, value).map_err(wrong)?;
    }
    Entities::new(&options.entities).map_err(wrong)
}

/// Left to a program of the test kit, which has the drivers: this one stays quick to build.
fn compare(url: &str, options: Map<String, Value>) -> Result<()> {
    let mut command = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    // The directory stays as it is: a path is meant as the caller stands.
    command.arg("run").arg("--quiet").arg("--manifest-path").arg(in_root("Cargo.toml"));
    command.args(["--package", "auth101-testkit", "--bin", "compare", "--"]);
    crate::tools::run(command.arg(url).arg(Value::Object(options).to_string()))
}
