//! Messages without a Message-ID: two of the same octets are two.

use super::{MARIE, Operator};

#[test]
fn the_same_octets_twice_without_a_name_are_two_messages() {
    let operator = Operator::new();
    let marie = operator.own(MARIE);
    let message = format!("From: {MARIE}\n\nTension 12/8\n");
    let first = operator.send(&marie, MARIE, &["a@chu.example"], &message).unwrap();
    let second = operator.send(&marie, MARIE, &["a@chu.example"], &message).unwrap();
    assert_ne!(first.queue_id(), second.queue_id());
    let named = format!("Message-ID: <1@{}>\n{message}", "practice.example");
    let first = operator.send(&marie, MARIE, &["a@chu.example"], &named).unwrap();
    let again = operator.send(&marie, MARIE, &["a@chu.example"], &named).unwrap();
    assert_eq!(first.queue_id(), again.queue_id());
    let due = post::queue::due(operator.post.store(), i64::MAX / 4, 10).unwrap();
    assert_eq!(due.len(), 3);
}
