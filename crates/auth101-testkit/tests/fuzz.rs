//! The fuzz targets over a few thousand inputs that are the same in every run: noise, and changes of inputs that are
//! accepted. `cargo xtask fuzz` looks further.

use auth101_core::{hasher::InPlaceHasher, port::Random};
use auth101_testkit::{
    fuzz::{self, TARGETS},
    random::SeededRandom,
};

/// Pieces that parsers trip over.
const PIECES: [&[u8]; 20] = [
    b"\0",
    b"\n",
    b"\"",
    b"`",
    b"'",
    b"\\",
    b"$",
    b".",
    b"=",
    b"{",
    b"]",
    b"0",
    b"-1",
    b"1e999",
    b"4294967296",
    b"\xef\xbb\xbf",
    b"\xff",
    b"\\ud800",
    "\u{130}".as_bytes(),
    b"null",
];

/// Up to that many of the accepted inputs are kept to go on from.
const POOL: usize = 400;

fn below(random: &SeededRandom, bound: usize) -> usize {
    usize::try_from(random.below(bound as u64)).unwrap_or_default()
}

/// A few small changes, as libFuzzer makes them.
fn mutated(random: &SeededRandom, pool: &[Vec<u8>]) -> Vec<u8> {
    let mut input = random.pick(pool).clone();
    for _ in 0..=random.below(3) {
        let at = below(random, input.len() + 1);
        let end = (at + below(random, 9)).min(input.len());
        match random.below(7) {
            0 if at < input.len() => {
                if let Some(byte) = input.get_mut(at) {
                    *byte ^= 1 << random.below(8);
                }
            }
            1 => drop(input.drain(at..end)),
            2 => input.truncate(at),
            3 => {
                let copy: Vec<u8> = input.drain(at..end).collect();
                input.splice(at..at, copy.repeat(2));
            }
            4 => {
                let other = random.pick(pool);
                let from = below(random, other.len() + 1);
                input.truncate(at);
                input.extend(other.iter().skip(from));
            }
            5 if at < input.len() => {
                if let Some(byte) = input.get_mut(at) {
                    *byte = *random.pick(b"0123456789abcxyzABCXYZ+/-_$.");
                }
            }
            _ => drop(input.splice(at..end, random.pick(&PIECES).iter().copied())),
        }
    }
    input
}

fn noise(random: &SeededRandom) -> Vec<u8> {
    let mut bytes = vec![0; below(random, 200)];
    random.fill(&mut bytes).unwrap_or_default();
    bytes
}

/// Runs a target, and checks that its inputs reach something: every seed of which that is said, and a share of the rest.
fn run(name: &str, inputs: usize, target: impl Fn(&[u8]) -> bool) {
    let mut pool = TARGETS.iter().find(|(known, _)| *known == name).map(|(_, seeds)| seeds()).unwrap_or_default();
    let accepted_seeds = pool.iter().filter(|seed| target(seed)).count();
    assert!(accepted_seeds * 2 > pool.len(), "{name}: {accepted_seeds} of {} seeds are accepted", pool.len());
    let random = SeededRandom::new(101);
    let mut accepted = 0;
    for index in 0..inputs {
        let input = if index % 8 == 0 { noise(&random) } else { mutated(&random, &pool) };
        if target(&input) {
            accepted += 1;
            if pool.len() < POOL {
                pool.push(input);
            }
        }
    }
    assert!(accepted * 20 > inputs && accepted < inputs, "{name}: {accepted} of {inputs} inputs are accepted");
}

#[test]
fn r15_no_text_and_no_signed_bytes_make_the_token_reader_panic_or_err() {
    run("token", 4_000, fuzz::token);
}

#[test]
fn r18_every_hash_that_is_read_is_within_the_bounds_and_can_be_computed() {
    run("phc", 4_000, |data| fuzz::phc(data, &InPlaceHasher));
}

#[test]
fn r25_no_request_is_answered_with_500_or_with_what_is_not_documented() {
    run("body", 3_000, fuzz::body);
}

#[test]
fn r29_no_name_of_a_table_or_column_changes_more_of_the_sql_than_itself() {
    run("entity_config", 1_500, fuzz::entity_config);
}

#[test]
fn every_datetime_that_is_read_is_written_and_read_back() {
    run("time", 10_000, fuzz::time);
}
