//! The runtime configuration: which file a label of an SQLite database stands for.

use anyhow::{Context, Result, bail};
use serde::Deserialize;
use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
};

/// The one that every application has without being configured.
pub const DEFAULT: &str = "default";

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    #[serde(default)]
    sqlite_database: BTreeMap<String, Database>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Database {
    r#type: String,
    path: Option<PathBuf>,
    url: Option<toml::Value>,
    token: Option<toml::Value>,
}

/// The files of the SQLite databases, by label.
#[derive(Debug)]
pub struct Databases(BTreeMap<String, PathBuf>);

impl Databases {
    /// Reads a runtime configuration, if there is one. The label `default` stands for `sqlite_db.db` in the folder of
    /// the state, unless the configuration says otherwise.
    ///
    /// # Errors
    /// The file cannot be read, or has something that this host does not have.
    pub fn read(configuration: Option<&Path>, state: &Path) -> Result<Self> {
        let file = match configuration {
            Some(path) => {
                let text = fs::read_to_string(path)
                    .with_context(|| format!("cannot read the runtime configuration {}", path.display()))?;
                toml::from_str(&text)
                    .with_context(|| format!("{} is no runtime configuration of this host", path.display()))?
            }
            None => File::default(),
        };
        let folder = configuration.and_then(Path::parent).unwrap_or_else(|| Path::new("."));
        let mut databases = BTreeMap::from([(DEFAULT.to_owned(), state.join("sqlite_db.db"))]);
        for (label, database) in file.sqlite_database {
            let path = database.file(folder, state, &label).with_context(|| format!("sqlite_database.{label}"))?;
            databases.insert(label, path);
        }
        Ok(Self(databases))
    }

    /// The file of a database.
    #[must_use]
    pub fn file(&self, label: &str) -> Option<&Path> {
        self.0.get(label).map(PathBuf::as_path)
    }
}

impl Database {
    fn file(&self, folder: &Path, state: &Path, label: &str) -> Result<PathBuf> {
        match (self.r#type.as_str(), &self.url, &self.token) {
            ("spin", None, None) => Ok(match &self.path {
                Some(path) => folder.join(path),
                None if label == DEFAULT => state.join("sqlite_db.db"),
                None => bail!("path is missing"),
            }),
            ("spin", ..) => bail!("type = \"spin\" has a path and nothing else"),
            ("libsql", ..) => bail!("this host knows SQLite files only; `spin up` connects to libSQL"),
            (other, ..) => bail!("unknown type `{other}`"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Databases;
    use std::{
        fs,
        path::{Path, PathBuf},
    };

    fn read(name: &str, text: &str) -> (PathBuf, Result<Databases, String>) {
        let folder = std::env::temp_dir().join(format!("auth101-runtime-config-{name}-{}", std::process::id()));
        fs::create_dir_all(&folder).unwrap();
        let file = folder.join("runtime.toml");
        fs::write(&file, text).unwrap();
        let databases = Databases::read(Some(&file), Path::new("state"));
        fs::remove_dir_all(&folder).unwrap();
        (folder, databases.map_err(|error| format!("{error:#}")))
    }

    #[test]
    fn without_a_configuration_there_is_one_database() {
        let databases = Databases::read(None, Path::new("state")).unwrap();
        assert_eq!(databases.file("default"), Some(Path::new("state/sqlite_db.db")));
        assert_eq!(databases.file("accounts"), None);
    }

    #[test]
    fn labels_stand_for_files_beside_the_configuration() {
        let text = "[sqlite_database.accounts]\ntype = \"spin\"\npath = \"accounts.db\"\n";
        let (folder, databases) = read("labels", text);
        let databases = databases.unwrap();
        assert_eq!(databases.file("accounts"), Some(folder.join("accounts.db").as_path()));
        assert_eq!(databases.file("default"), Some(Path::new("state/sqlite_db.db")), "it is there all the same");
        assert_eq!(databases.file("account"), None);
    }

    #[test]
    fn what_is_wrong_is_named() {
        for (number, (text, named)) in [
            ("[sqlite_database.a]\ntype = \"spni\"", "sqlite_database.a: unknown type `spni`"),
            ("[sqlite_database.a]\npath = \"a.db\"", "type"),
            ("[sqlite_database.a]\ntype = \"spin\"", "sqlite_database.a: path is missing"),
            ("[sqlite_database.a]\ntype = \"spin\"\nurl = \"http://h\"", "has a path and nothing else"),
            (
                "[sqlite_database.a]\ntype = \"libsql\"\nurl = \"http://h\"\ntoken = \"t\"",
                "`spin up` connects to libSQL",
            ),
            ("[sqlite_database.a]\ntype = \"spin\"\npaht = \"a.db\"", "paht"),
            ("[key_value_store.default]\ntype = \"spin\"", "key_value_store"),
            ("[sqlite_database.a", "is no runtime configuration"),
        ]
        .into_iter()
        .enumerate()
        {
            let said = read(&format!("wrong-{number}"), text).1.err().unwrap_or_default();
            assert!(said.contains(named), "{text}: {said}");
        }
        let missing = Databases::read(Some(Path::new("missing.toml")), Path::new("state"));
        assert!(missing.err().unwrap().to_string().contains("cannot read the runtime configuration missing.toml"));
    }
}
