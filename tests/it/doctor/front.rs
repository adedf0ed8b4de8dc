//! Reverse proxies: each a process of its own in the foreground, with its own folder, as nobody.

use std::fs::{self, File};
use std::net::{Ipv4Addr, TcpStream};
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use tempfile::TempDir;

use crate::prosody::{find, hand_over, unprivileged_user};
use crate::rig::LONG;

/// A program that stands before a server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Program {
    Nginx,
    Apache,
    HaProxy,
    Caddy,
}

impl Program {
    /// Its name in remedies.
    pub fn name(self) -> &'static str {
        match self {
            Self::Nginx => "nginx",
            Self::Apache => "apache",
            Self::HaProxy => "haproxy",
            Self::Caddy => "caddy",
        }
    }

    /// A whole configuration around the lines that matter: those of a server block, a `VirtualHost`, a backend, a site. What is
    /// one already (with `server {`, `frontend`) gets only what every configuration has.
    pub fn configuration(self, lines: &str) -> String {
        let whole = match self {
            Self::Nginx if !lines.contains("server {") => NGINX_SERVER.replace("{lines}", lines),
            Self::HaProxy if !lines.contains("frontend ") => {
                HAPROXY_FRONTEND.replace("{lines}", lines)
            }
            Self::Apache if !lines.contains("SSLCertificateFile") => {
                APACHE_TLS.replace("{lines}", lines)
            }
            Self::Caddy if !lines.trim_start().starts_with("https://") => {
                CADDY_SITE.replace("{lines}", lines)
            }
            _ => lines.to_owned(),
        };
        match self {
            Self::Nginx => NGINX,
            Self::Apache => APACHE,
            Self::HaProxy => HAPROXY,
            Self::Caddy => CADDY,
        }
        .replace("{lines}", &whole)
    }

    /// What runs it in the foreground, as one process.
    fn command(self, folder: &Path, file: &Path) -> Command {
        let mut command = self.with(folder, file);
        match self {
            Self::Nginx => &mut command,
            Self::Apache => command.arg("-X"),
            Self::HaProxy => command.arg("-db"),
            Self::Caddy => command.arg("run").args(CADDYFILE).arg(file),
        };
        if let Some((uid, gid)) = unprivileged_user("nobody") {
            command.uid(uid).gid(gid);
        }
        command
    }

    /// What reads a configuration and runs nothing.
    pub fn check(self, folder: &Path, file: &Path) -> Command {
        let mut command = self.with(folder, file);
        match self {
            Self::Nginx | Self::Apache => command.arg("-t"),
            Self::HaProxy => command.arg("-c"),
            Self::Caddy => command.arg("validate").args(CADDYFILE).arg(file),
        };
        command
    }

    fn with(self, folder: &Path, file: &Path) -> Command {
        let binary = match self {
            Self::Apache => "apache2",
            _ => self.name(),
        };
        let binary = find(binary).unwrap_or_else(|| {
            panic!("{binary} is not installed, and this test runs the real one: run ./test, which installs it")
        });
        let mut command = Command::new(binary);
        match self {
            Self::Nginx => {
                command.arg("-p").arg(folder).arg("-e").arg(folder.join("log")).arg("-c").arg(file)
            }
            Self::Apache => command.arg("-d").arg(folder).arg("-f").arg(file),
            Self::HaProxy => command.arg("-f").arg(file),
            Self::Caddy => &mut command,
        };
        command.env("HOME", folder).current_dir(folder).stdin(Stdio::null());
        command
    }
}

const CADDYFILE: [&str; 3] = ["--adapter", "caddyfile", "--config"];

/// A reverse proxy that runs; it ends with this value.
pub struct Front {
    child: Child,
    folder: TempDir,
}

impl Front {
    /// Starts a program with a configuration, in which `{folder}` is its own, and waits until it listens at this port.
    pub fn start(program: Program, configuration: &str, port: u16) -> Self {
        let folder = tempfile::Builder::new().prefix("xmppscope-front-").tempdir().unwrap();
        let file = folder.path().join("configuration");
        let configuration = configuration.replace("{folder}", folder.path().to_str().unwrap());
        fs::write(&file, &configuration).unwrap();
        let log = File::create(folder.path().join("console")).unwrap();
        if let Some((uid, gid)) = unprivileged_user("nobody") {
            hand_over(folder.path(), uid, gid);
        }
        let mut command = program.command(folder.path(), &file);
        let child = command.stdout(log.try_clone().unwrap()).stderr(log).spawn().unwrap();
        let mut front = Self { child, folder };
        let started = Instant::now();
        while TcpStream::connect((Ipv4Addr::LOCALHOST, port)).is_err() {
            let ended = front.child.try_wait().unwrap();
            assert!(
                ended.is_none() && started.elapsed() < LONG,
                "{} does not listen ({ended:?})\n{configuration}\n{}",
                program.name(),
                front.log()
            );
            std::thread::sleep(Duration::from_millis(10));
        }
        front
    }

    /// What the program printed and logged.
    fn log(&self) -> String {
        let read = |name| fs::read(self.folder.path().join(name)).unwrap_or_default();
        String::from_utf8_lossy(&[read("console"), read("log")].concat()).into_owned()
    }
}

impl Drop for Front {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
        if std::thread::panicking() {
            eprintln!("--- log of the reverse proxy\n{}", self.log());
        }
    }
}

const NGINX: &str = r"
daemon off;
master_process off;
pid {folder}/pid;
events { worker_connections 256; }
http {
  access_log off;
  client_body_temp_path {folder}/body;
  proxy_temp_path {folder}/proxy;
  fastcgi_temp_path {folder}/fastcgi;
  uwsgi_temp_path {folder}/uwsgi;
  scgi_temp_path {folder}/scgi;
  {lines}
}
";

const NGINX_SERVER: &str = r"
server {
  listen 127.0.0.1:{port} ssl;
  server_name chat.example;
  ssl_certificate {valid}/fullchain.pem;
  ssl_certificate_key {valid}/privkey.pem;
  {lines}
}
";

const APACHE: &str = r"
ServerName chat.example
PidFile {folder}/pid
DefaultRuntimeDir {folder}
ErrorLog {folder}/log
ThreadsPerChild 25
LoadModule mpm_event_module /usr/lib/apache2/modules/mod_mpm_event.so
LoadModule authn_core_module /usr/lib/apache2/modules/mod_authn_core.so
LoadModule authn_file_module /usr/lib/apache2/modules/mod_authn_file.so
LoadModule authz_core_module /usr/lib/apache2/modules/mod_authz_core.so
LoadModule authz_user_module /usr/lib/apache2/modules/mod_authz_user.so
LoadModule auth_basic_module /usr/lib/apache2/modules/mod_auth_basic.so
LoadModule alias_module /usr/lib/apache2/modules/mod_alias.so
LoadModule mime_module /usr/lib/apache2/modules/mod_mime.so
LoadModule env_module /usr/lib/apache2/modules/mod_env.so
LoadModule setenvif_module /usr/lib/apache2/modules/mod_setenvif.so
LoadModule headers_module /usr/lib/apache2/modules/mod_headers.so
LoadModule rewrite_module /usr/lib/apache2/modules/mod_rewrite.so
LoadModule cache_module /usr/lib/apache2/modules/mod_cache.so
LoadModule proxy_module /usr/lib/apache2/modules/mod_proxy.so
LoadModule proxy_http_module /usr/lib/apache2/modules/mod_proxy_http.so
LoadModule proxy_balancer_module /usr/lib/apache2/modules/mod_proxy_balancer.so
LoadModule lbmethod_byrequests_module /usr/lib/apache2/modules/mod_lbmethod_byrequests.so
LoadModule slotmem_shm_module /usr/lib/apache2/modules/mod_slotmem_shm.so
LoadModule socache_shmcb_module /usr/lib/apache2/modules/mod_socache_shmcb.so
LoadModule ssl_module /usr/lib/apache2/modules/mod_ssl.so
TypesConfig /etc/mime.types
Listen 127.0.0.1:{port}
<VirtualHost *>
{lines}
</VirtualHost>
";

const APACHE_TLS: &str = r"
SSLEngine on
SSLCertificateFile {valid}/fullchain.pem
SSLCertificateKeyFile {valid}/privkey.pem
RequestHeader set X-Forwarded-Proto https
ProxyPreserveHost On
{lines}
";

const HAPROXY: &str = r"
global
  ssl-default-bind-options ssl-min-ver TLSv1.2
defaults
  mode http
  timeout connect 5s
  timeout client 60s
  timeout server 60s
{lines}
";

const HAPROXY_FRONTEND: &str = r"
frontend web
  bind 127.0.0.1:{port} ssl crt {valid}/haproxy.pem
  http-request set-header X-Forwarded-Proto https
  default_backend xmpp
backend xmpp
  {lines}
  server xmpp {server}
";

const CADDY: &str = r"
{
  admin off
  auto_https off
  storage file_system {folder}
}
{lines}
";

const CADDY_SITE: &str = r"
https://chat.example:{port} {
  bind 127.0.0.1
  tls {valid}/fullchain.pem {valid}/privkey.pem
  {lines}
}
";
