//! What the type of a secret rules out.

use auth101_core::{Secret, domain::password::Password};
use serde::Serialize;
use std::{cell::Cell, fmt::Display, marker::PhantomData, rc::Rc};
use zeroize::Zeroize;

/// Counts how often it was wiped.
struct Watched(Rc<Cell<usize>>);

impl Zeroize for Watched {
    fn zeroize(&mut self) {
        self.0.set(self.0.get() + 1);
    }
}

#[test]
fn r33_a_secret_wipes_what_it_holds_when_it_is_dropped() {
    let wiped = Rc::new(Cell::new(0));
    let secret = Secret::new(Watched(Rc::clone(&wiped)));
    assert_eq!((secret.expose().0.get(), wiped.get()), (0, 0));
    drop(secret);
    assert_eq!(wiped.get(), 1);
}

/// Tells whether a type has a trait: where the bound holds, the constant of the type hides that of the trait.
struct Probe<T>(PhantomData<T>);

trait Absent {
    const IS_SERIALIZE: bool = false;
    const IS_DISPLAY: bool = false;
}

impl<T> Absent for Probe<T> {}

impl<T: Serialize> Probe<T> {
    const IS_SERIALIZE: bool = true;
}

impl<T: Display> Probe<T> {
    const IS_DISPLAY: bool = true;
}

#[test]
fn r33_a_secret_can_be_neither_printed_nor_serialised() {
    let of_text = (Probe::<String>::IS_DISPLAY, Probe::<String>::IS_SERIALIZE);
    assert_eq!(of_text, (true, true), "the probe sees what is there");
    let of_secret = (Probe::<Secret<String>>::IS_DISPLAY, Probe::<Secret<String>>::IS_SERIALIZE);
    assert_eq!(of_secret, (false, false));
    let of_password = (Probe::<Password>::IS_DISPLAY, Probe::<Password>::IS_SERIALIZE);
    assert_eq!(of_password, (false, false));
}
