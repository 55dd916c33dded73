//! A practice with three mailboxes, beside a hospital of which there is only the certificate.

use std::ops::Deref;

use domain::MailboxKind;
use mailstore::model::principal::{Grant, Rights};
use mailstore::{AccountId, Actor, PrincipalId, StoreError};
use mta::client::Routes;
use pki::{Issued, RevocationReason};

use super::operator::account;
use super::{Door, Land, Line, MARIE, Operator, Plan, application, listen, operator};

pub(crate) const DESK: &str = "cabinet@practice.example";
pub(crate) const LAB: &str = "lab@practice.example";

pub(crate) struct Site {
    pub(crate) land: Land,
    practice: Operator,
    /// The certificate of the other operator, listed for chu.example.
    pub(crate) hospital: Issued,
    /// The certificate of the laboratory's program.
    pub(crate) lab_certificate: Issued,
    pub(crate) marie: (AccountId, PrincipalId),
    pub(crate) desk: (AccountId, PrincipalId),
    pub(crate) lab: (AccountId, PrincipalId),
    /// Marie's secret.
    pub(crate) secret: String,
}

impl Deref for Site {
    type Target = Operator;

    fn deref(&self) -> &Operator {
        &self.practice
    }
}

impl Site {
    pub(crate) async fn new() -> Self {
        let mut land = Land::new();
        let own = land.issue(&operator("mail.practice.example"));
        let hospital = land.issue(&operator("mail.chu.example"));
        let lab_certificate = land.issue(&application("LAB"));
        let trust = land.trust(&[("practice.example", &own), ("chu.example", &hospital)]);
        let (domain, kind) = ("practice.example", MailboxKind::Personal);
        let listener = listen().await;
        let plan = Plan { domain, address: MARIE, kind, issued: own, listener };
        let practice = Operator::start(plan, &land, &trust, &Routes::default()).await;
        let marie = (practice.account, practice.principal);
        let desk = account(&practice.store, DESK, MailboxKind::Practice).await;
        let lab = account(&practice.store, LAB, MailboxKind::Application).await;
        let access = &practice.access;
        let secret = access.add_app_secret(Actor::SYSTEM, marie.0, marie.1, "test").await.unwrap();
        let certificate = &lab_certificate.certificate;
        access.bind_certificate(Actor::SYSTEM, lab.0, lab.1, certificate).await.unwrap();
        Self { land, practice, hospital, lab_certificate, marie, desk, lab, secret }
    }

    /// Has everybody know that a certificate is revoked.
    pub(crate) fn revoke(&mut self, which: fn(&Self) -> &Issued) {
        let serial = which(self).certificate.serial().clone();
        self.land.authority.revoke(&serial, RevocationReason::KeyCompromise).unwrap();
        self.publish_revocations();
    }

    /// What the operator knows of revocations from now on.
    pub(crate) fn publish_revocations(&mut self) {
        self.land.publish_revocations(&self.practice.trust);
    }

    /// Gives somebody the right to send in the name of an account, or takes it back.
    pub(crate) async fn may_send_as(
        &self,
        account: AccountId,
        principal: PrincipalId,
        until: Option<i64>,
    ) {
        let rights = Rights::READ.and(Rights::SEND_AS);
        let work = move |tx: &mut mailstore::Transaction<'_>| {
            tx.grant(principal, &Grant { rights, owner: false, from: 0, until })
        };
        let done = self.store.transact::<_, StoreError, _>(Actor::SYSTEM, account, work).await;
        let _ = done.unwrap();
    }

    /// Connects, by TLS, with a certificate or none, and says EHLO: the greeting's capabilities, or that there is no
    /// session.
    pub(crate) async fn enter(
        &self,
        door: Door,
        certificate: Option<&Issued>,
    ) -> std::io::Result<(Line, String)> {
        Line::enter(self.port(door), door == Door::Implicit, certificate).await
    }
}
