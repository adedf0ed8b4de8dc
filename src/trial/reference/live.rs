//! The reference client of a trial: it does what the lines of a hook tell it.

use std::sync::Arc;

use tokio::sync::mpsc;

use super::habit::Habit;
use super::socket_user::SocketUser;
use super::user::{News, Order, User};
use super::way::Way;
use crate::client::bosh::{Session, Terms, first_rid};
use crate::client::{Login, Who};
use crate::clock::Clock;
use crate::random::{Random as _, Secure};
use crate::scenario::Transport;
use crate::trial::command::Facts;
use crate::xml::Element;
use crate::xmpp::ns;

/// Logs in, and does what it is told until nobody tells it anything any more. What it cannot do goes to `cannot`.
pub(in crate::trial) async fn live(
    facts: Facts,
    way: Way,
    clock: Clock,
    habit: Option<Habit>,
    mut lines: mpsc::UnboundedReceiver<String>,
    cannot: impl Fn(&str),
) {
    let facts = Arc::new(facts);
    let (send, mut news) = mpsc::unbounded_channel();
    let mut orders = enter(&facts, &way, clock, habit, &send);
    loop {
        tokio::select! {
            line = lines.recv() => match line {
                Some(line) if line == "reconnect" => {
                    orders = enter(&facts, &way, clock, habit, &send);
                }
                Some(line) => obey(&line, &facts, &orders, &cannot),
                None => return,
            },
            Some(one) = news.recv() => {
                if let News::Got { element, .. } = one
                    && let Some(answer) = answer(&element)
                {
                    let _ = orders.send(Order::Send(answer)); // its session may be over
                }
            }
        }
    }
}

/// Logs in. What the user is told to do from then on goes into the channel; without it, the user is gone.
fn enter(
    facts: &Arc<Facts>,
    way: &Way,
    clock: Clock,
    habit: Option<Habit>,
    news: &mpsc::UnboundedSender<News>,
) -> mpsc::UnboundedSender<Order> {
    let (orders, taken) = mpsc::unbounded_channel();
    let news = news.clone();
    let tell = Box::new(move |one| _ = news.send(one)); // nobody hears of a client that is ended
    match facts.carrier {
        Transport::Bosh => {
            let mut bits = [0; 8];
            Secure::default().fill(&mut bits);
            let rid = first_rid(u64::from_ne_bytes(bits));
            let session = Session::new(&Terms::new(facts.domain.as_str()), rid);
            let user = User::new(way.clone(), clock, session, login(facts), taken, tell);
            tokio::spawn(user.with_habit(habit).live());
        }
        carrier => {
            let again = Arc::clone(facts);
            let logins = Box::new(move || login(&again));
            let domain = facts.domain.clone();
            let user = SocketUser::new(way.clone(), domain, login(facts), taken, tell);
            tokio::spawn(user.resuming(carrier, logins, habit).live());
        }
    }
    orders
}

fn login(facts: &Facts) -> Login {
    let who = Who::Account { user: facts.user.clone(), password: facts.password.clone() };
    Login::new(who, Secure::default().token(12)).with_resource("reference")
}

fn obey(line: &str, facts: &Facts, orders: &mpsc::UnboundedSender<Order>, cannot: &impl Fn(&str)) {
    let (name, words) = line.split_once(' ').unwrap_or((line, ""));
    let message = |text: &str| {
        let body = Element::new(ns::CLIENT, "body").with_text(text);
        Element::new(ns::CLIENT, "message")
            .with_attr("to", &facts.peer)
            .with_attr("type", "chat")
            .with_child(body)
    };
    let all = match name {
        "send" => vec![Order::Send(message(words))],
        "burst" => {
            let count = words.trim().parse::<u32>().unwrap_or_default();
            (1..=count).map(|n| Order::Send(message(&format!("burst {n}")))).collect()
        }
        "ping" => {
            let ping = Element::new("urn:xmpp:ping", "ping");
            let iq = Element::new(ns::CLIENT, "iq").with_attr("type", "get");
            vec![Order::Send(iq.with_attr("id", "ping-1").with_child(ping))]
        }
        "leave" => {
            let presence = Element::new(ns::CLIENT, "presence");
            vec![Order::Leave(presence.with_attr("type", "unavailable"))]
        }
        _ => return cannot(name),
    };
    for order in all {
        let _ = orders.send(order); // its session may be over
    }
}

/// The answer to a question (RFC 6120 §8.2.3).
fn answer(asked: &Element) -> Option<Element> {
    let asks = asked.is(ns::CLIENT, "iq") && matches!(asked.attr("type"), Some("get" | "set"));
    let id = asked.attr("id").filter(|_| asks)?;
    let mut answer = Element::new(ns::CLIENT, "iq").with_attr("id", id).with_attr("type", "result");
    if let Some(from) = asked.attr("from") {
        answer = answer.with_attr("to", from);
    }
    Some(answer)
}
