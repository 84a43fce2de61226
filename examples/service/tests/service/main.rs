//! The service as its clients meet it, on a local chain: states, results, limits, clients that
//! go away or mean harm, endpoints that fail, a full disk, and a service that is killed.

mod client;
mod endpoints;
mod full_disk;
mod hostile;
mod killed;
mod limits;
mod outcomes;
mod program;
mod world;
