//! Names of the example contracts' programs (`examples/` in the repository).

/// An ERC-721 collection of pictures that the network draws.
pub const COLLECTION: &str = "collection";

/// Competitions in which tasks compete for an escrowed prize.
pub const COMPETITION: &str = "competition";

/// A contract that lets a text model and a picture model work on one story.
pub const COMPOSITION: &str = "composition";

/// A contract that submits tasks for its callers.
pub const REQUESTER: &str = "requester";

/// An agent's tasks, one a period, for anyone to verify.
pub const WORKLOG: &str = "worklog";
