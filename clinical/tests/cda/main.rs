//! CDA R2 from outside: the national samples, the rules of the header, the writer, the narrative,
//! and documents made to hurt.
#![allow(clippy::string_slice, reason = "tests panic")]

#[cfg(test)]
mod check;
#[cfg(test)]
mod header;
#[cfg(test)]
mod hostile;
#[cfg(test)]
mod narrative;
#[cfg(test)]
mod samples;
#[cfg(test)]
mod write;
