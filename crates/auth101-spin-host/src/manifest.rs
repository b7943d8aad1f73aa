//! `spin.toml`, manifest version 2: its tables, and what Spin accepts in them.

pub mod id;

use crate::{outbound::AllowedHost, route::Route, variables::Template};
use anyhow::{Context, Result, bail, ensure};
use id::{is_kebab_id, is_label, is_variable_name};
use serde::Deserialize;
use std::{collections::BTreeMap, fs, path::Path};

type Tables = BTreeMap<String, toml::Table>;

/// A manifest that Spin accepts and that this host can run.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Manifest {
    spin_manifest_version: u32,
    /// `[application]`.
    pub application: Details,
    /// `[variables]`, by name.
    #[serde(default)]
    pub variables: BTreeMap<String, Variable>,
    trigger: BTreeMap<String, Vec<Trigger>>,
    /// `[component.…]`, by id.
    #[serde(default)]
    pub component: BTreeMap<String, Component>,
}

/// `[application]`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
#[allow(dead_code, reason = "Spin knows these keys; nothing here depends on their values")]
pub struct Details {
    /// The name of the application.
    pub name: String,
    #[serde(default)]
    version: String,
    #[serde(default)]
    description: String,
    #[serde(default)]
    authors: Vec<String>,
    #[serde(default)]
    targets: Vec<toml::Value>,
    #[serde(default)]
    trigger: Tables,
    #[serde(default)]
    tool: Tables,
}

/// A variable of the application.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
#[allow(dead_code, reason = "Spin knows these keys; nothing here depends on their values")]
pub struct Variable {
    description: Option<String>,
    /// Whether it must be given.
    #[serde(default)]
    pub required: bool,
    /// Its value where it is not given.
    pub default: Option<String>,
    #[serde(default)]
    secret: bool,
}

/// `[[trigger.http]]`. Other triggers have other keys: they are read as they stand.
#[derive(Debug, Deserialize)]
struct Trigger {
    #[serde(default)]
    id: String,
    component: Option<toml::Value>,
    #[serde(flatten)]
    others: toml::Table,
}

/// `[component.…]`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
#[allow(dead_code, reason = "Spin knows these keys; nothing here depends on their values")]
pub struct Component {
    /// The file of the component, from the folder of the manifest.
    source: toml::Value,
    #[serde(default)]
    description: String,
    /// Its variables: templates over those of the application.
    #[serde(default)]
    pub variables: BTreeMap<String, String>,
    /// The environment variables that it sees.
    #[serde(default)]
    pub environment: BTreeMap<String, String>,
    #[serde(default)]
    files: Vec<toml::Value>,
    #[serde(default)]
    exclude_files: Vec<String>,
    #[serde(default)]
    allowed_http_hosts: Vec<String>,
    /// Where it may connect to: templates.
    #[serde(default)]
    pub allowed_outbound_hosts: Vec<String>,
    #[serde(default)]
    key_value_stores: Vec<String>,
    /// The labels of the SQLite databases that it may open.
    #[serde(default)]
    pub sqlite_databases: Vec<String>,
    #[serde(default)]
    ai_models: Vec<String>,
    build: Option<Build>,
    #[serde(default)]
    tool: Tables,
    #[serde(default)]
    dependencies_inherit_configuration: bool,
    #[serde(default)]
    dependencies: toml::Table,
    #[serde(default)]
    profile: Tables,
}

/// `[component.….build]`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
#[allow(dead_code, reason = "`spin build` reads this; the host runs what is built")]
struct Build {
    command: Commands,
    workdir: Option<String>,
    #[serde(default)]
    watch: Vec<String>,
}

#[derive(Debug, Deserialize)]
#[serde(untagged)]
#[allow(dead_code, reason = "`spin build` reads this; the host runs what is built")]
enum Commands {
    One(String),
    Several(Vec<String>),
}

/// A route and the component that answers there.
#[derive(Debug)]
pub struct Binding {
    /// The route.
    pub route: Route,
    /// The id of the component.
    pub component: String,
}

impl Manifest {
    /// Reads and checks a manifest.
    ///
    /// # Errors
    /// There is no such file, Spin would refuse it, or it asks for something that this host does not have.
    pub fn read(path: &Path) -> Result<Self> {
        let text = fs::read_to_string(path).with_context(|| format!("cannot read the manifest {}", path.display()))?;
        Self::parse(&text).with_context(|| format!("{} is no manifest that can be run", path.display()))
    }

    /// Checks the text of a manifest.
    ///
    /// # Errors
    /// As [`Manifest::read`].
    pub fn parse(text: &str) -> Result<Self> {
        let manifest: Self = toml::from_str(text)?;
        ensure!(
            manifest.spin_manifest_version == 2,
            "spin_manifest_version is {}; only 2 is known",
            manifest.spin_manifest_version
        );
        for (name, variable) in &manifest.variables {
            variable.check(name)?;
        }
        for (id, component) in &manifest.component {
            ensure!(is_kebab_id(id), "component.{id}: an id consists of words with hyphens between them");
            component.check(&manifest.variables).with_context(|| format!("component.{id}"))?;
        }
        manifest.bindings()?;
        Ok(manifest)
    }

    /// The routes, in the order of the manifest.
    ///
    /// # Errors
    /// A trigger is not for HTTP, has no route, or names no component.
    pub fn bindings(&self) -> Result<Vec<Binding>> {
        if let Some(kind) = self.trigger.keys().find(|kind| *kind != "http") {
            bail!("trigger.{kind}: this host has HTTP triggers only");
        }
        let mut bindings: Vec<Binding> = Vec::new();
        for trigger in self.trigger.values().flatten() {
            let binding = trigger.binding(&self.component)?;
            if let Some(other) = bindings.iter().find(|other| other.route == binding.route) {
                bail!("trigger.http: the components {} and {} have one route", other.component, binding.component);
            }
            bindings.push(binding);
        }
        ensure!(!bindings.is_empty(), "trigger.http is missing: nothing would be served");
        Ok(bindings)
    }
}

impl Variable {
    fn check(&self, name: &str) -> Result<()> {
        ensure!(
            is_variable_name(name),
            "variables.{name}: a name consists of lower-case letters, digits and single underscores between them, and \
             starts with a letter"
        );
        match (self.required, &self.default) {
            (false, None) => bail!("variables.{name}: it is neither required nor has it a default"),
            (true, Some(_)) => bail!("variables.{name}: it is required and has a default; only one makes sense"),
            _ => Ok(()),
        }
    }
}

impl Trigger {
    fn binding(&self, components: &BTreeMap<String, Component>) -> Result<Binding> {
        let component = match &self.component {
            Some(toml::Value::String(id)) => id,
            Some(_) => bail!("trigger.http: a component that is written out in place is not known to this host"),
            None => bail!("trigger.http {}: component is missing", self.id),
        };
        ensure!(components.contains_key(component), "trigger.http: there is no component.{component}");
        if let Some(key) = self.others.keys().find(|key| !["route", "executor"].contains(&key.as_str())) {
            bail!("trigger.http: unknown key `{key}`");
        }
        if let Some(executor) = self.others.get("executor")
            && executor.get("type").and_then(toml::Value::as_str) != Some("http")
        {
            bail!("trigger.http: only executor = {{ type = \"http\" }} is known to this host");
        }
        let route = match self.others.get("route") {
            Some(toml::Value::String(route)) => route.parse()?,
            Some(_) => bail!("trigger.http: a private route is not known to this host"),
            None => bail!("trigger.http: route is missing"),
        };
        Ok(Binding { route, component: component.clone() })
    }
}

impl Component {
    /// The file of the component, from the folder of the manifest.
    ///
    /// # Errors
    /// The source is not a file.
    pub fn source(&self) -> Result<&str> {
        self.source.as_str().context("source: this host runs files only")
    }

    fn check(&self, variables: &BTreeMap<String, Variable>) -> Result<()> {
        self.source()?;
        for (name, template) in &self.variables {
            ensure!(is_variable_name(name), "variables.{name}: a name that is written otherwise than variables are");
            check_template(template, variables).with_context(|| format!("variables.{name}"))?;
        }
        for host in &self.allowed_outbound_hosts {
            let template = check_template(host, variables).context("allowed_outbound_hosts")?;
            if let Some(host) = template.literal() {
                AllowedHost::parse(host).context("allowed_outbound_hosts")?;
            }
        }
        for (key, labels) in
            [("sqlite_databases", &self.sqlite_databases), ("key_value_stores", &self.key_value_stores)]
        {
            for label in labels {
                ensure!(is_label(label), "{key}: `{label}` is neither in kebab-case nor in snake_case");
            }
        }
        let wants = [
            ("files", !self.files.is_empty()),
            ("allowed_http_hosts", !self.allowed_http_hosts.is_empty()),
            ("key_value_stores", !self.key_value_stores.is_empty()),
            ("ai_models", !self.ai_models.is_empty()),
            ("dependencies", !self.dependencies.is_empty()),
        ];
        match wants.iter().find(|(_, wanted)| *wanted) {
            Some((key, _)) => bail!("{key}: Spin has them, this host does not"),
            None => Ok(()),
        }
    }
}

fn check_template(text: &str, variables: &BTreeMap<String, Variable>) -> Result<Template> {
    let template = Template::parse(text)?;
    if let Some(name) = template.names().find(|name| !variables.contains_key(*name)) {
        bail!("there is no variable `{name}` under [variables]");
    }
    Ok(template)
}
