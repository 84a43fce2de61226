//! `arbius model`: one file a subcommand.

mod certify;
mod inspect;
mod list;
mod pack;
mod register;

pub(super) use certify::certify;
pub(super) use inspect::inspect;
pub(super) use list::list;
pub(super) use pack::pack;
pub(super) use register::register;
