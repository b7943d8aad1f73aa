//! An observer that remembers.

use auth101_core::event::{Event, Observer};
use std::{cell::RefCell, rc::Rc};

/// Keeps every event in order. Clones share them.
#[derive(Clone, Debug, Default)]
pub struct RecordingObserver {
    events: Rc<RefCell<Vec<Event>>>,
}

impl RecordingObserver {
    /// Everything so far.
    #[must_use]
    pub fn events(&self) -> Vec<Event> {
        self.events.borrow().clone()
    }

    /// The names of everything so far.
    #[must_use]
    pub fn names(&self) -> Vec<&'static str> {
        self.events.borrow().iter().map(Event::name).collect()
    }

    /// Everything since it was last asked.
    pub fn take(&self) -> Vec<Event> {
        self.events.take()
    }
}

impl Observer for RecordingObserver {
    fn observe(&self, event: &Event) {
        self.events.borrow_mut().push(event.clone());
    }
}
