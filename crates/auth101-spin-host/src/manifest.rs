//! `spin.toml`, manifest version 2, as far as the manifests of this repository go. What Spin would refuse is refused.

use anyhow::{Context, Result, ensure};
use serde::Deserialize;
use std::{collections::BTreeMap, fs, path::Path};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Manifest {
    spin_manifest_version: u32,
    #[serde(rename = "application")]
    _application: Details,
    /// By name.
    #[serde(default)]
    pub(crate) variables: BTreeMap<String, Variable>,
    pub(crate) trigger: Triggers,
    /// By id.
    pub(crate) component: BTreeMap<String, Component>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
#[allow(dead_code, reason = "Spin knows these keys; nothing here depends on their values")]
struct Details {
    name: String,
    #[serde(default)]
    version: String,
    #[serde(default)]
    description: String,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Variable {
    #[serde(default)]
    required: bool,
    /// Its value where none is given.
    pub(crate) default: Option<String>,
    #[serde(default, rename = "secret")]
    _secret: bool,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Triggers {
    pub(crate) http: Vec<Trigger>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Trigger {
    pub(crate) route: Route,
    /// The id of the component that answers there.
    pub(crate) component: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Component {
    /// The file of the component, from the folder of the manifest.
    pub(crate) source: String,
    /// Templates over the application's variables.
    #[serde(default)]
    pub(crate) variables: BTreeMap<String, String>,
    /// Templates of [`AllowedHost`].
    #[serde(default)]
    pub(crate) allowed_outbound_hosts: Vec<String>,
    /// Labels.
    #[serde(default)]
    pub(crate) sqlite_databases: Vec<String>,
    #[serde(rename = "build")]
    _build: Option<Build>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
#[allow(dead_code, reason = "`spin build` reads this; the host runs what is built")]
struct Build {
    command: String,
    workdir: Option<String>,
    #[serde(default)]
    watch: Vec<String>,
}

impl Manifest {
    /// Reads and checks a manifest.
    pub(crate) fn read(path: &Path) -> Result<Self> {
        let text = fs::read_to_string(path).with_context(|| format!("cannot read the manifest {}", path.display()))?;
        Self::parse(&text).with_context(|| format!("invalid manifest {}", path.display()))
    }

    fn parse(text: &str) -> Result<Self> {
        let manifest: Self = toml::from_str(text)?;
        ensure!(manifest.spin_manifest_version == 2, "spin_manifest_version must be 2");
        for (name, variable) in &manifest.variables {
            ensure!(is_id(name, '_', true), "variables.{name} is not in snake_case");
            let has_default = variable.default.is_some();
            ensure!(variable.required != has_default, "variables.{name} must be required or have a default, not both");
        }
        for (id, component) in &manifest.component {
            ensure!(is_id(id, '-', false), "component.{id} is not in kebab-case");
            for name in component.variables.keys() {
                ensure!(is_id(name, '_', true), "component.{id}.variables.{name} is not in snake_case");
            }
            for label in &component.sqlite_databases {
                let is_label = is_id(label, '-', false) || is_id(label, '_', false);
                ensure!(
                    is_label,
                    "component.{id}.sqlite_databases: {label} is neither in kebab-case nor in snake_case"
                );
            }
        }
        for Trigger { component, .. } in &manifest.trigger.http {
            ensure!(manifest.component.contains_key(component), "trigger.http: there is no component.{component}");
        }
        Ok(manifest)
    }
}

/// Whether a text consists of words of ASCII letters and digits with a character between them. Each word starts with a letter
/// and has letters of one case.
fn is_id(text: &str, delimiter: char, lower: bool) -> bool {
    text.split(delimiter).all(|word| {
        let is_upper = word.starts_with(|first: char| first.is_ascii_uppercase());
        let in_case = |letter: char| if is_upper { letter.is_ascii_uppercase() } else { letter.is_ascii_lowercase() };
        word.starts_with(|first: char| first.is_ascii_alphabetic())
            && word.chars().all(|character| character.is_ascii_digit() || in_case(character))
            && !(lower && is_upper)
    })
}

/// A path such as `/health`, or `/auth/...` for all paths that begin so.
#[derive(Deserialize)]
#[serde(try_from = "String")]
pub(crate) struct Route {
    path: String,
    is_open: bool,
}

impl TryFrom<String> for Route {
    type Error = anyhow::Error;

    fn try_from(route: String) -> Result<Self> {
        let (path, is_open) = route.strip_suffix("/...").map_or((route.as_str(), false), |path| (path, true));
        let is_path = (path.is_empty() && is_open) || path.starts_with('/');
        ensure!(is_path && !path.contains([':', '.']), "the route {route} is neither /path nor /path/...");
        Ok(Self { path: path.to_owned(), is_open })
    }
}

impl Route {
    /// How much of a path the route says, where it fits.
    pub(crate) fn fits(&self, path: &str) -> Option<usize> {
        let rest = path.strip_prefix(&self.path)?;
        (rest.is_empty() || self.is_open && rest.starts_with('/')).then_some(self.path.len())
    }
}

/// An entry of `allowed_outbound_hosts`: `postgres://HOST:PORT`, where each part may be `*`.
pub(crate) struct AllowedHost([Option<String>; 3]);

impl AllowedHost {
    pub(crate) fn parse(entry: &str) -> Result<Self> {
        let (scheme, rest) = entry.split_once("://").with_context(|| format!("{entry} has no scheme"))?;
        let (host, port) = rest.rsplit_once(':').with_context(|| format!("{entry} has no port"))?;
        ensure!(port == "*" || port.parse::<u16>().is_ok(), "{entry}: {port} is not a port");
        ensure!(host == "*" || !host.contains(['*', '/']), "{entry}: {host} is not a host");
        Ok(Self([scheme, host, port].map(|part| (part != "*").then(|| part.to_owned()))))
    }

    pub(crate) fn allows(&self, scheme: &str, host: &str, port: u16) -> bool {
        let asked = [scheme, host, &port.to_string()];
        self.0.iter().zip(asked).all(|(allowed, asked)| allowed.as_deref().is_none_or(|allowed| allowed == asked))
    }
}

#[cfg(test)]
mod tests {
    use super::{AllowedHost, Manifest, Route, is_id};
    use std::path::Path;

    const GOOD: &str = r#"
        spin_manifest_version = 2
        [application]
        name = "test"
        [variables]
        auth_secret = { required = true, secret = true }
        [[trigger.http]]
        route = "/..."
        component = "auth"
        [component.auth]
        source = "auth.wasm"
        sqlite_databases = ["default"]
        [component.auth.variables]
        secret = "{{ auth_secret }}"
    "#;

    #[test]
    fn the_manifests_of_the_repository_are_accepted() {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
        for file in ["spin.toml", "examples/spin-mount/spin.toml", "crates/auth101-spin-suite/spin.toml"] {
            Manifest::read(&root.join(file)).map(drop).unwrap();
        }
        Manifest::parse(GOOD).map(drop).unwrap();
    }

    #[test]
    fn what_spin_refuses_is_refused_and_named() {
        for (from, to, named) in [
            ("version = 2", "version = 1", "spin_manifest_version"),
            ("[variables]", "[variabels]", "variabels"),
            ("required = true, ", "", "auth_secret"),
            ("required = true", "required = true, default = \"x\"", "auth_secret"),
            ("auth_secret =", "authSecret =", "authSecret"),
            ("[[trigger.http]]", "[[trigger.redis]]", "redis"),
            ("\"/...\"", "\"auth\"", "auth"),
            ("component = \"auth\"", "component = \"other\"", "component.other"),
            ("sqlite_databases", "sqlite_database", "sqlite_database"),
            ("\"default\"", "\"de fault\"", "de fault"),
            ("        secret =", "        Secret =", "Secret"),
        ] {
            let text = GOOD.replacen(from, to, 1);
            assert_ne!(text, GOOD, "{from}");
            let said = format!("{:#}", Manifest::parse(&text).err().unwrap());
            assert!(said.contains(named), "{to}: {said}");
        }
    }

    #[test]
    fn identifiers_are_words_that_start_with_a_letter() {
        assert!(is_id("auth-API-v2", '-', false) && is_id("auth_secret", '_', true) && is_id("a1", '_', true));
        for id in ["", "-a", "a-", "a--b", "2a", "a-2", "a:b", "authApi", "a_b", "ä"] {
            assert!(!is_id(id, '-', false), "{id}");
        }
        assert!(!is_id("AUTH_SECRET", '_', true));
    }

    #[test]
    fn the_longest_route_that_fits_decides() {
        let fits = |route: &str, path: &str| Route::try_from(route.to_owned()).unwrap().fits(path);
        assert_eq!(fits("/...", "/auth/session"), Some(0));
        assert_eq!(fits("/auth/...", "/auth"), Some(5));
        assert_eq!(fits("/auth/...", "/auth/session"), Some(5));
        assert_eq!(fits("/auth/...", "/author"), None);
        assert_eq!(fits("/auth", "/auth/session"), None);
    }

    #[test]
    fn an_entry_allows_what_it_says_and_nothing_else() {
        let allows = |entry: &str, host, port| AllowedHost::parse(entry).unwrap().allows("postgres", host, port);
        assert!(allows("postgres://db:5432", "db", 5432) && allows("*://*:*", "db", 1));
        assert!(!allows("postgres://db:5432", "db", 5433) && !allows("postgres://db:5432", "other", 5432));
        assert!(!allows("mysql://db:5432", "db", 5432));
        for entry in ["*", "localhost:5432", "postgres://db", "postgres://db:x", "postgres://*.db:1", "a://b/c:1"] {
            assert!(AllowedHost::parse(entry).is_err(), "{entry}");
        }
    }
}
