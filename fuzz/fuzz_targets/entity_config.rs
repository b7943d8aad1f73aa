#![no_main]

use auth101_testkit::fuzz;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    fuzz::entity_config(data);
});
