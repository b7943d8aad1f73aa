//! Variables: their templates, where their values come from, and what a component reads.

use crate::{manifest::Manifest, state::State};
use anyhow::{Context, Result, bail, ensure};
use std::collections::BTreeMap;
use wasmtime::component::{Accessor, ComponentType, Lift, Linker, Lower};

/// The environment variable `SPIN_VARIABLE_AUTH_SECRET` is the value of `auth_secret`.
const PREFIX: &str = "SPIN_VARIABLE_";

/// A text with names of variables in it, such as `postgres://{{ database_host }}:5432`.
#[derive(Debug, PartialEq, Eq)]
pub struct Template(Vec<Part>);

#[derive(Debug, PartialEq, Eq)]
enum Part {
    Text(String),
    Name(String),
}

impl Template {
    /// Takes a text apart.
    ///
    /// # Errors
    /// Braces that do not match.
    pub fn parse(text: &str) -> Result<Self> {
        let mut parts = Vec::new();
        let mut rest = text;
        while let Some((before, after)) = rest.split_once("{{") {
            ensure!(!before.contains("}}"), "`}}}}` without `{{{{` before it");
            let (name, after) = after.split_once("}}").context("`{{` without `}}` after it")?;
            parts.push(Part::Text(before.to_owned()));
            parts.push(Part::Name(name.trim().to_owned()));
            rest = after;
        }
        ensure!(!rest.contains("}}"), "`}}}}` without `{{{{` before it");
        parts.push(Part::Text(rest.to_owned()));
        Ok(Self(parts))
    }

    /// The names in it.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.0.iter().filter_map(|part| match part {
            Part::Name(name) => Some(name.as_str()),
            Part::Text(_) => None,
        })
    }

    /// The text, where there is no name in it.
    #[must_use]
    pub fn literal(&self) -> Option<&str> {
        match self.0.as_slice() {
            [Part::Text(text)] => Some(text),
            _ => None,
        }
    }

    fn fill(&self, values: &Values) -> Result<String> {
        self.0
            .iter()
            .map(|part| match part {
                Part::Text(text) => Ok(text.as_str()),
                Part::Name(name) => {
                    values.0.get(name).map(String::as_str).with_context(|| format!("there is no variable `{name}`"))
                }
            })
            .collect()
    }
}

/// A value for every variable of an application. Some are secret: there is no `Debug`.
pub struct Values(BTreeMap<String, String>);

impl Values {
    /// Takes the values that are given, then those of the environment, then the defaults of the manifest.
    ///
    /// # Errors
    /// A required variable has no value, or a value is given for a variable that is not declared.
    pub fn new(
        manifest: &Manifest,
        given: &BTreeMap<String, String>,
        environment: impl Fn(&str) -> Option<String>,
    ) -> Result<Self> {
        if let Some(name) = given.keys().find(|name| !manifest.variables.contains_key(*name)) {
            bail!("the manifest declares no variable {name}");
        }
        let value = |(name, variable): (&String, &crate::manifest::Variable)| {
            let key = format!("{PREFIX}{}", name.to_uppercase());
            let value = given.get(name).cloned().or_else(|| environment(&key)).or_else(|| variable.default.clone());
            let value = value.with_context(|| {
                format!("no value for variable {name}; set {key} in the environment, or pass --variable {name}=VALUE")
            })?;
            Ok((name.clone(), value))
        };
        Ok(Self(manifest.variables.iter().map(value).collect::<Result<_>>()?))
    }

    /// Fills a template of the manifest.
    ///
    /// # Errors
    /// It names a variable that is not declared.
    pub fn fill(&self, template: &str) -> Result<String> {
        Template::parse(template)?.fill(self)
    }
}

/// `spin:variables/variables.error`.
#[derive(Clone, Debug, ComponentType, Lift, Lower)]
#[component(variant)]
enum Error {
    #[component(name = "invalid-name")]
    InvalidName(String),
    #[component(name = "undefined")]
    Undefined(String),
    #[component(name = "provider")]
    Provider(String),
    #[component(name = "other")]
    Other(String),
}

/// Gives a component the interface `spin:variables/variables@3.0.0`.
///
/// # Errors
/// The name is taken.
pub fn add_to_linker(linker: &mut Linker<State>) -> wasmtime::Result<()> {
    let mut interface = linker.instance("spin:variables/variables@3.0.0")?;
    interface.func_wrap_concurrent("get", |accessor, (name,): (String,)| Box::pin(get(accessor, name)))
}

async fn get(accessor: &Accessor<State>, name: String) -> wasmtime::Result<(Result<String, Error>,)> {
    let value = accessor.with(|mut access| access.get().component.variables.get(&name).cloned());
    Ok((value.ok_or_else(|| Error::Undefined(format!("the component has no variable {name}"))),))
}

#[cfg(test)]
mod tests {
    use super::{Template, Values};
    use crate::manifest::Manifest;
    use std::collections::BTreeMap;

    fn manifest() -> Manifest {
        Manifest::parse(
            r#"
            spin_manifest_version = 2
            [application]
            name = "test"
            [variables]
            auth_secret = { required = true, secret = true }
            host = { default = "localhost" }
            [[trigger.http]]
            route = "/..."
            component = "c"
            [component.c]
            source = "c.wasm"
            "#,
        )
        .unwrap()
    }

    #[test]
    fn a_template_is_filled() {
        let given = BTreeMap::from([("auth_secret".to_owned(), "s".to_owned())]);
        let values = Values::new(&manifest(), &given, |_| None).unwrap();
        assert_eq!(values.fill("postgres://{{ host }}:{{auth_secret}}/").unwrap(), "postgres://localhost:s/");
        assert_eq!(values.fill("plain { text }").unwrap(), "plain { text }");
    }

    #[test]
    fn braces_must_match() {
        for text in ["{{ a", "a }}", "}} {{ a }}"] {
            assert!(Template::parse(text).is_err(), "{text}");
        }
    }

    #[test]
    fn what_is_given_wins_over_the_environment_and_that_over_the_default() {
        let environment = |key: &str| (key != "SPIN_VARIABLE_OTHER").then(|| format!("from {key}"));
        let values = Values::new(&manifest(), &BTreeMap::new(), environment).unwrap();
        assert_eq!(values.fill("{{ host }}").unwrap(), "from SPIN_VARIABLE_HOST");
        let given = BTreeMap::from([("host".to_owned(), "given".to_owned())]);
        assert_eq!(Values::new(&manifest(), &given, environment).unwrap().fill("{{ host }}").unwrap(), "given");
    }

    #[test]
    fn a_required_variable_without_a_value_is_named_and_so_is_the_way_to_give_it() {
        let error = Values::new(&manifest(), &BTreeMap::new(), |_| None).err().unwrap().to_string();
        assert!(error.starts_with("no value for variable auth_secret"), "{error}");
        assert!(error.contains("SPIN_VARIABLE_AUTH_SECRET") && error.contains("--variable auth_secret="), "{error}");
    }

    #[test]
    fn a_value_for_a_variable_that_is_not_declared_is_refused() {
        let given = BTreeMap::from([("auth_secert".to_owned(), "s".to_owned())]);
        let error = Values::new(&manifest(), &given, |_| Some("x".into())).err().unwrap().to_string();
        assert_eq!(error, "the manifest declares no variable auth_secert");
    }
}
