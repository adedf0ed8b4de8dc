//! The page of a client that runs in a browser. It is served at an origin of its own, as pages are, with the files beside it
//! and with a script: what the client has to know, and how it is told what to do.

use std::convert::Infallible;
use std::fs::File;
use std::io::{self, ErrorKind};
use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::header::{self, HeaderValue};
use http::{Method, Request, Response, StatusCode};
use http_body_util::{BodyExt as _, Full, Limited};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use serde_json::{Map, Value};
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinHandle;

use super::command::Facts;
use super::said::{LINE, Said};
use crate::files;

/// The script that a page loads, with the client's facts in the place of `$FACTS`, and in that of `$NEXT` the number of the
/// next thing that it is told: a page that is loaded again does nothing twice.
const SCRIPT: &str = include_str!("page.js");
/// How long a page is kept waiting that asks what to do.
const HELD: Duration = Duration::from_secs(20);
/// No file that a page loads is longer.
const LONGEST: u64 = 64 << 20;
/// Nor is what it says.
const SAID: usize = 64 << 10;

/// A page, served.
pub(super) struct Page {
    told: watch::Sender<Told>,
    task: JoinHandle<()>,
}

/// What the page is told.
#[derive(Debug, Default)]
struct Told {
    lines: Vec<String>,
    /// So many of them it has taken.
    taken: usize,
}

struct Service {
    page: PathBuf,
    facts: String,
    told: watch::Sender<Told>,
    said: Said,
}

impl Page {
    /// Serves a file with those beside it, at a free port. Its URL becomes one of the facts.
    ///
    /// # Errors
    /// There is no port.
    pub(super) async fn start(page: &Path, facts: &mut Facts, said: Said) -> io::Result<Self> {
        let listener = TcpListener::bind(SocketAddr::from((Ipv4Addr::LOCALHOST, 0))).await?;
        facts.page = Some(format!("http://{}/", listener.local_addr()?));
        // A page cannot read the file of a CA.
        let known = facts.all().into_iter().filter(|(name, _)| *name != "ca");
        let known: Map<String, Value> =
            known.map(|(name, value)| (name.to_owned(), Value::String(value))).collect();
        let (told, facts) = (watch::Sender::default(), Value::Object(known).to_string());
        let service = Arc::new(Service { page: page.to_owned(), facts, told: told.clone(), said });
        Ok(Self { told, task: tokio::spawn(service.serve(listener)) })
    }

    /// Tells it a line; done when the page has taken it.
    pub(super) async fn tell(&self, line: &str) {
        let mut all = 0;
        self.told.send_modify(|told| {
            told.lines.push(line.to_owned());
            all = told.lines.len();
        });
        // Who sends is here, so there is no end of it.
        let _ = self.told.subscribe().wait_for(|told| told.taken >= all).await;
    }
}

impl Drop for Page {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Service {
    async fn serve(self: Arc<Self>, listener: TcpListener) {
        let mut connections = tokio::task::JoinSet::new();
        loop {
            let Ok((tcp, _)) = listener.accept().await else {
                tokio::time::sleep(Duration::from_millis(100)).await;
                continue;
            };
            while connections.try_join_next().is_some() {}
            let own = Arc::clone(&self);
            connections.spawn(async move {
                let answer = service_fn(|request| own.answer(request));
                // A browser that goes away has nobody to tell.
                let _ = http1::Builder::new().serve_connection(TokioIo::new(tcp), answer).await;
            });
        }
    }

    async fn answer(
        &self,
        request: Request<Incoming>,
    ) -> Result<Response<Full<Bytes>>, Infallible> {
        let path = request.uri().path().to_owned();
        Ok(match (request.method(), &*path) {
            (&Method::POST, "/xmppscope/said") => {
                let content = Limited::new(request.into_body(), SAID).collect().await;
                let Ok(content) = content else {
                    return Ok(plain(StatusCode::PAYLOAD_TOO_LARGE, "A line is shorter.\n"));
                };
                let content = content.to_bytes();
                for line in String::from_utf8_lossy(&content).lines() {
                    let short: String = line.trim_end().chars().take(LINE).collect();
                    self.said.answers(&short);
                }
                plain(StatusCode::NO_CONTENT, "")
            }
            (&Method::GET, "/xmppscope.js") => {
                let next = self.told.borrow().lines.len().to_string();
                let script = SCRIPT.replace("$NEXT", &next).replace("$FACTS", &self.facts);
                response(StatusCode::OK, "text/javascript; charset=utf-8", script.into())
            }
            (&Method::GET, path) => match path.strip_prefix("/xmppscope/told/") {
                Some(number) => match number.parse() {
                    Ok(number) => self.next(number).await,
                    Err(_) => plain(StatusCode::NOT_FOUND, "This is no number.\n"),
                },
                None => self.file(path),
            },
            _ => plain(StatusCode::METHOD_NOT_ALLOWED, "Files are asked for with GET.\n"),
        })
    }

    /// What the page is told then.
    async fn next(&self, number: usize) -> Response<Full<Bytes>> {
        let mut told = self.told.subscribe();
        let come = tokio::time::timeout(HELD, told.wait_for(|told| told.lines.len() > number));
        let Ok(Ok(line)) = come.await.map(|come| come.map(|told| told.lines[number].clone()))
        else {
            return plain(StatusCode::NO_CONTENT, "");
        };
        self.told.send_modify(|told| told.taken = told.taken.max(number + 1));
        response(StatusCode::OK, "text/plain; charset=utf-8", line.into())
    }

    /// A file: the page itself, or one in its folder.
    fn file(&self, path: &str) -> Response<Full<Bytes>> {
        let read = self.find(path).and_then(|file| Ok((content_type(&file), read(&file)?)));
        match read {
            Ok((kind, content)) => response(StatusCode::OK, kind, content.into()),
            Err(error) => {
                // Browsers ask for it by themselves.
                if path != "/favicon.ico" {
                    self.said.writes(&format!("xmppscope: cannot serve {path}: {error}"));
                }
                plain(StatusCode::NOT_FOUND, "There is no such file in the folder of the page.\n")
            }
        }
    }

    fn find(&self, path: &str) -> io::Result<PathBuf> {
        let within = path.trim_start_matches('/');
        if within.is_empty() {
            return Ok(self.page.clone());
        }
        let folder = self.page.parent().unwrap_or(Path::new("/")).canonicalize()?;
        let file = folder.join(within).canonicalize()?;
        if !file.starts_with(&folder) {
            return Err(io::Error::new(ErrorKind::PermissionDenied, "it is in another folder"));
        }
        Ok(file)
    }
}

fn read(path: &Path) -> io::Result<Vec<u8>> {
    if !path.metadata()?.is_file() {
        return Err(io::Error::other("it is no file"));
    }
    files::bounded(File::open(path)?, LONGEST)
}

/// What browsers have to know of a file, by its name: they run no script that is not called one.
fn content_type(path: &Path) -> &'static str {
    match path.extension().and_then(|name| name.to_str()).unwrap_or_default() {
        "html" | "htm" => "text/html; charset=utf-8",
        "js" | "mjs" | "cjs" => "text/javascript; charset=utf-8",
        "css" => "text/css; charset=utf-8",
        "json" | "map" => "application/json",
        "wasm" => "application/wasm",
        "svg" => "image/svg+xml",
        "png" => "image/png",
        "woff2" => "font/woff2",
        "txt" => "text/plain; charset=utf-8",
        _ => "application/octet-stream",
    }
}

fn plain(status: StatusCode, words: &'static str) -> Response<Full<Bytes>> {
    response(status, "text/plain; charset=utf-8", Bytes::from_static(words.as_bytes()))
}

fn response(status: StatusCode, kind: &'static str, content: Bytes) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::new(content));
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(kind));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    response
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    use tokio::net::TcpStream;

    use super::*;

    /// What comes back for a request: status and content.
    async fn ask(url: &str, request: &str, content: &str) -> (u16, String) {
        let address = url.trim_start_matches("http://").trim_end_matches('/');
        let mut socket = TcpStream::connect(address).await.unwrap();
        let length = content.len();
        let text = format!(
            "{request} HTTP/1.1\r\nHost: x\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n{content}"
        );
        socket.write_all(text.as_bytes()).await.unwrap();
        let mut came = String::new();
        socket.read_to_string(&mut came).await.unwrap();
        let (head, content) = came.split_once("\r\n\r\n").unwrap();
        (head[9..12].parse().unwrap(), content.to_owned())
    }

    async fn served() -> (tempfile::TempDir, Page, String, Said) {
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir(folder.path().join("site")).unwrap();
        std::fs::write(folder.path().join("secret.txt"), "hidden").unwrap();
        let page = folder.path().join("site/page.html");
        std::fs::write(&page, "<!doctype html>").unwrap();
        std::fs::write(folder.path().join("site/client.mjs"), "export {};").unwrap();
        let (mut facts, said) = (Facts::sample(), Said::default());
        let page = Page::start(&page, &mut facts, said.clone()).await.unwrap();
        (folder, page, facts.page.unwrap(), said)
    }

    #[tokio::test]
    async fn the_page_and_what_is_beside_it_are_served_and_nothing_else() {
        let (_folder, _page, url, said) = served().await;
        assert_eq!(ask(&url, "GET /", "").await, (200, "<!doctype html>".to_owned()));
        assert_eq!(ask(&url, "GET /client.mjs", "").await, (200, "export {};".to_owned()));
        for elsewhere in ["/../secret.txt", "/site/../../secret.txt", "/none.js", "//etc/passwd"] {
            assert_eq!(ask(&url, &format!("GET {elsewhere}"), "").await.0, 404, "{elsewhere}");
        }
        assert_eq!(ask(&url, "PUT /", "").await.0, 405);
        assert!(said.lines().iter().any(|line| line.contains("cannot serve /none.js")));
        assert_eq!(said.cannot(), None);
    }

    #[tokio::test]
    async fn the_script_has_the_facts_and_the_page_is_told_each_line_once() {
        let (_folder, page, url, said) = served().await;
        let (_, script) = ask(&url, "GET /xmppscope.js", "").await;
        assert!(script.contains(r#""jid":"alice@localhost""#), "{script}");
        assert!(script.contains(r#""url":"http://127.0.0.1:1/http-bind""#), "{script}");
        assert!(script.contains("let next = 0;"), "{script}");
        let (taken, ()) =
            tokio::join!(ask(&url, "GET /xmppscope/told/0", ""), page.tell("send hello"));
        assert_eq!(taken, (200, "send hello".to_owned()));
        let (_, again) = ask(&url, "GET /xmppscope.js", "").await;
        assert!(again.contains("let next = 1;"), "a page that is loaded again begins there");
        assert_eq!(ask(&url, "POST /xmppscope/said", "one\ncannot dance\n").await.0, 204);
        assert_eq!(said.cannot().as_deref(), Some("dance"));
        assert_eq!(said.lines(), ["one", "cannot dance"]);
    }
}
