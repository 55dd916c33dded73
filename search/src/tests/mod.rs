//! The search as a whole: a store, its index, questions.

mod ask;
mod gone;
mod hostile;
mod land;
mod rebuild;
