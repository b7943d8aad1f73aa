//! How Spin writes identifiers: words with one character between them, each word in one case.

/// An id of a component, such as `auth-api`.
#[must_use]
pub fn is_kebab_id(text: &str) -> bool {
    is_id(text, '-')
}

/// A label of a database, such as `default`, `user-data` or `user_data`.
#[must_use]
pub fn is_label(text: &str) -> bool {
    is_id(text, '-') || is_id(text, '_')
}

/// A name of a variable, such as `auth_secret`.
#[must_use]
pub fn is_variable_name(text: &str) -> bool {
    is_id(text, '_') && !text.contains(|character: char| character.is_ascii_uppercase() || character == ':')
}

fn is_id(text: &str, delimiter: char) -> bool {
    text.split(delimiter).enumerate().all(|(position, word)| {
        let may_start = |first: char| first.is_ascii_alphabetic() || (position > 0 && first.is_ascii_digit());
        let letters = || word.chars().filter(char::is_ascii_alphabetic);
        word.starts_with(may_start)
            && word.chars().all(|character| character.is_ascii_alphanumeric() || character == ':')
            && (letters().all(|letter| letter.is_ascii_lowercase())
                || letters().all(|letter| letter.is_ascii_uppercase()))
    })
}

#[cfg(test)]
mod tests {
    use super::{is_kebab_id, is_label, is_variable_name};

    #[test]
    fn a_variable_is_written_in_lower_snake_case() {
        for name in ["a", "auth_secret", "a1_2"] {
            assert!(is_variable_name(name), "{name}");
        }
        for name in ["", "_a", "a_", "a__b", "1a", "authSecret", "AUTH_SECRET", "auth-secret", "a.b", "ä"] {
            assert!(!is_variable_name(name), "{name}");
        }
    }

    #[test]
    fn a_component_is_written_in_kebab_case_and_a_label_in_either() {
        assert!(is_kebab_id("auth101") && is_kebab_id("auth-API-2"));
        assert!(!is_kebab_id("auth_api") && !is_kebab_id("authApi") && !is_kebab_id("auth-"));
        assert!(is_label("user-data") && is_label("user_data") && !is_label("user_d-ata") && !is_label("b@d"));
    }
}
