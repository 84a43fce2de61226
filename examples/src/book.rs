//! The Rust of the book's pages, as doctests.

/// Names the pages with Rust in them; the test `book` demands that none is missing.
macro_rules! pages {
    ($($name:ident: $path:literal,)*) => {
        $(
            #[doc = include_str!($path)]
            mod $name {}
        )*
    };
}

pages! {
    bindings: "../../docs/src/bindings/overview.md",
    internals_emission: "../../docs/src/internals/emission.md",
    requesters_programs: "../../docs/src/requesters/programs.md",
    requesters_sdk: "../../docs/src/requesters/sdk.md",
}
