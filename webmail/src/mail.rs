//! Messages as the pages show them: conversations, letters, who wrote them, and answers.
//!
//! | question | where |
//! | --- | --- |
//! | which conversations are there, and with whom? | [`survey`] |
//! | what does one message say? | [`letter`], [`part`], [`html`] |
//! | who is that? | [`person`] |
//! | why does no address get through? | [`veil`] |
//! | what is not handed out yet? | [`withheld`] |
//! | how is an answer made and sent? | [`outgoing`] |
//! | how is it taken back, within seconds? | [`sent`] |
//! | what is kept of what is not sent yet? | [`draft`] |
//! | how do photographs become a document? | [`photo`] |
//!
//! Invariant: whatever leaves here for a page has been through the veil.

pub(crate) mod draft;
pub(crate) mod html;
pub(crate) mod letter;
pub(crate) mod outgoing;
pub(crate) mod part;
pub(crate) mod person;
pub(crate) mod photo;
pub(crate) mod sent;
pub(crate) mod survey;
pub(crate) mod veil;
pub(crate) mod withheld;
