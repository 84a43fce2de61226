//! What hostile clients try.
