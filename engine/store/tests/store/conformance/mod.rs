//! The promises of a store, as cases that take any store. Each case runs against the store itself and
//! against the writer that shares commits.

pub mod life;
mod order;
mod queries;
mod retention;
pub mod subject;

use crate::house::House;
use hob_store::{Store, Writer};
use subject::{Shared, Subject};

/// Runs a case on a fresh store, and then looks at the whole database for damage.
fn on_store(case: impl Fn(&mut Store)) {
    let house = House::new();
    let mut store = house.open();
    case(&mut store);
    assert_eq!(Subject::check(&store), Ok(Vec::new()));
}

fn on_writer(case: impl Fn(&mut Shared)) {
    let house = House::new();
    let store = Store::open_for_worker(&house.state()).expect("opens");
    let mut shared = Shared { writer: Writer::start(store).expect("starts"), store: house.open() };
    case(&mut shared);
    assert_eq!(shared.check(), Ok(Vec::new()));
}

macro_rules! cases {
    ($($module:ident::$case:ident)*) => {
        mod store {
            $(#[test] fn $case() { super::on_store(|store| super::$module::$case(store)); })*
        }
        mod writer {
            $(#[test] fn $case() { super::on_writer(|shared| super::$module::$case(shared)); })*
        }
    };
}

cases! {
    life::a_task_comes_back_as_it_was_handed_in
    life::a_result_is_read_twice
    life::a_failure_keeps_every_field
    life::progress_is_seen_and_then_gone
    life::the_environment_goes_to_the_claim_and_ends_with_the_task
    life::an_end_counts_once
    life::a_late_write_of_a_lost_worker_changes_nothing
    life::a_lost_worker_s_tasks_fail_return_or_are_cancelled
    life::a_worker_that_is_not_signed_on_claims_nothing
    life::a_worker_that_holds_tasks_cannot_sign_off
    life::cancel_answers_for_each_task
    life::cancel_all_leaves_nothing_open
    life::a_request_to_stop_reaches_its_worker
    order::a_repeated_submission_is_one_task
    order::another_task_of_the_same_id_is_refused_and_nothing_of_its_batch_is_kept
    order::priority_and_then_the_order_of_acceptance
    order::never_more_than_the_limit
    order::the_end_of_one_and_the_claim_of_the_next
    order::an_end_that_does_not_count_does_not_keep_the_next_from_starting
    order::a_blocked_executor_keeps_only_its_own_waiting
    order::a_release_with_a_reason_blocks_the_executor
    order::a_release_without_one_goes_first_again
    order::generated_ids_are_short_and_differ
    queries::an_abbreviation_is_enough
    queries::a_misspelt_id_names_the_nearest
    queries::lists_are_filtered
    queries::counts_follow_every_change
    queries::events_reach_each_consumer_once
    queries::executors_keep_values_within_their_quota
    queries::denials_are_kept_once_by_executor_and_the_newest_of_many
    retention::by_age
    retention::by_count
    retention::pruned_ids_are_never_used_again
    retention::slices
}
