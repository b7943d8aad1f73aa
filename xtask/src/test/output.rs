//! The output of jobs that run beside each other, one after the other.

use super::durations::Durations;
use std::{
    collections::VecDeque,
    io::{BufRead, BufReader, PipeReader, Write},
    sync::{Mutex, PoisonError},
};

/// Prints the lines of the job that started first as they come, and keeps those of the others until it has ended.
pub(super) struct Output(Mutex<State>);

struct State {
    terminal: Box<dyn Write + Send>,
    /// In the order in which they started. The first is the one that is printed.
    jobs: VecDeque<Job>,
    durations: Durations,
}

struct Job {
    name: String,
    kept: String,
    has_ended: bool,
}

impl Output {
    /// Prints to the terminal, or to what stands in for it.
    pub(super) fn new(terminal: impl Write + Send + 'static) -> Self {
        Self(Mutex::new(State { terminal: Box::new(terminal), jobs: VecDeque::new(), durations: Durations::default() }))
    }

    /// Registers a job that starts.
    pub(super) fn open(&self, name: &str) {
        self.with(|state| {
            state.jobs.push_back(Job { name: name.to_owned(), kept: String::new(), has_ended: false });
        });
    }

    /// Prints or keeps what a job writes, until no process holds the other end of the pipe.
    pub(super) fn read(&self, name: &str, from: PipeReader) {
        let mut from = BufReader::new(from);
        let mut line = Vec::new();
        // A line that cannot be read is the end as well.
        while from.read_until(b'\n', &mut line).is_ok_and(|length| length > 0) {
            let text = String::from_utf8_lossy(&line);
            self.with(|state| state.durations.read(name, &text));
            self.print(name, &text);
            line.clear();
        }
    }

    /// Prints or keeps what is said about a job.
    pub(super) fn print(&self, name: &str, text: &str) {
        self.with(|state| match state.jobs.iter_mut().position(|job| job.name == name) {
            Some(0) => state.print(text),
            Some(place) => state.jobs[place].kept.push_str(text),
            None => (),
        });
    }

    /// Says that a job has ended, and prints what was kept of the jobs behind it.
    pub(super) fn close(&self, name: &str) {
        self.with(|state| {
            if let Some(job) = state.jobs.iter_mut().find(|job| job.name == name) {
                job.has_ended = true;
            }
            while state.jobs.front().is_some_and(|job| job.has_ended) {
                state.jobs.pop_front();
                let Some(next) = state.jobs.front_mut() else { break };
                let kept = std::mem::take(&mut next.kept);
                if !kept.is_empty() || !next.has_ended {
                    let heading = format!("\n==> output of {}\n", next.name);
                    state.print(&heading);
                    state.print(&kept);
                }
            }
        });
    }

    /// Prints a line between those of the jobs.
    pub(super) fn note(&self, line: &str) {
        self.with(|state| state.print(&format!("==> {line}\n")));
    }

    /// How long files of tests took, as their runners say.
    pub(super) fn durations(&self) -> Durations {
        self.with(|state| std::mem::take(&mut state.durations))
    }

    fn with<R>(&self, work: impl FnOnce(&mut State) -> R) -> R {
        work(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl State {
    fn print(&mut self, text: &str) {
        // A terminal that has gone is no reason to stop the tests.
        let _ = self.terminal.write_all(text.as_bytes()).and_then(|()| self.terminal.flush());
    }
}

#[cfg(test)]
mod tests {
    use super::Output;
    use std::{
        io::Write,
        sync::{Arc, Mutex},
    };

    #[derive(Clone, Default)]
    struct Terminal(Arc<Mutex<Vec<u8>>>);

    impl Write for Terminal {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            self.0.lock().map_or(Ok(0), |mut text| text.write(bytes))
        }

        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn jobs_that_run_beside_each_other_are_read_one_after_the_other() {
        let terminal = Terminal::default();
        let output = Output::new(terminal.clone());
        for job in ["first", "second", "silent", "third"] {
            output.open(job);
        }
        for (job, line) in
            [("second", "2a\n"), ("first", "1a\n"), ("third", "3a\n"), ("second", "2b\n"), ("first", "1b\n")]
        {
            output.print(job, line);
        }
        output.close("second");
        output.close("silent");
        output.close("first");
        output.print("third", "3b\n");
        output.close("third");
        let text = terminal.0.lock().map(|text| String::from_utf8_lossy(&text).into_owned()).unwrap_or_default();
        assert_eq!(text, "1a\n1b\n\n==> output of second\n2a\n2b\n\n==> output of third\n3a\n3b\n");
    }
}
