//! The two profiles of cargo by which WebAssembly is built.

/// How a crate is compiled.
#[derive(Clone, Copy)]
pub(crate) enum Profile {
    /// What is shipped.
    Release,
    /// What only tests run. It shares its dependencies and macros with the tests, and is linked in seconds.
    Dev,
}

impl Profile {
    /// What cargo is told.
    pub(crate) const fn arguments(self) -> &'static [&'static str] {
        match self {
            Self::Release => &["--release"],
            Self::Dev => &[],
        }
    }

    /// The folder under that of the target.
    pub(crate) const fn directory(self) -> &'static str {
        match self {
            Self::Release => "release",
            Self::Dev => "debug",
        }
    }
}
