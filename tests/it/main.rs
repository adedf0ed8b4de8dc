//! Integration tests.
#![allow(clippy::unwrap_used)] // in a test a panic is the report
#![allow(clippy::print_stderr)] // what a failed peer said belongs on stderr
#![allow(clippy::disallowed_methods)] // tests measure real time and read the environment

mod architecture;
mod client;
mod client_run;
mod clients_page;
mod cm;
mod cm_peers;
mod cm_streams;
mod confirm;
mod conformance;
mod demo;
mod dependencies;
mod diff;
mod differences;
mod doctor;
mod doctor_bounds;
mod doctor_plain;
mod documents;
mod ejabberd;
#[cfg(target_os = "linux")] // it needs to know what order a kernel keeps, and which threads sleep
mod endings;
mod escapes;
mod faults;
mod faults_peers;
mod field;
mod formats;
mod fuzz;
mod help;
mod hostile;
mod import;
mod installed;
mod interrupt;
mod lag;
mod logs;
mod observed;
mod outputs;
mod peers;
mod peers_bed;
mod peers_carriers;
mod peers_carriers_bed;
mod peers_carriers_cm;
mod peers_live;
mod peers_stories;
mod promises;
mod prosody;
mod proxy;
mod record;
mod record_peers;
mod report;
mod report_peers;
mod rig;
mod run_domain;
mod scenario;
mod secrets;
mod secrets_run;
mod shipped;
mod streams;
mod streams_rig;
mod streams_tls;
mod transcripts;
mod upstream;
mod websocket;
mod websocket_bed;
mod websocket_load;
