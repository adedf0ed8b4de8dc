//! Integration tests.

mod architecture;
mod hostile;
mod peers;
mod peers_bed;
mod prosody;
mod proxy;
mod rig;
