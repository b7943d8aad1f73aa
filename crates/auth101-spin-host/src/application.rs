//! An application: its manifest, its components compiled, and what they are granted.

use crate::{
    dispatch::{Instances, Reuse},
    fault::Gate,
    manifest::{Component, Manifest},
    outbound::AllowedHost,
    postgres::{self, pool::Pools},
    route::{Matched, Route},
    runtime_config::{DEFAULT, Databases},
    sqlite,
    state::{Grants, State},
    variables::{self, Values},
};
use anyhow::{Context, Result, anyhow, ensure};
use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
    sync::Arc,
};
use wasmtime::{
    Config, Engine,
    component::{InstancePre, Linker},
};
use wasmtime_wasi_http::handler::ProxyHandler;

/// What answers the requests of one component.
pub type Handler = ProxyHandler<Instances>;

/// What `up` is told.
#[derive(Default)]
pub struct Options {
    /// The manifest.
    pub manifest: PathBuf,
    /// Values of variables, by name. They win over the environment.
    pub variables: BTreeMap<String, String>,
    /// Where databases are; the folder `.spin` beside the manifest unless given.
    pub state: Option<PathBuf>,
    /// The runtime configuration.
    pub runtime_config: Option<PathBuf>,
    /// What is run on SQLite databases before anything is served.
    pub sqlite: Vec<Prepared>,
    /// How instances are reused.
    pub reuse: Reuse,
}

/// SQL that is run before anything is served.
#[derive(Debug)]
pub enum Prepared {
    /// On the database `default`.
    Statement(String),
    /// The statements of a file.
    File {
        /// The label of the database.
        label: String,
        /// What the file says.
        statements: String,
    },
}

/// An application that is ready to serve.
pub struct Application {
    bindings: Vec<(Route, Handler)>,
}

impl Application {
    /// Reads the manifest, resolves the variables, compiles the components, and prepares the databases.
    ///
    /// # Errors
    /// Whatever Spin would refuse, with the name of what is wrong.
    pub async fn load(options: &Options, gate: Gate, environment: impl Fn(&str) -> Option<String>) -> Result<Self> {
        let manifest = Manifest::read(&options.manifest)?;
        let folder = options.manifest.parent().unwrap_or_else(|| Path::new("."));
        let values = Values::new(&manifest, &options.variables, environment)?;
        let state = options.state.clone().unwrap_or_else(|| folder.join(".spin"));
        std::fs::create_dir_all(&state).with_context(|| format!("cannot make {}", state.display()))?;
        let databases = Databases::read(options.runtime_config.as_deref(), &state)?;
        prepare(&options.sqlite, &databases)?;

        let mut config = Config::new();
        config.wasm_component_model_async(true);
        let engine = Engine::new(&config).map_err(told)?;
        let linker = linker(&engine).map_err(told)?;
        let (pools, gate) = (Arc::new(Pools::default()), Arc::new(gate));
        let (mut handlers, mut programs) = (BTreeMap::new(), BTreeMap::new());
        for (id, component) in &manifest.component {
            let about = || format!("component.{id}");
            let grants = Arc::new(grants(component, &values, &databases).with_context(about)?);
            let source = folder.join(component.source()?);
            ensure!(source.is_file(), "component.{id}: there is no {}; build it first", source.display());
            let instance = match programs.get(&source) {
                Some(known) => InstancePre::clone(known),
                None => {
                    let (engine, file) = (engine.clone(), source.clone());
                    let compile = move || wasmtime::component::Component::from_file(&engine, file);
                    let compiled = tokio::task::spawn_blocking(compile).await?.map_err(told).with_context(about)?;
                    let instance = linker.instantiate_pre(&compiled).map_err(told).with_context(about)?;
                    programs.insert(source, instance.clone());
                    instance
                }
            };
            let (engine, pools, gate, reuse) = (engine.clone(), pools.clone(), gate.clone(), options.reuse);
            let instances = Instances { engine, component: instance, reuse, grants, pools, gate };
            handlers.insert(id.clone(), ProxyHandler::new(instances));
        }
        let bindings = manifest.bindings()?.into_iter();
        let bindings = bindings.filter_map(|binding| Some((binding.route, handlers.get(&binding.component)?.clone())));
        Ok(Self { bindings: bindings.collect() })
    }

    /// Who answers at a path.
    #[must_use]
    pub fn route(&self, path: &str) -> Option<(Route, Matched, Handler)> {
        let fitting = self.bindings.iter().filter_map(|(route, handler)| Some((route, route.matches(path)?, handler)));
        let (route, matched, handler) = fitting.max_by_key(|(route, ..)| route.weight())?;
        Some((route.clone(), matched, handler.clone()))
    }
}

/// The errors of wasmtime are of a type of its own.
fn told(error: wasmtime::Error) -> anyhow::Error {
    anyhow!("{error:#}")
}

fn linker(engine: &Engine) -> wasmtime::Result<Linker<State>> {
    let mut linker = Linker::new(engine);
    wasmtime_wasi::p2::add_to_linker_async(&mut linker)?;
    wasmtime_wasi::p3::add_to_linker(&mut linker)?;
    wasmtime_wasi_http::p3::add_to_linker(&mut linker)?;
    variables::add_to_linker(&mut linker)?;
    sqlite::add_to_linker(&mut linker)?;
    postgres::add_to_linker(&mut linker)?;
    Ok(linker)
}

fn grants(component: &Component, values: &Values, databases: &Databases) -> Result<Grants> {
    let fill = |(name, template): (&String, &String)| Ok((name.clone(), values.fill(template)?));
    let host = |template: &String| AllowedHost::parse(&values.fill(template)?).context("allowed_outbound_hosts");
    let database = |label: &String| {
        let file = databases.file(label).with_context(|| {
            format!("sqlite_databases: no database `{label}`; a runtime configuration says where it is")
        })?;
        Ok((label.clone(), file.to_owned()))
    };
    Ok(Grants {
        variables: component.variables.iter().map(fill).collect::<Result<_>>()?,
        environment: component.environment.clone().into_iter().collect(),
        databases: component.sqlite_databases.iter().map(database).collect::<Result<_>>()?,
        outbound: component.allowed_outbound_hosts.iter().map(host).collect::<Result<_>>()?,
    })
}

fn prepare(prepared: &[Prepared], databases: &Databases) -> Result<()> {
    for one in prepared {
        let (label, sql) = match one {
            Prepared::Statement(sql) => (DEFAULT, sql),
            Prepared::File { label, statements } => (label.as_str(), statements),
        };
        let file = databases.file(label).with_context(|| format!("--sqlite: there is no database `{label}`"))?;
        let run = rusqlite::Connection::open(file).and_then(|connection| connection.execute_batch(sql));
        run.with_context(|| format!("--sqlite: the statements for `{label}` failed"))?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::{Application, Options, Prepared};
    use crate::fault::Gate;
    use std::{fs, path::PathBuf};

    const MANIFEST: &str = r#"
        spin_manifest_version = 2
        [application]
        name = "test"
        [variables]
        known = { default = "value" }
        [[trigger.http]]
        route = "/..."
        component = "c"
        [component.c]
        source = "missing.wasm"
        sqlite_databases = ["default"]
        [component.c.variables]
        handed = "{{ known }}"
    "#;

    /// A folder with a manifest; it goes with this.
    struct Folder(PathBuf);

    impl Folder {
        fn new(name: &str, manifest: &str) -> Self {
            let folder = std::env::temp_dir().join(format!("auth101-spin-host-{name}-{}", std::process::id()));
            fs::create_dir_all(&folder).unwrap();
            fs::write(folder.join("spin.toml"), manifest).unwrap();
            Self(folder)
        }

        fn options(&self) -> Options {
            Options { manifest: self.0.join("spin.toml"), ..Options::default() }
        }

        fn write(&self, name: &str, text: &str) -> PathBuf {
            fs::write(self.0.join(name), text).unwrap();
            self.0.join(name)
        }
    }

    impl Drop for Folder {
        fn drop(&mut self) {
            let _ = fs::remove_dir_all(&self.0);
        }
    }

    async fn refusal(options: &Options) -> String {
        let gate = Gate::new(Vec::new(), |_| ());
        let loaded = Application::load(options, gate, |_| None).await;
        loaded.err().map(|error| format!("{error:#}")).unwrap_or_default()
    }

    #[tokio::test]
    async fn a_component_that_was_not_built_is_named() {
        let folder = Folder::new("source", MANIFEST);
        let said = refusal(&folder.options()).await;
        assert!(said.starts_with("component.c: there is no ") && said.contains("missing.wasm"), "{said}");
        assert!(folder.0.join(".spin").is_dir(), "the databases have a folder beside the manifest");
    }

    #[tokio::test]
    async fn a_label_that_the_runtime_configuration_lacks_is_refused() {
        let folder = Folder::new("label", &MANIFEST.replace("[\"default\"]", "[\"default\", \"accounts\"]"));
        let mut options = folder.options();
        let said = refusal(&options).await;
        assert!(said.starts_with("component.c: sqlite_databases: no database `accounts`"), "{said}");
        let other = "[sqlite_database.other]\ntype = \"spin\"\npath = \"other.db\"\n";
        options.runtime_config = Some(folder.write("runtime.toml", other));
        assert_eq!(refusal(&options).await, said, "another label does not help");
        folder.write("runtime.toml", &other.replace("other", "accounts"));
        let said = refusal(&options).await;
        assert!(said.contains("missing.wasm"), "the label is no mistake any more: {said}");
    }

    #[tokio::test]
    async fn a_value_for_a_variable_that_the_manifest_does_not_declare_is_refused() {
        let folder = Folder::new("variable", MANIFEST);
        let mut options = folder.options();
        options.variables.insert("unknown".to_owned(), "value".to_owned());
        assert_eq!(refusal(&options).await, "the manifest declares no variable unknown");
    }

    #[tokio::test]
    async fn a_template_of_a_variable_that_the_manifest_does_not_declare_is_refused() {
        let folder = Folder::new("template", &MANIFEST.replace("{{ known }}", "{{ unknown }}"));
        let said = refusal(&folder.options()).await;
        assert!(said.contains("there is no variable `unknown` under [variables]"), "{said}");
    }

    #[tokio::test]
    async fn statements_are_run_before_anything_is_served() {
        let folder = Folder::new("prepared", MANIFEST);
        let mut options = folder.options();
        options.sqlite = vec![
            Prepared::Statement("CREATE TABLE first (id INTEGER)".to_owned()),
            Prepared::File { label: "default".to_owned(), statements: "INSERT INTO first VALUES (1);".to_owned() },
        ];
        let said = refusal(&options).await;
        assert!(said.contains("missing.wasm"), "{said}");
        let connection = rusqlite::Connection::open(folder.0.join(".spin/sqlite_db.db")).unwrap();
        assert_eq!(connection.query_row("SELECT id FROM first", [], |row| row.get(0)), Ok(1));
        options.sqlite = vec![Prepared::Statement("SELEC 1".to_owned())];
        let said = refusal(&options).await;
        assert!(said.starts_with("--sqlite: the statements for `default` failed"), "{said}");
        options.sqlite = vec![Prepared::File { label: "accounts".to_owned(), statements: String::new() }];
        assert_eq!(refusal(&options).await, "--sqlite: there is no database `accounts`");
    }
}
