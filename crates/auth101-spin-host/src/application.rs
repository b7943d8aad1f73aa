//! An application: its manifest, its components compiled, and what they are granted.

use crate::{
    Up,
    dispatch::{Instances, Reuse},
    fault::Gate,
    interface::{postgres, sqlite, variables},
    manifest::{AllowedHost, Component, Manifest, Route},
    pool::Pools,
    state::{Grants, State},
    variables::Values,
};
use anyhow::{Context, Result, anyhow, bail, ensure};
use serde::Deserialize;
use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};
use wasmtime::{
    Config, Engine,
    component::{Component as Program, HasSelf, InstancePre, Linker},
};
use wasmtime_wasi_http::handler::ProxyHandler;

/// The database that every application has without being configured.
const DEFAULT: &str = "default";

/// What answers the requests of one component.
type Handler = ProxyHandler<Instances>;

/// An application that is ready to serve.
pub(crate) struct Application(Vec<(Route, Handler)>);

impl Application {
    /// Reads the manifest, resolves the variables, prepares the databases and compiles the components.
    pub(crate) async fn load(up: &Up, gate: Gate) -> Result<Self> {
        let manifest = Manifest::read(&up.from)?;
        let folder = up.from.parent().unwrap_or_else(|| Path::new("."));
        let values = Values::new(&manifest.variables, &up.variables, |name| std::env::var(name).ok())?;
        let state = up.state_dir.clone().unwrap_or_else(|| folder.join(".spin"));
        let databases = databases(up.runtime_config_file.as_deref(), &state)?;
        let mut grants = BTreeMap::new();
        for (id, component) in &manifest.component {
            let granted = grant(component, &values, &databases).with_context(|| format!("component {id}"))?;
            grants.insert(id.as_str(), Arc::new(granted));
        }
        for sql in &up.sqlite {
            prepare(sql, &databases)?;
        }

        let mut config = Config::new();
        config.wasm_component_model_async(true);
        let engine = Engine::new(&config).map_err(told)?;
        let linker = linker(&engine).map_err(told)?;
        let (pools, gate) = (Arc::new(Pools::default()), Arc::new(gate));
        let reuse = Reuse {
            total: up.max_instance_reuse_count,
            concurrent: up.max_instance_concurrent_reuse_count,
            idle: Duration::from_secs(up.idle_instance_timeout),
        };
        let (mut programs, mut handlers) = (BTreeMap::<_, InstancePre<State>>::new(), BTreeMap::new());
        for (id, grants) in grants {
            let Some(source) = manifest.component.get(id).map(|component| folder.join(&component.source)) else {
                continue;
            };
            if !programs.contains_key(&source) {
                ensure!(source.is_file(), "component {id}: there is no {}; build it first", source.display());
                let program = Program::from_file(&engine, &source).map_err(told)?;
                programs.insert(source.clone(), linker.instantiate_pre(&program).map_err(told)?);
            }
            let Some(component) = programs.get(&source).cloned() else { continue };
            let (engine, pools, gate) = (engine.clone(), pools.clone(), gate.clone());
            let instances = Instances { engine, component, reuse, grants, pools, gate };
            handlers.insert(id.to_owned(), ProxyHandler::new(instances));
        }
        let triggers = manifest.trigger.http.into_iter();
        Ok(Self(triggers.filter_map(|one| Some((one.route, handlers.get(&one.component)?.clone()))).collect()))
    }

    /// Who answers at a path.
    pub(crate) fn route(&self, path: &str) -> Option<Handler> {
        let fitting = self.0.iter().filter_map(|(route, handler)| Some((route.fits(path)?, handler)));
        fitting.max_by_key(|(length, _)| *length).map(|(_, handler)| handler.clone())
    }
}

/// The errors of wasmtime are of a type of its own.
fn told(error: wasmtime::Error) -> anyhow::Error {
    anyhow!("{error:?}")
}

fn linker(engine: &Engine) -> wasmtime::Result<Linker<State>> {
    let mut linker = Linker::new(engine);
    wasmtime_wasi::p2::add_to_linker_async(&mut linker)?;
    wasmtime_wasi::p3::add_to_linker(&mut linker)?;
    wasmtime_wasi_http::p3::add_to_linker(&mut linker)?;
    variables::add_to_linker::<_, HasSelf<State>>(&mut linker, |state| state)?;
    sqlite::add_to_linker::<_, HasSelf<State>>(&mut linker, |state| state)?;
    postgres::add_to_linker::<_, HasSelf<State>>(&mut linker, |state| state)?;
    Ok(linker)
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct RuntimeConfig {
    #[serde(default)]
    sqlite_database: BTreeMap<String, Database>,
}

#[derive(Deserialize)]
#[serde(tag = "type", rename_all = "lowercase", deny_unknown_fields)]
enum Database {
    /// A file, from the working directory.
    Spin { path: PathBuf },
}

/// The files of the SQLite databases, by label; their folders are made.
fn databases(configuration: Option<&Path>, state: &Path) -> Result<BTreeMap<String, PathBuf>> {
    let mut databases = BTreeMap::from([(DEFAULT.to_owned(), state.join("sqlite_db.db"))]);
    if let Some(file) = configuration {
        let read = || anyhow::Ok(toml::from_str::<RuntimeConfig>(&fs::read_to_string(file)?)?);
        let configured = read().with_context(|| format!("runtime configuration {}", file.display()))?;
        let files = configured.sqlite_database.into_iter().map(|(label, Database::Spin { path })| (label, path));
        databases.extend(files);
    }
    for folder in databases.values().filter_map(|file| file.parent()) {
        fs::create_dir_all(folder).with_context(|| format!("cannot make {}", folder.display()))?;
    }
    Ok(databases)
}

fn grant(component: &Component, values: &Values, databases: &BTreeMap<String, PathBuf>) -> Result<Grants> {
    let fill = |(name, template): (&String, &String)| Ok((name.clone(), values.fill(template)?));
    let database = |label: &String| match databases.get(label) {
        Some(file) => Ok((label.clone(), file.clone())),
        None => bail!("One or more components use SQLite databases which are not defined, such as '{label}'"),
    };
    let host = |template: &String| AllowedHost::parse(&values.fill(template)?);
    Ok(Grants {
        variables: component.variables.iter().map(fill).collect::<Result<_>>()?,
        databases: component.sqlite_databases.iter().map(database).collect::<Result<_>>()?,
        outbound: component.allowed_outbound_hosts.iter().map(host).collect::<Result<_>>()?,
    })
}

/// Runs a statement on the database `default`, or with `@FILE:LABEL` those of a file on any.
fn prepare(sql: &str, databases: &BTreeMap<String, PathBuf>) -> Result<()> {
    let about = || format!("--sqlite {sql}");
    let (label, statements) = match sql.strip_prefix('@') {
        Some(place) => {
            let (file, label) = place.split_once(':').unwrap_or((place, DEFAULT));
            (label, fs::read_to_string(file).with_context(about)?)
        }
        None => (DEFAULT, sql.to_owned()),
    };
    let file = databases.get(label).with_context(|| format!("{}: there is no database {label}", about()))?;
    rusqlite::Connection::open(file)?.execute_batch(&statements).with_context(about)
}
