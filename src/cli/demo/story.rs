//! The plot of the demo: what happens, the narration, and the check that it happened as narrated.

use std::time::Duration;

use tokio::sync::mpsc;

use crate::cli::watch::Narrator;
use crate::client::bosh::End;
use crate::clock::words;
use crate::trial::{News, Order};
use crate::xml::Element;
use crate::xmpp::ns;

/// What the clients ask for, in seconds: short, so that the end of a wait can be seen.
pub(super) const WAIT: u64 = 3;
/// The domain of both users.
pub(super) const DOMAIN: &str = "localhost";

/// Time to read the narration before things happen.
const READ: Duration = Duration::from_secs(1);
/// Time to look at what happened; meanwhile what is still on its way arrives.
const LOOK: Duration = Duration::from_millis(250);
/// How long alice is without a connection.
const AWAY: Duration = Duration::from_millis(700);
/// Nothing in the story takes longer.
const LONG: Duration = Duration::from_secs(10);
/// How much before or after the end of the wait an empty response may come.
const EARLY: Duration = Duration::from_millis(2);
const LATE: Duration = Duration::from_secs(1);

/// Who acts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Who {
    Alice,
    Bob,
}

impl Who {
    /// Both.
    pub(super) const ALL: [Self; 2] = [Self::Alice, Self::Bob];

    /// The local part of the address.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Alice => "alice",
            Self::Bob => "bob",
        }
    }

    /// The resource of the address.
    pub(super) fn device(self) -> &'static str {
        match self {
            Self::Alice => "phone",
            Self::Bob => "laptop",
        }
    }

    fn address(self) -> String {
        format!("{}@{DOMAIN}", self.name())
    }
}

/// The story.
pub(super) struct Story {
    /// Who explains it.
    pub(super) narrator: Narrator,
    /// Gives the users orders; the first one of each has it log in.
    pub(super) orders: [mpsc::UnboundedSender<Order>; 2],
    /// Starts a user.
    pub(super) begin: Box<dyn FnMut(Who) + Send>,
    /// What happens to them.
    pub(super) news: mpsc::UnboundedReceiver<(Who, News)>,
    /// All that happened so far.
    pub(super) heard: Vec<(Who, News)>,
    /// Where in it the present act begins.
    pub(super) act: usize,
}

impl Story {
    /// Plays it to its end.
    ///
    /// # Errors
    /// What did not happen as narrated, in words.
    pub(super) async fn play(&mut self) -> Result<(), String> {
        self.narrator
            .say(
                "Alice and Bob chat: Alice over BOSH, which carries XMPP in HTTP requests, and Bob over WebSocket. Both are \
                 scripted clients, and the server is part of this program: nothing leaves this machine. The proxy sits \
                 between the clients and the server, as it would in front of your own server, and prints the traffic. \
                 Lines like these explain it.\n\
                 C> is sent by a client, S> by the server. From left to right: the time; the time since the last \
                 message of that session; the session and its user; for BOSH, the number of the request (rid); the \
                 connection (#); and the content.",
            )
            .await;
        self.login().await?;
        self.chat().await?;
        self.idle().await?;
        self.cut().await?;
        self.logout().await?;
        self.once(Who::Bob, "hello")?;
        self.once(Who::Alice, "reply")?;
        self.once(Who::Alice, "missed")
    }

    async fn login(&mut self) -> Result<(), String> {
        self.explain(
            "1. Alice logs in. Her client opens a session and asks for its terms: how long the server may hold a request \
             (wait), and how many it may hold at once (hold). Then the client authenticates (SASL; secrets are hidden), \
             restarts the stream, receives an address, and sends presence.",
        )
        .await;
        self.enter(Who::Alice).await?;
        self.explain(
            "2. Bob logs in over WebSocket. The steps are the same, but each element is a message of its own, and both sides \
             may send at any time. At the end Alice receives his presence: it is the response to a request of hers that \
             the server has held until now.",
        )
        .await;
        self.enter(Who::Bob).await?;
        self.presence_at(Who::Alice, Who::Bob).await
    }

    async fn enter(&mut self, who: Who) -> Result<(), String> {
        (self.begin)(who);
        self.until(who, "the login", |news| matches!(news, News::In(_))).await?;
        self.presence_at(who, who).await
    }

    async fn presence_at(&mut self, who: Who, of: Who) -> Result<(), String> {
        let is_it = |news: &News| match news {
            News::Got { element, .. } => {
                element.name() == "presence"
                    && element.attr("from").is_some_and(|from| from.starts_with(&of.address()))
            }
            _ => false,
        };
        self.until(who, &format!("the presence of {}", of.name()), is_it).await.map(drop)
    }

    async fn chat(&mut self) -> Result<(), String> {
        self.explain(
            "3. Alice and Bob write to each other. In HTTP, a server cannot speak first. So Alice's client keeps a request \
             open, and the server holds it until there is something to send (see \"held\"). To write, her client uses a \
             second connection, and the held request gets an empty response, because only one may be held. Bob's reply \
             is the response to the request with her message. Over WebSocket, messages just pass in both directions.",
        )
        .await;
        self.message(Who::Alice, Who::Bob, "hello", "Hi Bob, is this thing on?");
        self.message_at(Who::Bob, "hello").await?;
        self.message(Who::Bob, Who::Alice, "reply", "Loud and clear!");
        self.message_at(Who::Alice, "reply").await?;
        Ok(())
    }

    async fn idle(&mut self) -> Result<(), String> {
        self.explain(&format!(
            "4. Nobody writes. When Alice's request has been held for the whole wait ({WAIT} s here, often 60), the server \
             sends an empty response, and the client asks again. This is a healthy idle session; it breaks where a \
             reverse proxy in between gives up sooner. Bob's WebSocket is silent meanwhile.",
        ))
        .await;
        let wait = Duration::from_secs(WAIT);
        let news = self.until(
            Who::Alice,
            "an empty response",
            |news| matches!(news, News::Empty { held, .. } if *held > wait / 2),
        );
        if let News::Empty { rid, held } = news.await?
            && (held + EARLY < wait || held > wait + LATE)
        {
            return Err(format!(
                "rid {rid} of alice was answered after {}, but wait is {WAIT} s",
                words(held)
            ));
        }
        Ok(())
    }

    async fn cut(&mut self) -> Result<(), String> {
        self.explain(
            "5. Alice's connection breaks while her request is held, as when a phone changes networks, and just then Bob \
             writes. Once she is back, her client sends the same request again, with the same rid, on another \
             connection. The response contains what she missed: nothing is lost, and nothing arrives twice.",
        )
        .await;
        self.order(Who::Alice, Order::Lose(AWAY));
        let cut =
            self.until(Who::Alice, "the cut", |news| matches!(news, News::Cut { .. })).await?;
        tokio::time::sleep(AWAY / 2).await;
        self.message(Who::Bob, Who::Alice, "missed", "Are you in a tunnel?");
        let got = self.message_at(Who::Alice, "missed").await?;
        match (cut, got) {
            (News::Cut { rid }, News::Got { request, .. }) if request == Some((rid, 2)) => Ok(()),
            (cut, got) => Err(format!(
                "the cut request was not recovered with the same rid: {cut:?}, then {got:?}"
            )),
        }
    }

    async fn logout(&mut self) -> Result<(), String> {
        self.explain(
            "6. Both log out. Over BOSH, type='terminate' ends the session, and the server answers every open request. Over \
             WebSocket, both sides send <close/>, and then a Close frame.",
        )
        .await;
        for who in Who::ALL {
            let gone = Element::new(ns::CLIENT, "presence").with_attr("type", "unavailable");
            self.order(who, Order::Leave(gone));
            match self.until(who, "the end", |news| matches!(news, News::Over(_))).await? {
                News::Over(End::Closed) => {}
                news => {
                    return Err(format!(
                        "the session of {} ended in another way: {news:?}",
                        who.name()
                    ));
                }
            }
        }
        Ok(())
    }

    /// Narrates what happens next, with time to look at what happened before, and to read.
    async fn explain(&mut self, text: &str) {
        tokio::time::sleep(LOOK).await;
        self.narrator.say(text).await;
        tokio::time::sleep(READ).await;
        while let Ok(news) = self.news.try_recv() {
            self.heard.push(news);
        }
        self.act = self.heard.len();
    }

    fn order(&self, who: Who, order: Order) {
        let _ = self.orders[who as usize].send(order); // one that is gone is missed in the next step
    }

    fn message(&self, from: Who, to: Who, id: &str, text: &str) {
        let message = Element::new(ns::CLIENT, "message")
            .with_attr("to", &to.address())
            .with_attr("type", "chat")
            .with_attr("id", id)
            .with_child(Element::new(ns::CLIENT, "body").with_text(text));
        self.order(from, Order::Send(message));
    }

    async fn message_at(&mut self, who: Who, id: &str) -> Result<News, String> {
        self.until(who, &format!("the message {id:?}"), |news| is_message(news, id)).await
    }

    /// Waits for this to happen to a user in this act, if it has not already.
    async fn until(
        &mut self,
        who: Who,
        what: &str,
        is_it: impl Fn(&News) -> bool,
    ) -> Result<News, String> {
        let end = tokio::time::Instant::now() + LONG;
        let mut next = self.act;
        loop {
            while let Some((of, news)) = self.heard.get(next) {
                next += 1;
                match news {
                    news if *of == who && is_it(news) => return Ok(news.clone()),
                    News::Failed(words) => {
                        return Err(format!("{} could not log in: {words}", of.name()));
                    }
                    News::Over(how) if *how != End::Closed => {
                        return Err(format!("the session of {} ended: {how:?}", of.name()));
                    }
                    _ => {}
                }
            }
            match tokio::time::timeout_at(end, self.news.recv()).await {
                Ok(Some(news)) => self.heard.push(news),
                _ => return Err(format!("{} timed out waiting for {what}", who.name())),
            }
        }
    }

    /// A message came exactly once.
    fn once(&self, who: Who, id: &str) -> Result<(), String> {
        let times =
            self.heard.iter().filter(|(of, news)| *of == who && is_message(news, id)).count();
        match times {
            1 => Ok(()),
            _ => Err(format!("{} got the message {id:?} {times} times", who.name())),
        }
    }
}

fn is_message(news: &News, id: &str) -> bool {
    matches!(news, News::Got { element, .. } if element.name() == "message" && element.attr("id") == Some(id))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What goes wrong.
    #[derive(Debug, Clone, Copy, PartialEq, Eq)]
    enum Fault {
        Nothing,
        Refused,
        Doubled,
        Dropped,
        Hasty,
        Late,
        OtherRid,
        NotSentAgain,
        Ended,
    }

    /// Plays the story with two made-up users.
    async fn play(fault: Fault) -> Result<(), String> {
        let (tell, news) = mpsc::unbounded_channel();
        let (alice, mut of_alice) = mpsc::unbounded_channel();
        let (bob, mut of_bob) = mpsc::unbounded_channel();
        let say = move |who: Who, news: News| tell.send((who, news)).unwrap_or_default();
        let got =
            |element: Element, rid, sending| News::Got { element, request: Some((rid, sending)) };
        let presence = |who: Who| {
            Element::new(ns::CLIENT, "presence")
                .with_attr("from", &format!("{}/{}", who.address(), who.device()))
        };
        let tells = say.clone();
        let start = move |who: Who| {
            if fault == Fault::Refused && who == Who::Bob {
                return tells(who, News::Failed("no".to_owned()));
            }
            tells(who, News::In(who.address()));
            for other in Who::ALL {
                tells(other, got(presence(who), 1, 1));
            }
        };
        tokio::spawn(async move {
            let mut cut = false;
            loop {
                let (from, order) = tokio::select! {
                    Some(order) = of_alice.recv() => (Who::Alice, order),
                    Some(order) = of_bob.recv() => (Who::Bob, order),
                    () = tokio::time::sleep(Duration::from_secs(2)) => {
                        let held = match fault {
                            Fault::Hasty => Duration::from_millis(2990),
                            Fault::Late => Duration::from_secs(5),
                            _ => Duration::from_millis(3001),
                        };
                        for who in Who::ALL {
                            say(who, News::Empty { rid: 2, held });
                        }
                        continue;
                    }
                    else => return,
                };
                let to = if from == Who::Alice { Who::Bob } else { Who::Alice };
                match order {
                    Order::Send(element) => {
                        let hello = element.attr("id") == Some("hello");
                        let times = match fault {
                            Fault::Doubled if hello => 2,
                            Fault::Dropped if hello => 0,
                            _ => 1,
                        };
                        let rid = if cut && fault == Fault::OtherRid { 4 } else { 3 };
                        let sending = if cut && fault != Fault::NotSentAgain { 2 } else { 1 };
                        for _ in 0..times {
                            say(to, got(element.clone(), rid, sending));
                        }
                    }
                    Order::Lose(_) => {
                        cut = true;
                        say(from, News::Cut { rid: 3 });
                    }
                    Order::Leave(_) => {
                        let other = End::Terminated(Some("item-not-found".to_owned()));
                        let end = if fault == Fault::Ended { other } else { End::Closed };
                        say(from, News::Over(end));
                    }
                }
            }
        });
        let (narrator, begin) = (Narrator::unheard(), Box::new(start));
        let orders = [alice, bob];
        Story { narrator, orders, begin, news, heard: Vec::new(), act: 0 }.play().await
    }

    #[tokio::test(start_paused = true)]
    async fn it_reports_what_does_not_happen_as_narrated() {
        for (fault, words) in [
            (Fault::Refused, "bob could not log in: no"),
            (Fault::Doubled, "bob got the message \"hello\" 2 times"),
            (Fault::Dropped, "bob timed out waiting for the message \"hello\""),
            (Fault::Hasty, "answered after 3.0 s, but wait is 3 s"),
            (Fault::Late, "answered after 5.0 s, but wait is 3 s"),
            (Fault::OtherRid, "not recovered with the same rid"),
            (Fault::NotSentAgain, "not recovered with the same rid"),
            (
                Fault::Ended,
                "the session of alice ended in another way: Over(Terminated(Some(\"item-not-found\")))",
            ),
        ] {
            let error = play(fault).await.unwrap_err();
            assert!(error.contains(words), "{fault:?}: {error}");
        }
        assert_eq!(play(Fault::Nothing).await, Ok(()));
    }
}
