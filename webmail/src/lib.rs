//! The citizens' site: pages and forms over the mailstore, the post and the record.
//!
//! | question | where |
//! | --- | --- |
//! | how is it started? | [`serve`] |
//! | which addresses are there? | `routes` |
//! | who is asking? | `visitor` |
//! | what surrounds every request? | `guard` (headers, forms from elsewhere, faults), `language` |
//! | what does a page show, what does a form do? | `pages`, one subject a file, with `templates/` |
//! | what is said, in both languages? | `text`, one group a file |
//! | how does mail become pages, and answers mail? | `mail` |
//! | how does it look? | `assets/`, served by `assets` |
//!
//! Invariants: every page works without a script; the one there is adds comfort (`assets/pli.js`). No professional's
//! address is in any page; what an address of a page names is looked up in the session's own account; rules are
//! answered by `post`, `record` and `access`, never here.

mod app;
mod assets;
mod cookie;
mod fault;
mod guard;
mod language;
mod mail;
mod page;
mod pages;
mod routes;
pub mod serve;
mod text;
mod upload;
mod visitor;
mod when;

pub use mail::html::clean as clean_html;
