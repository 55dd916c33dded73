//! The world of the tests: an authority, operators, peers that are not Pli, and clients that say what a test says.

mod foreign;
mod land;
mod line;
mod operator;
mod site;

pub(crate) use foreign::{Foreign, Manners};
pub(crate) use land::{Land, application, operator};
pub(crate) use line::{Line, files};
pub(crate) use operator::{Door, Operator, Plan, listen, route};
pub(crate) use site::{DESK, LAB, Site};

pub(crate) const LETTERS: &str = "letters@chu.example";
pub(crate) const MARIE: &str = "marie@practice.example";
pub(crate) const CITIZEN: &str = "279035121518989@patient.example";
