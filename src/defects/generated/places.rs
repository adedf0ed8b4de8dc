//! How kinds of places are listed: those of streams and those of WebSocket.

/// Makes an enum of places, each with its name, what it is, and the beginnings of the requirements that are about it.
macro_rules! places {
    (
        $(#[doc = $about:literal])*
        $kind:ident
        $($place:ident = $name:literal, $doc:literal, [$($requirement:literal),*];)*
    ) => {
        $(#[doc = $about])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum $kind {
            $(#[doc = $doc] $place,)*
        }

        impl $kind {
            /// All of them.
            pub const ALL: &'static [Self] = &[$(Self::$place),*];

            /// Its name.
            pub fn name(self) -> &'static str {
                match self { $(Self::$place => $name,)* }
            }

            /// How the ids of the requirements begin that are about it.
            pub fn requirements(self) -> &'static [&'static str] {
                match self { $(Self::$place => &[$($requirement),*],)* }
            }
        }
    };
}

pub(super) use places;
