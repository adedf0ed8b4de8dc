//! What `curl -v` prints, of one request or several: lines with `>` and `<` are the heads, `*` is what curl says about the connection,
//! and the response's content stands between them, if standard output went to the same file. [`lines`] tells them apart,
//! [`transcript`] follows what happens. The contents of requests are not printed, nor are times (without `--trace-time`).

mod lines;
mod transcript;

pub(super) use lines::is;
pub(super) use transcript::open;
