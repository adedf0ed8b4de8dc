//! A tour of answers of all kinds: repeats, pauses, errors.

use crate::defects::rig::Rig;

const AUTH: &str = "<auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl' mechanism='X'/>";
const PING: &str = "<iq xmlns='jabber:client' type='get' id='p'><ping xmlns='urn:xmpp:ping'/></iq>";

/// Sessions on usual terms, one whose client chose a Content-Type, and one without `ver`.
pub(in super::super) fn of_all_kinds(rig: &mut Rig) {
    for terms in ["", "content='text/html; charset=utf-8' ack='1'"] {
        rig.create(&format!("wait='2' hold='1' {terms}"));
        rig.send(1, "", AUTH);
        rig.send(2, "", AUTH);
        rig.send(2, "", AUTH);
        rig.send(3, "", "");
        rig.send(3, "", "");
        rig.seconds(3.0);
        rig.send(4, "pause='5'", "");
        rig.seconds(1.0);
        rig.send(5, "", "");
        rig.send(6, "type='terminate'", "");
        rig.send(7, "", "");
    }
    rig.create("wait='2' hold='1'");
    rig.login();
    rig.send(4, "", PING);
    rig.send(4, "", PING);
    rig.send(5, "", "");
    rig.send(1000, "", "");
    rig.send(1001, "", "");
    rig.create("wait='2' hold='1'");
    rig.send(1, "type='terminate'", "");
    let old =
        format!("<body xmlns='{}' rid='1' to='localhost' wait='2' hold='1'/>", crate::bosh::NS);
    let created = rig.post(&old);
    rig.took(created);
    rig.send(1000, "", "");
}
