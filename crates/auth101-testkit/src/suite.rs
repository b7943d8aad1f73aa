//! The suites, mounted: each claim becomes a test of its own. One list names the claims of a suite.

/// Hands the claims of the driver suite to a macro.
#[doc(hidden)]
#[macro_export]
macro_rules! driver_claims {
    ($callback:path, $($arguments:tt)*) => {
        $callback! { driver_suite, ($($arguments)*),
            a_failing_statement_undoes_the_ones_before_it
            an_abandoned_batch_is_whole_or_nothing
            racing_batches_overwrite_nothing_of_each_other
            rows_come_in_order_under_their_names
            null_and_empty_text_differ
            text_survives_as_it_is
            text_goes_on_after_a_nul
            booleans_survive
            times_survive_to_the_microsecond
            integers_survive_as_far_as_doubles_go
            writes_count_the_rows_they_touch
            a_unique_violation_names_its_index
            a_missing_table_and_a_missing_column_are_told_apart
            a_statement_takes_a_hundred_parameters
            values_are_never_read_as_sql
            an_empty_batch_does_nothing
        }
    };
}

/// Hands the claims of the store suite to a macro.
#[doc(hidden)]
#[macro_export]
macro_rules! store_claims {
    ($callback:path, $($arguments:tt)*) => {
        $callback! { store_suite, ($($arguments)*),
            a_sign_up_writes_three_rows
            a_taken_address_leaves_nothing_of_the_second_sign_up
            a_sign_up_run_twice_answers_the_same_and_writes_once
            credentials_are_found_by_the_exact_address
            the_oldest_credential_account_counts
            accounts_of_other_providers_and_null_hashes_are_told_apart
            a_session_opens_for_the_verified_hash
            a_password_changed_meanwhile_opens_no_session
            a_user_deactivated_meanwhile_gets_no_session
            a_rehash_replaces_the_verified_hash_and_no_other
            an_opening_run_twice_answers_the_same_and_writes_once
            an_opening_run_again_never_undoes_a_change_of_the_password
            an_opening_removes_the_users_sessions_that_are_over
            a_sign_in_token_is_rotated_at_once
            a_superseded_token_is_replayed_within_the_grace_period
            a_superseded_token_ends_the_session_after_the_grace_period
            an_ancestor_two_rotations_back_ends_the_session
            a_rotated_token_is_paced
            without_grace_a_second_presentation_ends_the_session
            a_refresh_run_twice_reads_the_same_row
            expiry_is_exact_to_the_tick
            the_absolute_lifetime_is_exact_to_the_tick
            a_row_from_a_faster_clock_is_accepted_up_to_a_minute_ahead
            a_refused_refresh_changes_nothing
            a_token_of_another_user_changes_nothing
            a_session_without_user_is_reported_as_such
            a_token_without_sid_finds_its_session_once_rotated
            a_token_without_sid_two_rotations_back_ends_nothing
            a_session_of_a_user_is_read_with_the_user
            closing_a_session_is_idempotent_and_takes_the_users_own_only
            closing_by_token_takes_the_successor_too
            a_closed_session_is_never_refreshed_into_being
            the_purge_takes_what_is_over_and_never_a_live_row
        }
    };
}

/// One test a claim.
#[doc(hidden)]
#[macro_export]
macro_rules! tests_of_claims {
    ($suite:ident, ($run:path, $fixture:expr), $($claim:ident)*) => {
        $(
            #[test]
            fn $claim() {
                let (first, second) = $fixture;
                $run($crate::$suite::$claim(&first, &second));
            }
        )*
    };
}

/// All claims in a row.
#[doc(hidden)]
#[macro_export]
macro_rules! all_claims {
    ($suite:ident, ($fixture:expr, $passed:expr), $($claim:ident)*) => {
        $(
            let (first, second) = $fixture.await;
            $crate::$suite::$claim(&first, &second).await;
            $passed(stringify!($claim));
        )*
    };
}

/// Mounts the driver suite: `mount_driver_suite!(block_on, (driver, dialect))`. The expression is evaluated once a test.
#[macro_export]
macro_rules! mount_driver_suite {
    ($run:path, $fixture:expr) => {
        $crate::driver_claims! { $crate::tests_of_claims, $run, $fixture }
    };
}

/// Mounts the store suite: `mount_store_suite!(block_on, (store, tables))`. The expression is evaluated once a test.
#[macro_export]
macro_rules! mount_store_suite {
    ($run:path, $fixture:expr) => {
        $crate::store_claims! { $crate::tests_of_claims, $run, $fixture }
    };
}

/// Runs the driver suite inside an async function, for runtimes that have no test harness of their own: a fixture that
/// is a future, and a function that is told the name of each claim that holds.
#[macro_export]
macro_rules! run_driver_suite {
    ($fixture:expr, $passed:expr) => {
        $crate::driver_claims! { $crate::all_claims, $fixture, $passed }
    };
}

/// Runs the store suite likewise.
#[macro_export]
macro_rules! run_store_suite {
    ($fixture:expr, $passed:expr) => {
        $crate::store_claims! { $crate::all_claims, $fixture, $passed }
    };
}
