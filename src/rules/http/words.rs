//! Pieces of sentences about requests, responses and web pages.

use crate::rules::words::short;
use crate::trace::{Exchange, Response};

/// ` from "nginx/1.24"`, or nothing if the response does not name a server.
pub fn from_server(response: &Response) -> String {
    let server = response.headers.get("server");
    server.map(|server| format!(" from \"{}\"", short(server))).unwrap_or_default()
}

/// `rid 17`, or a description of a request without a rid.
pub fn rid(exchange: &Exchange) -> String {
    match exchange.rid() {
        Some(rid) => format!("rid {rid}"),
        None if exchange.is_bosh() => "a request without a valid rid".to_owned(),
        None => format!("{} {}", short(&exchange.method), short(&exchange.target)),
    }
}

/// Describes a response that is not BOSH: content type, size and beginning.
pub fn page(response: &Response) -> String {
    let kind = response.headers.media_type();
    let kind = kind.map_or_else(|| "no Content-Type".to_owned(), |kind| short(&kind));
    let size = response.content.size;
    if size == 0 {
        return "no content".to_owned();
    }
    format!("{kind}, {size} B{}", first_line(&response.content.bytes))
}

/// The title of a page, or else the first line with something on it.
fn first_line(bytes: &[u8]) -> String {
    let text = String::from_utf8_lossy(&bytes[..bytes.len().min(4096)]);
    let lower = text.to_ascii_lowercase();
    let title = lower.find("<title>").map(|at| at + 7);
    if let Some(start) = title
        && let Some(length) = lower[start..].find("</title>")
    {
        return format!(", titled \"{}\"", short(text[start..start + length].trim()));
    }
    let line = text.lines().map(str::trim).find(|line| !line.is_empty());
    line.map(|line| format!(", beginning with \"{}\"", short(line))).unwrap_or_default()
}

/// Whether a content is a web page, or looks like one.
pub fn is_page(bytes: &[u8]) -> bool {
    let start = bytes.trim_ascii_start();
    let start = start[..start.len().min(14)].to_ascii_lowercase();
    start.starts_with(b"<!doctype html") || start.starts_with(b"<html")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_is_named_by_its_title_or_first_line() {
        let page = b"<html>\n<head><title>502 Bad Gateway</title></head>";
        assert_eq!(first_line(page), ", titled \"502 Bad Gateway\"");
        assert_eq!(
            first_line(b"\n  no such session\nmore"),
            ", beginning with \"no such session\""
        );
        assert!(is_page(b"  <!DOCTYPE HTML><p>") && !is_page(b"<body/>") && !is_page(b"<"));
    }
}
