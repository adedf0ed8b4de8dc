// What the drivers in Node share: what they print, one JSON object a line, normalised so that two runs of the same
// story are equal; and what they are told to do, on the command line or, when the only action is `-`, on stdin.

import { createInterface } from 'node:readline';

export const SASL = 'urn:ietf:params:xml:ns:xmpp-sasl';
const UUID = /[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}/g;

export function say(line) {
  process.stdout.write(`${JSON.stringify(line)}\n`);
}

/** One way to write an element: attributes sorted, random ids named, SASL payloads left out. */
export function canonical(node) {
  if (node.nodeType !== 1) return node.nodeType === 3 || node.nodeType === 4 ? escape(node.data) : '';
  const attributes = Array.from(node.attributes)
    .map((a) => ` ${a.name}='${escape(a.value).replace(UUID, 'ID')}'`)
    .sort()
    .join('');
  const secret = (node.namespaceURI ?? node.getAttribute('xmlns')) === SASL && node.nodeName !== 'mechanism';
  const inside = Array.from(node.childNodes).map(secret ? withoutText : canonical).join('');
  return `<${node.nodeName}${attributes}${inside === '' ? '/>' : `>${inside}</${node.nodeName}>`}`;
}

/**
 * A printed element without what differs between two runs: ids that the driver did not choose, counters and times of
 * stream management, and the number in the account's name.
 */
export function anonymous(text, jid) {
  const [, local, number] = /^([a-z]+)(\d*)@/.exec(jid);
  return text
    .replace(/ (id|previd|location)='([^']*)'/g, (all, name, id) => (/^(chat|ping|roster)-\d(-back)?$/.test(id) ? all : ` ${name}='ID'`))
    .replace(/ (stamp|max)='[^']*'/g, " $1='…'")
    .replaceAll(`${local}${number}@`, `${local}@`);
}

function withoutText(node) {
  return node.nodeType === 1 ? canonical(node) : '…';
}

export function escape(text) {
  return text.replace(/[&<>']/g, (c) => ({ '&': '&amp;', '<': '&lt;', '>': '&gt;', "'": '&apos;' })[c]);
}

/**
 * What a person is told by a stanza, or null: a message's text, a presence's show. Also runs inside the page, so it
 * uses nothing from around it.
 */
export function fact(stanza) {
  const from = stanza.getAttribute('from');
  const type = stanza.getAttribute('type');
  const text = (name) => Array.from(stanza.childNodes).find((child) => child.nodeName === name)?.textContent;
  if (stanza.nodeName === 'message' && (type === 'error' || text('body') !== undefined)) {
    return { message: text('body') ?? null, type: type ?? 'normal', from };
  }
  if (stanza.nodeName !== 'presence') return null;
  return { presence: type === 'unavailable' ? 'gone' : type ?? text('show') ?? 'online', from };
}

/**
 * Does what it is told: each action is a name, and after a colon what it is about. On stdin, each is answered with
 * `{"done": …}` and what the action gives.
 */
export async function live({ actions, live: directed }, story, begin) {
  for await (const action of directed ? createInterface({ input: process.stdin }) : actions) {
    const [, name, rest] = /^([a-z]+):?(.*)$/s.exec(action) ?? [];
    if (!(name in story)) throw new Error(`no such action: ${action}`);
    if (!directed) say({ action });
    begin(action);
    const gives = await story[name](rest);
    if (directed) say({ done: action, ...gives });
  }
}

/**
 * What happens in a connection, and who waits for it: `happened(event)` says it, `until(wanted)` gives the next event
 * that `wanted` accepts, and earlier ones count unless they were forgotten.
 */
export function events() {
  const past = []; // nobody has waited for these yet
  let waiting = null; // { wanted(event) → bool, done() }
  return {
    happened(event) {
      if (waiting?.wanted(event)) {
        const { done } = waiting;
        waiting = null;
        done(event);
      } else {
        past.push(event);
      }
    },
    until(wanted) {
      const at = past.findIndex(wanted);
      if (at >= 0) return Promise.resolve(past.splice(0, at + 1).at(-1));
      past.length = 0;
      return new Promise((done) => { waiting = { wanted, done }; });
    },
    forget() {
      past.length = 0;
    },
  };
}

/** The JID and the text of `JID:TEXT`. */
export function addressed(rest) {
  const at = rest.indexOf(':');
  return [rest.slice(0, at), rest.slice(at + 1)];
}

/** Ends the process with what went wrong, after `seconds`, unless the story was over before. */
export function deadline(seconds, what, tidy) {
  return setTimeout(async () => {
    process.stderr.write(`gave up after ${seconds} s, while: ${what()}\n`);
    await tidy?.();
    process.exit(1);
  }, seconds * 1000);
}

/** `--name value` and bare words of the command line. */
export function options(defaults) {
  const found = { ...defaults, actions: [] };
  const words = process.argv.slice(2);
  while (words.length > 0) {
    const word = words.shift();
    if (!word.startsWith('--')) found.actions.push(word);
    else if (!(word.slice(2) in defaults)) throw new Error(`no such option: ${word}`);
    else found[word.slice(2)] = words.shift();
  }
  return { ...found, live: found.actions.join() === '-' };
}
