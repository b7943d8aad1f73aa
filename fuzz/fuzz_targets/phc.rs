#![no_main]

use auth101_core::hasher::InPlaceHasher;
use auth101_testkit::fuzz;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    fuzz::phc(data, &InPlaceHasher);
});
