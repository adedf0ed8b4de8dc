//! Rules on what only TCP has: STARTTLS, direct TLS, white space between elements (RFC 6120 §4 and §5, XEP-0368).
