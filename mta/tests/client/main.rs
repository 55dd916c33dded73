//! The client over real sockets on loopback, with TLS, against peers that each test writes down.

#[cfg(test)]
mod hostile;
#[cfg(test)]
mod peer;
#[cfg(test)]
mod sending;
#[cfg(test)]
mod trust;
