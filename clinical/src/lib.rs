//! Formats of health documents: CDA R2, IHE XDM archives, XDS metadata, value sets. No I/O.

pub mod cda;
pub mod narrative;
pub mod value_sets;
pub mod xdm;
pub mod xds;
