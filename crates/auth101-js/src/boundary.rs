//! Values from Rust to JavaScript and back.

use serde::{Serialize, de::DeserializeOwned};
use serde_wasm_bindgen::{Serializer, from_value};
use wasm_bindgen::JsValue;

/// What an export gives back: `Ok`, unless it documents errors.
///
/// A `Result` leaves the module as a place in a table, a bare [`JsValue`] as a reference, and Node.js 20 and 22 end with
/// "unreachable code" in `Deoptimizer::DoComputeBuiltinContinuation` if V8 takes back the optimisation of the caller of
/// a function that returns a reference while that function calls JavaScript. `cargo xtask build js` refuses such an export.
pub type Returned = Result<JsValue, JsValue>;

/// Objects, arrays and null, as JSON has them: no `Map` and no `undefined`.
const PLAIN: Serializer = Serializer::json_compatible();

/// A value as plain JavaScript.
pub fn to_js(value: &(impl Serialize + ?Sized)) -> JsValue {
    // What is written here has texts for names, and no integer that JavaScript lacks: it does not fail.
    value.serialize(&PLAIN).unwrap_or(JsValue::UNDEFINED)
}

/// A value out of plain JavaScript, or nothing where it is of another form.
///
/// Members are read without a guard, and an exception would leave the stack of this instance as it was: what a host or
/// its database wrote, which may have getters, is copied in JavaScript first.
pub fn from_js<T: DeserializeOwned>(value: JsValue) -> Option<T> {
    from_value(value).ok()
}
