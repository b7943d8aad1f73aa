//! Options from the component's variables: each is `auth_` and the option's name.

use crate::set_up::SetUpError;
use auth101_core::{Options, Spelling};
use serde_json::Value;
use spin_sdk::variables::{self, Error};
use zeroize::Zeroizing;

const PREFIX: &str = "auth_";

/// The option whose empty text means something: the root.
const MAY_BE_EMPTY: &str = "base_path";

/// Reads every option that is set.
pub(crate) async fn options() -> Result<Options, SetUpError> {
    let mut options = Options::default();
    for option in Options::names() {
        if let Some(text) = read(&variable(option)).await? {
            take_over(&mut options, option, text)?;
        }
    }
    Ok(options)
}

/// The variable of an option.
pub(crate) fn variable(option: &str) -> String {
    format!("{PREFIX}{option}")
}

/// How errors name the options here. Objects are JSON, whose members have their canonical names.
pub(crate) const SPELLING: Spelling = Spelling { option: variable, ..Spelling::CANONICAL };

/// The text of a variable; nothing where the component does not declare it.
pub(crate) async fn read(name: &str) -> Result<Option<Zeroizing<String>>, SetUpError> {
    match variables::get(name).await {
        Ok(text) => Ok(Some(Zeroizing::new(text))),
        Err(Error::Undefined(_)) => Ok(None),
        // What the provider says may hold the address of a vault, and nothing that the name of the variable does not.
        Err(Error::InvalidName(_) | Error::Provider(_) | Error::Other(_)) => {
            Err(SetUpError::Unreadable { variable: name.to_owned() })
        }
    }
}

/// A variable of Spin has a default or is required, so an empty one is one that is not set.
fn take_over(options: &mut Options, option: &str, text: Zeroizing<String>) -> Result<(), SetUpError> {
    if text.is_empty() && option != MAY_BE_EMPTY {
        return Ok(());
    }
    let mut value = Value::String(text.as_str().to_owned());
    let taken_over = options.set(option, &value).map_err(SetUpError::Option);
    if let Value::String(text) = &mut value {
        // It may have been a secret.
        zeroize::Zeroize::zeroize(text);
    }
    taken_over
}

#[cfg(test)]
mod tests {
    use super::*;
    use auth101_core::{ConfigError, SettingProblem};

    fn set(option: &str, text: &str) -> Result<Options, SetUpError> {
        let mut options = Options::default();
        take_over(&mut options, option, Zeroizing::new(text.to_owned())).map(|()| options)
    }

    #[test]
    fn an_empty_variable_is_not_set_but_an_empty_path_is_the_root() {
        for option in Options::names().filter(|option| *option != MAY_BE_EMPTY) {
            assert_eq!(format!("{:?}", set(option, "").unwrap()), format!("{:?}", Options::default()), "{option}");
        }
        assert_eq!(set("base_path", "").unwrap().base_path, "");
    }

    #[test]
    fn objects_and_lists_are_json_in_a_text() {
        assert_eq!(set("cors_origins", "[\"https://a.b\"]").unwrap().cors_origins, ["https://a.b"]);
        assert!(set("user", "{\"model_name\":\"members\"}").unwrap().entities.user.is_some());
        assert_eq!(set("refresh_grace_period", "5").unwrap().refresh_grace_period, 5);
    }

    #[test]
    fn a_wrong_value_names_its_variable_and_is_not_repeated() {
        let error = set("previous_secrets", "marker").unwrap_err();
        assert_eq!(error.subject(), "auth_previous_secrets");
        assert!(!format!("{error} {error:?}").contains("marker"));
    }

    #[test]
    fn problems_speak_of_variables() {
        let over = SettingProblem::OverBound { value: 3, bounded_by: "max_argon2_memory", bound: 2 };
        let error = SetUpError::Option(ConfigError::new("user", over).of_member("fields").of_member("email"));
        assert_eq!(error.subject(), "auth_user.fields.email");
        assert_eq!(error.problem(), "is 3, over auth_max_argon2_memory = 2: new hashes could not be verified");
    }

    #[test]
    fn every_variable_stands_in_spin_toml_twice() {
        let file = include_str!("../../../spin.toml");
        for name in Options::names().map(variable).chain(["auth_database".to_owned()]) {
            let lines = |start: String| file.lines().filter(|line| line.starts_with(&start)).count();
            assert_eq!(lines(format!("{name} = {{ ")), 1, "spin.toml does not declare {name}");
            assert_eq!(lines(format!("{name} = \"{{{{ {name} }}}}\"")), 1, "spin.toml does not hand {name} on");
        }
    }
}
