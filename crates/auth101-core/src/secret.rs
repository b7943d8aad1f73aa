//! A value that is wiped from memory when dropped and never printed.

use core::fmt;
use zeroize::Zeroize;

/// Holds a password, a signing secret or a token.
///
/// `Debug` prints `Secret(_)`, there is no `Display` and no `Serialize`, and the memory is overwritten on drop. The
/// content leaves only through [`Secret::expose`], which makes every use easy to find.
pub struct Secret<T: Zeroize>(T);

impl<T: Zeroize> Secret<T> {
    /// Takes the value over.
    pub const fn new(value: T) -> Self {
        Self(value)
    }

    /// The content, for the one computation that needs it.
    pub const fn expose(&self) -> &T {
        &self.0
    }
}

impl<T: Zeroize + Clone> Clone for Secret<T> {
    fn clone(&self) -> Self {
        Self(self.0.clone())
    }
}

impl<T: Zeroize> Drop for Secret<T> {
    fn drop(&mut self) {
        self.0.zeroize();
    }
}

impl<T: Zeroize> fmt::Debug for Secret<T> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Secret(_)")
    }
}

impl<T: Zeroize> From<T> for Secret<T> {
    fn from(value: T) -> Self {
        Self::new(value)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::{format, string::String};

    #[test]
    fn debug_never_shows_the_content() {
        let secret = Secret::new(String::from("marker"));
        assert_eq!(format!("{secret:?} {:#?}", Some(&secret)), "Secret(_) Some(\n    Secret(_),\n)");
    }
}
