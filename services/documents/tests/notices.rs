//! A document that is kept from the citizen: hidden on day 0, spoken of without content on day 14, there on day 31.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "tests panic")]

mod land;

use access::{Access, AccessSettings, Contact, Courier, CourierError, Notice, Sending};
use documents::Notices;
use domain::Lang;
use land::{CITIZEN, Land, document, replaced};
use mailstore::model::principal::{Grant, NewPrincipal, PrincipalKind};
use mailstore::{Actor, SeededRandom, StoreError, Transaction};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

const DAY: Duration = Duration::from_secs(24 * 3600);

/// What would leave for ordinary e-mail.
#[derive(Debug, Default)]
struct Outbox {
    notices: Mutex<Vec<Notice>>,
    broken: AtomicBool,
}

impl Courier for Outbox {
    fn send(&self, notice: Notice) -> Sending<'_> {
        let sent = if self.broken.load(Ordering::SeqCst) {
            Err(CourierError::new(std::io::Error::other("no network")))
        } else {
            self.notices.lock().unwrap().push(notice);
            Ok(())
        };
        Box::pin(std::future::ready(sent))
    }
}

struct World {
    land: Land,
    outbox: Arc<Outbox>,
    notices: Notices,
}

impl World {
    /// A citizen who said where notices go, and somebody whose time has ended.
    fn new() -> Self {
        let land = Land::new();
        let outbox = Arc::new(Outbox::default());
        let access = Access::new(
            land.post.store().clone(),
            Arc::new(land.clock.clone()),
            Arc::new(SeededRandom::new(2)),
            outbox.clone(),
            AccessSettings::default(),
        );
        for (to, until) in
            [("dominique@courriel.example", None), ("autre@courriel.example", Some(0))]
        {
            let work = move |tx: &mut Transaction<'_>| {
                let new = NewPrincipal {
                    kind: PrincipalKind::Person,
                    name: "Quelqu'un".into(),
                    login: Some(to.into()),
                };
                let principal = tx.create_principal(&new)?;
                let now = tx.now();
                tx.grant(principal, &Grant { until, ..Grant::owner(now) })?;
                Ok::<_, StoreError>(principal)
            };
            let home = land.id(CITIZEN);
            let principal = land.post.store().begin(Actor::SYSTEM, home, work);
            let principal = principal.wait().unwrap().into_inner();
            let contact = Contact { email: Some(to.into()), mobile: None, lang: Lang::Fr };
            let runtime = &land.runtime;
            let password = "une phrase assez longue";
            runtime
                .block_on(access.set_password(Actor::SYSTEM, home, principal, password))
                .unwrap();
            runtime.block_on(access.set_contact(Actor::SYSTEM, home, principal, &contact)).unwrap();
        }
        let notices = Notices::new(land.post.clone(), access);
        Self { land, outbox, notices }
    }

    /// What leaves now.
    fn told(&self) -> Vec<Notice> {
        self.land.runtime.block_on(self.notices.run_due());
        std::mem::take(&mut *self.outbox.notices.lock().unwrap())
    }

    fn visible(&self) -> usize {
        let view = self.land.post.store().view(self.land.id(CITIZEN)).unwrap();
        let now = self.land.post.now().as_second();
        record::entries(&view, None, now, None, 10).unwrap().len()
    }

    fn hidden(&self) -> Vec<u8> {
        replaced(&document("1.2.3.1", 1, ""), "code=\"N\"", "code=\"INVISIBLE_PATIENT\"")
    }
}

// MSS #72
#[test]
fn day_0_hidden_day_14_a_notice_without_content_day_31_visible() {
    let world = World::new();
    world.land.file(&world.hidden());
    assert_eq!((world.visible(), world.told().len()), (0, 0), "day 0");
    world.land.clock.advance(13 * DAY);
    assert_eq!((world.visible(), world.told().len()), (0, 0), "day 13");
    world.land.clock.advance(DAY);
    let told = world.told();
    assert_eq!(world.visible(), 0, "day 14");
    assert_eq!(told.len(), 1, "who may not read the account any more is not told");
    assert_eq!(told[0].to, "dominique@courriel.example");
    let said = format!("{} {}", told[0].subject, told[0].text).to_lowercase();
    for content in ["liaison", "martin", "pat-trois", "dominique", "chu", CITIZEN] {
        assert!(!said.contains(content), "{content}: {said}");
    }
    assert_eq!(world.told().len(), 0, "once");
    world.land.clock.advance(17 * DAY);
    assert_eq!((world.visible(), world.told().len()), (1, 0), "day 31");
}

// MSS #72
#[test]
fn what_a_professional_has_shown_meanwhile_is_not_spoken_of() {
    let world = World::new();
    world.land.file(&world.hidden());
    world.land.file(&document("1.2.3.2", 2, "1.2.3.1"));
    assert_eq!(world.visible(), 1);
    world.land.clock.advance(14 * DAY);
    assert_eq!(world.told().len(), 0);
}

#[test]
fn a_notice_that_does_not_leave_is_given_later() {
    let world = World::new();
    world.land.file(&world.hidden());
    world.land.clock.advance(14 * DAY);
    world.outbox.broken.store(true, Ordering::SeqCst);
    assert_eq!(world.told().len(), 0);
    world.outbox.broken.store(false, Ordering::SeqCst);
    assert_eq!(world.told().len(), 1);
}
