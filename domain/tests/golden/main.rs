//! Golden files: the bytes of every event of every aggregate, as they are hashed and kept. They never change; a new form
//! is a new version beside the old one. (The model's stand beside the model.)

mod samples;

use domain::stream::{EncodedEvent, Event};
use rstest::rstest;

fn line(event: &Event) -> String {
    let EncodedEvent { event_type, event_version, payload } = event.encode();
    format!("{event_type} {event_version} {payload}\n")
}

#[rstest]
#[case::account(samples::account(), include_str!("account.events"))]
#[case::job(samples::job(), include_str!("job.events"))]
#[case::once(samples::once(), include_str!("once.events"))]
#[case::provider(samples::provider(), include_str!("provider.events"))]
#[case::provider_key(samples::provider_key(), include_str!("provider_key.events"))]
#[case::tenant(samples::tenant(), include_str!("tenant.events"))]
fn the_bytes_of_the_events_are_frozen(#[case] events: Vec<Event>, #[case] golden: &str) {
    let written: String = events.iter().map(line).collect();
    assert_eq!(written, golden, "this is what is written now:\n{written}");
}

#[rstest]
#[case("account", samples::account(), include_str!("account.events"))]
#[case("job", samples::job(), include_str!("job.events"))]
#[case("once", samples::once(), include_str!("once.events"))]
#[case("provider", samples::provider(), include_str!("provider.events"))]
#[case("provider_key", samples::provider_key(), include_str!("provider_key.events"))]
#[case("tenant", samples::tenant(), include_str!("tenant.events"))]
fn what_was_written_is_read_back(#[case] aggregate_type: &str, #[case] events: Vec<Event>, #[case] golden: &str) {
    let read = |line: &str| {
        let payload = line.splitn(3, ' ').nth(2).expect("a payload");
        Event::decode(aggregate_type, payload).expect("an event")
    };
    assert_eq!(golden.lines().map(read).collect::<Vec<_>>(), events);
}

/// A field or an event that this code does not know is an error, never dropped: a fold without it would be wrong.
#[rstest]
#[case("account", r#"{"CreditsHeld":{"job_id":"job_00000000000000000000000001","amount":"1","api_key_id":null,"model":"m","tip":"1"}}"#)]
#[case("account", r#"{"CreditsBurnt":{}}"#)]
#[case("account", r#"{"CreditLimitSet":{"limit":1.5}}"#)]
#[case("account", r#"{"CreditLimitSet":{}}"#)]
#[case("job", r#"{"JobExpired":{"cost":"1"}}"#)]
#[case("account", r#"{"HoldSettled":{"#)]
#[case("ledger", r#"{"AccountOpened":{}}"#)]
fn what_can_not_be_understood_is_an_error(#[case] aggregate_type: &str, #[case] payload: &str) {
    assert!(Event::decode(aggregate_type, payload).is_err());
}
