//! What became of a mutation, and how test runners name what failed.

use std::fmt;

/// What became of a mutation.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) enum Outcome {
    /// A test failed: its group and its name.
    Noticed(String),
    /// Every test passed.
    Survived,
}

/// How the table shows a mutation that survived.
pub(super) const SURVIVED: &str = "**survived**";

impl fmt::Display for Outcome {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Noticed(test) => formatter.write_str(test),
            Self::Survived => formatter.write_str(SURVIVED),
        }
    }
}

/// The first test that failed, by the output of cargo's test runner or by the TAP of Node's, where the innermost of
/// nested tests is told first.
pub(super) fn failed_test(output: &str) -> Option<String> {
    output.lines().map(str::trim_start).find_map(|line| {
        if let Some(test) = line.strip_prefix("test ").and_then(|test| test.trim_end().strip_suffix(" ... FAILED")) {
            return Some(test.to_owned());
        }
        let (_, test) = line.strip_prefix("not ok ")?.split_once(" - ")?;
        Some(test.trim_end().replace("\\#", "#"))
    })
}

/// The tests that passed, by the output of cargo's test runner.
pub(super) fn passed_tests(output: &str) -> impl Iterator<Item = &str> {
    output.lines().filter_map(|line| line.strip_prefix("test ")?.trim_end().strip_suffix(" ... ok"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_failed_test_is_named_as_its_runner_names_it() {
        let cargo = "running 2 tests\ntest a::holds ... ok\ntest a::breaks ... FAILED\n\nfailures:\n";
        assert_eq!(failed_test(cargo).as_deref(), Some("a::breaks"));
        assert_eq!(passed_tests(cargo).collect::<Vec<_>>(), ["a::holds"]);
        let node =
            "TAP version 13\n# Subtest: file\n    ok 1 - one\n    not ok 2 - two \\#2\n    1..2\nnot ok 1 - file\n";
        assert_eq!(failed_test(node).as_deref(), Some("two #2"));
        assert_eq!(failed_test("error: could not compile"), None);
    }
}
