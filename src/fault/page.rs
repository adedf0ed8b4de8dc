//! The pages that reverse proxies have for their own errors.

use super::what::Page;

/// A page with the header lines that go with it.
pub(super) struct Sheet {
    pub(super) server: Option<&'static str>,
    pub(super) media_type: &'static str,
    pub(super) content: String,
}

/// The reason phrase of a status.
pub(super) fn reason(status: u16, page: &Page) -> &'static str {
    match (status, page) {
        // As nginx has them.
        (408, Page::Nginx) => "Request Time-out",
        (504, Page::Nginx) => "Gateway Time-out",
        _ => http::StatusCode::from_u16(status)
            .ok()
            .and_then(|status| status.canonical_reason())
            .unwrap_or("Unknown"),
    }
}

/// The page for a status.
pub(super) fn sheet(status: u16, page: &Page) -> Sheet {
    let reason = reason(status, page);
    let html = |server, content| Sheet { server, media_type: "text/html", content };
    match page {
        Page::Nginx => html(
            Some("nginx"),
            format!(
                "<html>\r\n<head><title>{status} {reason}</title></head>\r\n<body>\r\n\
                 <center><h1>{status} {reason}</h1></center>\r\n<hr><center>nginx</center>\r\n\
                 </body>\r\n</html>\r\n"
            ),
        ),
        Page::Apache => html(
            Some("Apache"),
            format!(
                "<!DOCTYPE HTML PUBLIC \"-//IETF//DTD HTML 2.0//EN\">\n<html><head>\n\
                 <title>{status} {reason}</title>\n</head><body>\n<h1>{reason}</h1>\n<hr>\n\
                 <address>Apache Server at localhost Port 80</address>\n</body></html>\n"
            ),
        ),
        Page::HaProxy => html(
            None,
            format!(
                "<html><body><h1>{status} {reason}</h1>\nNo server is available to handle this request.\n\
                 </body></html>\n"
            ),
        ),
        Page::Html => html(
            None,
            format!(
                "<!DOCTYPE html>\n<html><head><title>{reason}</title></head>\
                 <body><h1>{reason}</h1></body></html>\n"
            ),
        ),
        Page::Empty => Sheet { server: None, media_type: "", content: String::new() },
        Page::Text(text) => {
            Sheet { server: None, media_type: "text/plain; charset=utf-8", content: text.clone() }
        }
    }
}
