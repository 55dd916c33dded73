//! The receiving side from outside: whole sessions as transcripts, and a few over real streams.

#[cfg(test)]
mod chunks;
#[cfg(test)]
mod commands;
#[cfg(test)]
mod crowds;
#[cfg(test)]
mod hostile;
#[cfg(test)]
mod limits;
#[cfg(test)]
mod login;
#[cfg(test)]
mod messages;
#[cfg(test)]
mod office;
#[cfg(test)]
mod order;
#[cfg(test)]
mod properties;
#[cfg(test)]
mod sockets;
#[cfg(test)]
mod tls;
#[cfg(test)]
mod transcript;
