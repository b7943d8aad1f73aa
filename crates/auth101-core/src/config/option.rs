//! Options by name: the one table from which every host reads its configuration, whether the values come from
//! environment variables, from Spin's variables or from a JavaScript object.

use super::{ConfigError, Options, ResponseStyle, SettingProblem};
use crate::{domain::password_hash::RehashPolicy, secret::Secret};
use alloc::{borrow::ToOwned, string::String, vec::Vec};
use serde_json::{Map, Value};

type Setter = fn(&mut Options, &Value) -> Result<(), SettingProblem>;

/// Every option: its name and how its value is taken over.
const OPTIONS: [(&str, Setter); 27] = [
    ("secret", |options, value| {
        options.secret = Some(Secret::new(text(value)?));
        Ok(())
    }),
    ("previous_secrets", |options, value| {
        options.previous_secrets = texts(value)?.into_iter().map(Secret::new).collect();
        Ok(())
    }),
    ("allow_short_secret", |options, value| set(&mut options.allow_short_secret, boolean(value))),
    ("access_token_expires_in", |options, value| set(&mut options.access_token_expires_in, number(value))),
    ("refresh_token_expires_in", |options, value| set(&mut options.refresh_token_expires_in, number(value))),
    ("session_absolute_lifetime", |options, value| {
        set(&mut options.session_absolute_lifetime, number(value).map(Some))
    }),
    ("refresh_grace_period", |options, value| set(&mut options.refresh_grace_period, whole(value))),
    ("password_min_length", |options, value| set(&mut options.password_min_length, whole(value))),
    ("base_path", |options, value| set(&mut options.base_path, text(value))),
    ("response_style", |options, value| match value.as_str() {
        Some("default") => set(&mut options.response_style, Ok(ResponseStyle::Default)),
        Some("fastapi") => set(&mut options.response_style, Ok(ResponseStyle::FastApi)),
        _ => Err(SettingProblem::NotOneOf(&["default", "fastapi"])),
    }),
    ("cors_origins", |options, value| set(&mut options.cors_origins, texts(value))),
    ("argon2_memory", |options, value| set(&mut options.argon2.memory, whole(value))),
    ("argon2_iterations", |options, value| set(&mut options.argon2.iterations, whole(value))),
    ("argon2_parallelism", |options, value| set(&mut options.argon2.parallelism, whole(value))),
    ("allow_weak_argon2", |options, value| set(&mut options.allow_weak_argon2, boolean(value))),
    ("rehash", |options, value| match value.as_str() {
        Some("upgrade") => set(&mut options.rehash, Ok(RehashPolicy::Upgrade)),
        Some("match") => set(&mut options.rehash, Ok(RehashPolicy::Match)),
        _ => Err(SettingProblem::NotOneOf(&["upgrade", "match"])),
    }),
    ("max_argon2_memory", |options, value| set(&mut options.hash_bounds.argon2.memory, whole(value))),
    ("max_argon2_iterations", |options, value| set(&mut options.hash_bounds.argon2.iterations, whole(value))),
    ("max_argon2_parallelism", |options, value| set(&mut options.hash_bounds.argon2.parallelism, whole(value))),
    ("max_argon2_work", |options, value| set(&mut options.hash_bounds.argon2_work, whole(value))),
    ("max_bcrypt_cost", |options, value| set(&mut options.hash_bounds.bcrypt_cost, whole(value))),
    ("user", |options, value| set(&mut options.entities.user, object(value))),
    ("user_field_mapping", |options, value| set(&mut options.entities.user_field_mapping, object(value))),
    ("session", |options, value| set(&mut options.entities.session, object(value))),
    ("account", |options, value| set(&mut options.entities.account, object(value))),
    ("verification", |options, value| set(&mut options.entities.verification, object(value))),
    ("rate_limit", |_, value| match value.as_str() {
        Some("off") => Ok(()),
        _ => Err(SettingProblem::LimitsNoRates),
    }),
];

impl Options {
    /// The name of every option, in the order of the documentation.
    pub fn names() -> impl Iterator<Item = &'static str> {
        OPTIONS.iter().map(|(name, _)| *name)
    }

    /// Sets one option by its canonical name. Numbers, booleans and lists may also be given as text that holds their
    /// JSON, which is all that environment variables can carry.
    ///
    /// # Errors
    /// There is no such option, or the value is not of its kind. The value itself is never repeated.
    pub fn set(&mut self, name: &str, value: &Value) -> Result<(), ConfigError> {
        let Some((name, setter)) = OPTIONS.iter().find(|(known, _)| *known == name) else {
            return Err(ConfigError::new(name, SettingProblem::UnknownOption));
        };
        setter(self, value).map_err(|problem| ConfigError::new(*name, problem))
    }
}

fn set<T>(field: &mut T, value: Result<T, SettingProblem>) -> Result<(), SettingProblem> {
    *field = value?;
    Ok(())
}

fn text(value: &Value) -> Result<String, SettingProblem> {
    value.as_str().map(ToOwned::to_owned).ok_or(SettingProblem::NotText)
}

fn texts(value: &Value) -> Result<Vec<String>, SettingProblem> {
    match unwrapped(value) {
        Value::Array(items) => {
            items.iter().map(|item| item.as_str().map(ToOwned::to_owned).ok_or(SettingProblem::NotTexts)).collect()
        }
        _ => Err(SettingProblem::NotTexts),
    }
}

fn object(value: &Value) -> Result<Option<Map<String, Value>>, SettingProblem> {
    match unwrapped(value) {
        Value::Object(members) => Ok(Some(members)),
        _ => Err(SettingProblem::NotAnObject),
    }
}

fn boolean(value: &Value) -> Result<bool, SettingProblem> {
    unwrapped(value).as_bool().ok_or(SettingProblem::NotABoolean)
}

fn number(value: &Value) -> Result<f64, SettingProblem> {
    unwrapped(value).as_f64().ok_or(SettingProblem::NotANumber)
}

fn whole(value: &Value) -> Result<u32, SettingProblem> {
    let number = number(value).map_err(|_| SettingProblem::NotAWholeNumber)?;
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "compared with the original below")]
    let whole = number as u32;
    #[allow(clippy::float_cmp, reason = "equal only where nothing was lost")]
    if f64::from(whole) == number { Ok(whole) } else { Err(SettingProblem::NotAWholeNumber) }
}

/// The JSON inside a text, or the value itself.
fn unwrapped(value: &Value) -> Value {
    match value {
        Value::String(text) => serde_json::from_str(text.trim()).unwrap_or(Value::Null),
        other => other.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::format;
    use serde_json::json;

    fn set_one(name: &str, value: Value) -> Result<Options, ConfigError> {
        let mut options = Options::default();
        options.set(name, &value).map(|()| options)
    }

    #[test]
    fn values_may_be_json_or_text_that_holds_it() {
        for value in [json!(15), json!("15"), json!(" 15 "), json!(15.0)] {
            assert_eq!(set_one("access_token_expires_in", value.clone()).unwrap().access_token_expires_in, 15.0);
            assert_eq!(set_one("refresh_grace_period", value).unwrap().refresh_grace_period, 15);
        }
        for value in [json!(["https://a.b"]), json!("[\"https://a.b\"]")] {
            assert_eq!(set_one("cors_origins", value).unwrap().cors_origins, ["https://a.b"]);
        }
        for value in [json!(true), json!("true")] {
            assert!(set_one("allow_short_secret", value).unwrap().allow_short_secret);
        }
    }

    #[test]
    fn values_of_another_kind_are_refused_by_name() {
        for (name, value) in [
            ("secret", json!(12)),
            ("previous_secrets", json!("old")),
            ("previous_secrets", json!([1])),
            ("allow_short_secret", json!(1)),
            ("allow_short_secret", json!("yes")),
            ("access_token_expires_in", json!("soon")),
            ("access_token_expires_in", json!(true)),
            ("refresh_grace_period", json!(1.5)),
            ("refresh_grace_period", json!(-1)),
            ("refresh_grace_period", json!(null)),
            ("password_min_length", json!("")),
            ("rehash", json!("never")),
            ("rate_limit", json!("on")),
            ("response_style", json!("flask")),
            ("user", json!("members")),
            ("session", json!([])),
            ("acces_token_expires_in", json!(15)),
        ] {
            assert_eq!(set_one(name, value.clone()).unwrap_err().option, name, "{value}");
        }
        assert!(set_one("rate_limit", json!("off")).is_ok());
    }

    #[test]
    fn an_error_never_repeats_a_value() {
        let error = set_one("secret", json!({"marker": 1})).unwrap_err();
        assert!(!format!("{error} {error:?}").contains("marker"));
    }
}
