//! Variables: where their values come from, the templates that take them, and what a component reads.

use crate::{
    interface::variables::{Error, Host, HostWithStore},
    manifest::Variable,
    state::State,
};
use anyhow::{Context, Result, bail, ensure};
use std::collections::{BTreeMap, HashMap};
use wasmtime::component::{Accessor, HasSelf};

/// Reads `NAME=VALUE`, or `NAME=@FILE` for what is in a file.
pub(crate) fn given(text: &str) -> Result<(String, String)> {
    let (name, value) = text.split_once('=').context("a variable is given as NAME=VALUE")?;
    let value = match value.strip_prefix('@') {
        Some(file) => std::fs::read_to_string(file).with_context(|| format!("cannot read {file}"))?,
        None => value.to_owned(),
    };
    Ok((name.to_owned(), value))
}

/// A value for every variable of an application. Some are secret: there is no `Debug`.
pub(crate) struct Values(BTreeMap<String, String>);

impl Values {
    /// Takes what is given, then `SPIN_VARIABLE_NAME` of the environment, then the defaults. Values of unknown variables are
    /// left alone.
    pub(crate) fn new(
        variables: &BTreeMap<String, Variable>,
        given: &[(String, String)],
        environment: impl Fn(&str) -> Option<String>,
    ) -> Result<Self> {
        let given: HashMap<_, _> = given.iter().cloned().collect();
        let (mut values, mut missing) = (BTreeMap::new(), Vec::new());
        for (name, variable) in variables {
            let key = format!("SPIN_VARIABLE_{}", name.to_uppercase());
            match given.get(name).cloned().or_else(|| environment(&key)).or_else(|| variable.default.clone()) {
                Some(value) => drop(values.insert(name.clone(), value)),
                None => missing.push(name),
            }
        }
        ensure!(missing.is_empty(), "no provider resolved required variable(s): {missing:?}");
        Ok(Self(values))
    }

    /// Fills a template, such as `postgres://{{ database_host }}:5432`.
    pub(crate) fn fill(&self, template: &str) -> Result<String> {
        let (mut text, mut rest) = (String::new(), template);
        while let Some((before, after)) = rest.split_once("{{") {
            let Some((name, after)) = after.split_once("}}") else { bail!("`{{{{` without `}}}}` after it") };
            let name = name.trim();
            let value = self.0.get(name).with_context(|| format!("unknown variable {name:?}"))?;
            text.push_str(before);
            text.push_str(value);
            rest = after;
        }
        Ok(text + rest)
    }
}

impl Host for State {}

impl<T: 'static> HostWithStore<T> for HasSelf<State> {
    async fn get(accessor: &Accessor<T, Self>, name: String) -> wasmtime::Result<Result<String, Error>> {
        let value = accessor.with(|mut access| access.get().component.variables.get(&name).cloned());
        Ok(value.ok_or_else(|| Error::Undefined(format!("no variable for {name:?}"))))
    }
}

#[cfg(test)]
mod tests {
    use super::{Values, given};
    use crate::manifest::Variable;
    use std::collections::BTreeMap;

    fn values(given: &[(String, String)], environment: impl Fn(&str) -> Option<String>) -> anyhow::Result<Values> {
        let with = |default: Option<&str>| {
            let mut variable = Variable::default();
            variable.default = default.map(str::to_owned);
            variable
        };
        let variables = [("secret", with(None)), ("host", with(Some("localhost")))];
        Values::new(&BTreeMap::from(variables.map(|(name, variable)| (name.to_owned(), variable))), given, environment)
    }

    #[test]
    fn what_is_given_wins_over_the_environment_and_that_over_the_default() {
        let environment = |key: &str| (key == "SPIN_VARIABLE_SECRET").then(|| "from the environment".to_owned());
        let filled = |given: &[(String, String)]| {
            values(given, environment).unwrap().fill("a {{ secret }} { for } {{host}}").unwrap()
        };
        assert_eq!(filled(&[]), "a from the environment { for } localhost");
        let unknown = given("unknown=x").unwrap();
        assert_eq!(filled(&[given("secret=b=c").unwrap(), unknown]), "a b=c { for } localhost");
        let file = concat!("host=@", env!("CARGO_MANIFEST_DIR"), "/Cargo.toml");
        assert!(filled(&[given(file).unwrap()]).contains("auth101-spin-host"));
    }

    #[test]
    fn a_missing_value_an_unknown_variable_and_an_open_brace_are_refused() {
        let refused = values(&[], |_| None).err().unwrap().to_string();
        assert_eq!(refused, "no provider resolved required variable(s): [\"secret\"]");
        let values = values(&[given("secret=s").unwrap()], |_| None).unwrap();
        assert_eq!(values.fill("{{ hots }}").unwrap_err().to_string(), "unknown variable \"hots\"");
        assert!(values.fill("{{ host }").is_err());
    }
}
