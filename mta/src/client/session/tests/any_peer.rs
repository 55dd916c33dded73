//! Property: whatever a peer says and in whatever order the driver calls, nothing panics, work is bounded, no address
//! leaves before TLS, and each message gets its report.

use proptest::prelude::*;

use super::super::*;
use super::{envelope, ready, session, small};

#[derive(Clone, Debug)]
enum Event {
    Received(Vec<u8>),
    Lost(Loss),
    Tls,
    Begin,
    Body(Vec<u8>),
    BodyEnd,
    Quit,
}

fn events() -> impl Strategy<Value = Event> {
    let replies = prop::sample::select(vec![
        "220 mx\r\n",
        "250-mx\r\n250-PIPELINING\r\n250-CHUNKING\r\n250 STARTTLS\r\n",
        "250 ok\r\n",
        "354 go\r\n",
        "421 bye\r\n",
        "452 4.5.3 no\r\n",
        "550 5.1.1 no\r\n",
        "25",
    ]);
    prop_oneof![
        8 => replies.prop_map(|reply| Event::Received(reply.as_bytes().to_vec())),
        2 => prop::collection::vec(any::<u8>(), 0..40).prop_map(Event::Received),
        1 => prop::sample::select(vec![Loss::Closed, Loss::TimedOut, Loss::Broken]).prop_map(Event::Lost),
        3 => Just(Event::Tls),
        3 => Just(Event::Begin),
        2 => prop::collection::vec(prop::sample::select(b"a.\r\n".to_vec()), 0..9).prop_map(Event::Body),
        2 => Just(Event::BodyEnd),
        1 => Just(Event::Quit),
    ]
}

/// A session at its beginning, or ready for messages with some extensions: chance alone seldom leads there.
fn starts() -> impl Strategy<Value = Option<Vec<&'static str>>> {
    let extensions = prop::sample::subsequence(vec!["PIPELINING", "CHUNKING", "DSN"], 0..=3);
    prop::option::weighted(0.8, extensions)
}

proptest! {
    #[test]
    fn any_peer_and_any_driver_end_in_bounded_work(
        start in starts(),
        events in prop::collection::vec(events(), 0..60)) {
        let mut tls = start.is_some();
        let mut session = start.map_or_else(session, |extensions| ready(&extensions));
        let (mut begun, mut done, mut steps) = (0, 0, 0);
        for event in events {
            match event {
                Event::Received(octets) => session.received(&octets),
                Event::Lost(loss) => session.lost(loss),
                Event::Tls => {
                    tls |= matches!(session.step(), Step::Handshake);
                    session.tls_established();
                }
                Event::Begin if session.is_idle() => {
                    prop_assert!(tls, "idle before TLS");
                    begun += 1;
                    session.begin(envelope(&["b@b.fr", "c@b.fr"], small()));
                }
                Event::Begin => {}
                Event::Body(octets) => session.body(&octets),
                Event::BodyEnd => session.body_end(),
                Event::Quit => session.quit(),
            }
            loop {
                steps += 1;
                match session.step() {
                    Step::Write(octets) => {
                        let secret = octets.windows(5).any(|w| w == b"MAIL " || w == b"RCPT ");
                        prop_assert!(tls || !secret);
                    }
                    Step::Done(report) => {
                        done += 1;
                        prop_assert_eq!(report.outcomes.len(), 2);
                    }
                    _ => break,
                }
            }
        }
        session.lost(Loss::Closed);
        while let Step::Write(_) | Step::Done(_) = {
            let step = session.step();
            done += usize::from(matches!(step, Step::Done(_)));
            step
        } {}
        prop_assert_eq!(begun, done);
        prop_assert!(steps < 1000);
    }
}
