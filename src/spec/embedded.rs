//! The files of the catalogue, compiled in.

use std::sync::LazyLock;

use super::catalogue::Catalogue;

/// The files of the catalogue.
const FILES: [&str; 4] = [
    include_str!("../../spec/bosh.yaml"),
    include_str!("../../spec/websocket.yaml"),
    include_str!("../../spec/stream-management.yaml"),
    include_str!("../../spec/tcp.yaml"),
];
/// How the contested ones are read.
const READINGS: &str = include_str!("../../spec/readings.md");

/// The catalogue that is compiled in; read at the first use.
pub fn catalogue() -> &'static Catalogue {
    static CATALOGUE: LazyLock<Catalogue> = LazyLock::new(|| {
        Catalogue::read(&FILES, READINGS)
            .expect("what is compiled in does not change, and a test has read it")
    });
    &CATALOGUE
}
