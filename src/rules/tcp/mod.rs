//! Rules on XML streams over TCP (RFC 6120 §4 and §5, XEP-0368): headers, restarts, TLS, the end.

pub(super) mod view;
