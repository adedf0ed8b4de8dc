//! XML as it is judged and shown: a strict bounded parser that keeps byte offsets, lenient tokens for
//! whatever is not well-formed, and a pretty printer that leaves the text as it was sent.
