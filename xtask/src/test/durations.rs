//! How long files of tests took, read from what their runners print.

/// The slowest files are printed, this many.
const SHOWN: usize = 15;

/// What was read so far.
#[derive(Default)]
pub(super) struct Durations {
    /// Seconds, the part, and the file.
    files: Vec<(f64, String, String)>,
    /// The binary that cargo runs in a part, whose duration comes at its end.
    running: Option<(String, String)>,
}

impl Durations {
    /// Reads a line of the output of a part.
    pub(super) fn read(&mut self, part: &str, line: &str) {
        let line = line.trim();
        if let Some(binary) = line.strip_prefix("Running ").or_else(|| line.strip_prefix("Doc-tests ")) {
            let name = binary.rsplit_once(" (").map_or(binary, |(_, path)| path.trim_end_matches(')'));
            self.running = Some((part.to_owned(), name.rsplit('/').next().unwrap_or(name).to_owned()));
        } else if let Some((_, time)) = line.strip_prefix("test result: ").and_then(|line| line.rsplit_once("in ")) {
            let running = self.running.take_if(|(running, _)| running == part);
            if let (Some((_, file)), Ok(seconds)) = (running, time.trim_end_matches('s').parse()) {
                self.files.push((seconds, part.to_owned(), file));
            }
        } else if let Some((file, time)) = line.strip_prefix("file ").and_then(|line| line.rsplit_once(": "))
            && let Ok(seconds) = time.trim_end_matches(" s").parse()
        {
            self.files.push((seconds, part.to_owned(), file.to_owned()));
        }
    }

    /// The slowest files, as lines.
    pub(super) fn slowest(mut self) -> Vec<String> {
        self.files.sort_by(|one, other| other.0.total_cmp(&one.0));
        self.files.truncate(SHOWN);
        self.files.iter().map(|(seconds, part, file)| format!("{seconds:>6.1} s  {part:<13} {file}")).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::Durations;

    #[test]
    fn the_slowest_files_come_first_whoever_ran_them() {
        let mut durations = Durations::default();
        for (part, line) in [
            ("native", "     Running tests/wire.rs (target/debug/deps/wire-0d3f)"),
            ("npm", "file tests/runtime/js/pool.test.mjs: 20.5 s"),
            ("npm", "✔ a test in 7 s (6900.1ms)"),
            (
                "native",
                "test result: ok. 5 passed; 0 failed; 0 ignored; 0 measured; 0 filtered out; finished in 31.07s",
            ),
        ] {
            durations.read(part, line);
        }
        let slowest = durations.slowest();
        assert_eq!(
            slowest,
            ["  31.1 s  native        wire-0d3f", "  20.5 s  npm           tests/runtime/js/pool.test.mjs"]
        );
    }
}
