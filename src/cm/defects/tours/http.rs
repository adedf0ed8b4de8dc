//! Tours of HTTP around BOSH (XEP-0124 §2, §4, §5).

use http::Version;

use super::Tour;

pub(in super::super) const TOURS: &[(&str, Tour)] = &[("HTTP/1.0 and 1.1", |rig| {
    let created =
        format!("<body xmlns='{}' rid='1' to='localhost' ver='1.11' wait='1'/>", crate::bosh::NS);
    rig.post_as(Version::HTTP_10, &[], &created);
    rig.create("wait='1' hold='1'");
    rig.send(1, "", "");
    rig.seconds(2.0);
})];
