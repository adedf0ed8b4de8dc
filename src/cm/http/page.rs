//! What a person sees who opens the URL in a browser.

pub(super) const PAGE: &str = "<!doctype html>
<html lang='en'>
<meta charset='utf-8'>
<meta name='viewport' content='width=device-width'>
<title>BOSH connection manager</title>
<style>body{font:1rem/1.5 system-ui,sans-serif;max-width:40rem;margin:3rem auto;padding:0 1rem}</style>
<h1>This works.</h1>
<p>You have reached a BOSH connection manager: the place where web chats such as converse.js reach an XMPP server.
It is for programs, so there is nothing to see here.</p>
<p>Give your client this page's address as its <em>BOSH service URL</em>, in converse.js
<code>bosh_service_url</code>. The protocol is that of
<a href='https://xmpp.org/extensions/xep-0124.html'>XEP-0124</a> and
<a href='https://xmpp.org/extensions/xep-0206.html'>XEP-0206</a>.</p>
</html>
";
