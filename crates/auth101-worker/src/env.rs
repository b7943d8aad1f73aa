//! Options from the environment: each is the variable `AUTH_` and its name in capitals.

use crate::set_up::SetUpError;
use auth101_core::{Options, Spelling};
use js_sys::{JSON, Object, Reflect};
use serde_json::Value;
use wasm_bindgen::{JsCast, JsValue};
use worker::Env;
use zeroize::Zeroize;

const PREFIX: &str = "AUTH_";

/// Reads every variable whose name begins with the prefix, but for the database's binding, which may be called so too.
pub(crate) fn options(env: &Env, binding: &str) -> Result<Options, SetUpError> {
    let object: &Object = env.unchecked_ref();
    let names = Object::keys(object).into_iter().filter_map(|key| key.as_string());
    let variables = names.filter(|name| name.starts_with(PREFIX) && name != binding).map(|name| {
        let value = Reflect::get(object, &JsValue::from_str(&name)).unwrap_or(JsValue::UNDEFINED);
        (name, json(&value))
    });
    options_of(variables)
}

/// The variable of an option.
pub(crate) fn variable(option: &str) -> String {
    format!("{PREFIX}{}", option.to_ascii_uppercase())
}

/// How errors name the options here. A table of wrangler.toml calls its members by their canonical names.
pub(crate) const SPELLING: Spelling = Spelling { option: variable, ..Spelling::CANONICAL };

fn options_of(variables: impl Iterator<Item = (String, Value)>) -> Result<Options, SetUpError> {
    let mut options = Options::default();
    for (name, mut value) in variables {
        let Some(option) = Options::names().find(|option| variable(option) == name) else {
            return Err(SetUpError::UnknownVariable { variable: name });
        };
        let taken_over = options.set(option, &value).map_err(SetUpError::Option);
        if let Value::String(text) = &mut value {
            // It may have been a secret.
            text.zeroize();
        }
        taken_over?;
    }
    Ok(options)
}

/// Text as it is; what wrangler.toml gives as a number, a boolean, an array or a table as JSON.
fn json(value: &JsValue) -> Value {
    match value.as_string() {
        Some(text) => Value::String(text),
        None => JSON::stringify(value)
            .ok()
            .and_then(|text| text.as_string())
            .and_then(|text| serde_json::from_str(&text).ok())
            .unwrap_or_default(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use auth101_core::{ConfigError, SettingProblem};
    use serde_json::json;

    fn read(name: &str, value: Value) -> Result<Options, SetUpError> {
        options_of([(name.to_owned(), value)].into_iter())
    }

    #[test]
    fn a_variable_is_the_option_in_capitals_and_nothing_else() {
        assert_eq!(read("AUTH_REFRESH_GRACE_PERIOD", json!("5")).unwrap().refresh_grace_period, 5);
        assert_eq!(read("AUTH_REFRESH_GRACE_PERIOD", json!(5)).unwrap().refresh_grace_period, 5);
        for name in ["AUTH_", "AUTH_SECRETS", "AUTH_secret", "AUTH_Base_Path"] {
            let error = read(name, json!("x")).unwrap_err();
            assert_eq!(error, SetUpError::UnknownVariable { variable: name.to_owned() });
        }
    }

    #[test]
    fn every_option_stands_in_wrangler_toml() {
        let file = include_str!("../../../wrangler.toml");
        for name in Options::names().map(variable) {
            let mut words = file.split(|character: char| !character.is_ascii_alphanumeric() && character != '_');
            assert!(words.any(|word| word == name), "wrangler.toml does not name {name}");
        }
    }

    #[test]
    fn a_wrong_value_names_its_variable_and_is_not_repeated() {
        let error = read("AUTH_SECRET", json!(["marker"])).unwrap_err();
        assert_eq!(error.subject(), "AUTH_SECRET");
        assert!(!format!("{error} {error:?}").contains("marker"));
    }

    #[test]
    fn problems_speak_of_variables() {
        let over = SettingProblem::OverBound { value: 3, bounded_by: "max_argon2_memory", bound: 2 };
        let error = SetUpError::Option(ConfigError::new("user", over).of_member("fields").of_member("user_id"));
        assert_eq!(error.subject(), "AUTH_USER.fields.user_id");
        assert_eq!(error.problem(), "is 3, over AUTH_MAX_ARGON2_MEMORY = 2: new hashes could not be verified");
    }
}
