'use strict';
// What the page is about: traces, with what follows from their events for the view. Nothing here touches the page.

const data = JSON.parse(document.getElementById('data').textContent);
const LEVELS = ['error', 'warning', 'note'];
/** Connections stand beside each other in so many lanes at most; more share the last. */
const LANES = 12;

/** What is known of a trace beyond its events: its exchanges, each with all that belongs to it, and what can be searched. */
function read(trace) {
  const exchanges = new Map();
  const sessionsOf = new Map();
  const open = new Map();
  const of = (event) => {
    if (!open.has(event.conn)) open.set(event.conn, { waiting: [], ended: [] });
    return open.get(event.conn);
  };
  trace.events.forEach((event, index) => {
    if (event.exchange !== undefined) {
      const known = exchanges.get(event.exchange);
      const exchange = known ?? { number: event.exchange, conn: event.conn, events: [], session: event.session };
      if (!known) exchanges.set(event.exchange, exchange);
      exchange.events.push(index);
      if (event.kind === 'request') {
        exchange.request = event;
        of(event).waiting.push(exchange);
      }
      else if (event.status >= 200 || event.status === 101) exchange.answer = event;
    }
    for (const number of event.abandoned ?? []) {
      const exchange = exchanges.get(number);
      if (exchange) exchange.lost = index;
    }
    if (event.kind === 'closed' || event.kind === 'lost') {
      for (const exchange of of(event).waiting) if (!exchange.answer) exchange.ended = index;
      of(event).waiting = [];
    }
    // That each side ended its direction goes without saying where the end of both follows at once.
    if (event.kind === 'ended') of(event).ended.push(event);
    else if (event.kind === 'closed') for (const end of of(event).ended) end.folded = event.at - end.at < 1000;
    else if (event.conn !== undefined) of(event).ended = [];
    if (event.conn !== undefined && event.session !== undefined) {
      if (!sessionsOf.has(event.conn)) sessionsOf.set(event.conn, new Set());
      sessionsOf.get(event.conn).add(event.session);
    }
  });
  for (const exchange of exchanges.values()) {
    exchange.findings = exchange.events.flatMap((index) => trace.events[index].findings ?? []);
    if (exchange.lost !== undefined) exchange.findings.push(...(trace.events[exchange.lost].findings ?? []));
    exchange.worst = worst(exchange.findings);
    exchange.quiet = exchange.answer?.empty && exchange.request?.empty && exchange.findings.length === 0;
  }
  return { trace, exchanges, sessionsOf, texts: new Map() };
}

function worst(findings) {
  return LEVELS.find((level) => findings.some((finding) => finding.level === level));
}

const models = new Map();
function modelOf(number) {
  if (!models.has(number)) models.set(number, read(data.traces[number]));
  return models.get(number);
}

/** All that can be searched of an event, or of an exchange. */
function textOf(model, key, events) {
  if (!model.texts.has(key)) {
    const words = events.flatMap((event) => {
      const session = model.trace.sessions[event.session - 1];
      return [
        event.what, event.rid, event.conn === undefined ? '' : `#${event.conn}`, session?.sid, session?.jid, session?.name,
        event.measures, event.head?.line, ...(event.head?.headers ?? []).map((pair) => pair.join(': ')),
        event.content, ...(event.stanzas ?? []).map((stanza) => stanza.line),
        ...(event.findings ?? []).flatMap(({ words, requirement, name, level, party }) =>
          [words, requirement, name, level, party]),
      ];
    });
    model.texts.set(key, words.filter(Boolean).join('\n').toLowerCase());
  }
  return model.texts.get(key);
}

/** Which events are shown. An exchange is shown as a whole, or not at all. */
function chosen(model, wanted) {
  const { trace, exchanges, sessionsOf } = model;
  const words = wanted.search.toLowerCase().split(/\s+/).filter(Boolean);
  const fits = (group, events, findings) => {
    const [first] = events;
    if (wanted.session !== 0) {
      const sessions = first.session === undefined ? sessionsOf.get(first.conn) : new Set([first.session]);
      if (!sessions?.has(wanted.session)) return false;
    }
    if (wanted.levels.size > 0 && !findings.some((finding) => wanted.levels.has(finding.level))) return false;
    return words.every((word) => textOf(model, group, events).includes(word));
  };
  const decided = new Map();
  const keepExchange = (exchange) => {
    if (exchange.quiet && !wanted.empties) return false;
    const isOther = exchange.session === undefined;
    if (isOther && !wanted.others && exchange.findings.length === 0) return false;
    return fits(exchange.number, exchange.events.map((index) => trace.events[index]), exchange.findings);
  };
  const shown = [];
  trace.events.forEach((event, index) => {
    if ((event.kind === 'finished' || event.folded) && !event.findings) return;
    const exchange = exchanges.get(event.exchange);
    if (exchange) {
      if (!decided.has(exchange)) decided.set(exchange, keepExchange(exchange));
      if (decided.get(exchange)) shown.push(index);
      return;
    }
    if (event.empty && !wanted.empties && !event.findings) return;
    const loses = event.abandoned?.some((number) => decided.get(exchanges.get(number)));
    if (loses) {
      shown.push(index);
    } else if (!isConnection(event) || wanted.connections || event.findings) {
      if (fits(`event ${index}`, [event], event.findings ?? [])) shown.push(index);
    }
  });
  return shown;
}

/** How much room passing time takes above a row: the more the longer, but never in proportion. */
function room(ms) {
  return ms < 100 ? 0 : Math.min(72, Math.round(5 * Math.log2(ms / 50)));
}

/** Messages of WebSocket, and elements of a stream over TCP. */
function isMessage({ kind }) {
  return kind === 'frame' || kind === 'stream';
}

/** What is no exchange, but said on a connection of its own: messages, and control frames of WebSocket. */
function isSpoken(event) {
  return isMessage(event) || event.kind === 'control';
}

/** Connections that come and go are told in small. */
function isConnection({ kind }) {
  return kind === 'opened' || kind === 'ended' || kind === 'reset' || kind === 'closed';
}

/** The rows of a view, from top to bottom, each with its place. */
function rowsOf(model, shown, marks, usual) {
  const rows = [];
  const waiting = [...marks].sort((a, b) => a.at - b.at);
  let top = 0;
  let before;
  const add = (row, at) => {
    const passed = before === undefined ? 0 : at - before;
    const above = room(passed);
    const height = row.event && !row.finding && isConnection(row.event) ? 20 : usual;
    rows.push({ ...row, at, top, above, passed, height, middle: top + above + height / 2 });
    top += above + height;
    before = at;
  };
  for (const index of shown) {
    const event = model.trace.events[index];
    while (waiting.length > 0 && waiting[0].at < event.at) {
      const mark = waiting.shift();
      add({ mark }, mark.at);
    }
    add({ index, event }, event.at);
    for (const finding of event.findings ?? []) add({ index, event, finding }, event.at);
  }
  for (const mark of waiting) add({ mark }, mark.at);
  return { rows, height: top };
}

/**
 * Lanes: for each connection a line from its first row to its last, for each exchange a bar from its request to its
 * answer, or to the loss of its connection, or to the end.
 */
function lanesOf(model, rows) {
  const conns = new Map();
  const bars = new Map();
  const end = Math.max(0, rows.length - 1);
  rows.forEach(({ event, finding, index }, at) => {
    if (!event || finding || event.conn === undefined) return;
    const conn = conns.get(event.conn) ?? { number: event.conn, first: at, bars: [] };
    conns.set(event.conn, conn);
    conn.last = at;
    const exchange = model.exchanges.get(event.exchange);
    if (exchange && event === exchange.request) {
      bars.set(exchange.number, { exchange, conn, first: at, last: end, open: true });
    }
    if (exchange && event === exchange.answer && bars.has(exchange.number)) {
      Object.assign(bars.get(exchange.number), { last: at, open: false });
    }
  });
  for (const bar of bars.values()) {
    const { ended } = bar.exchange;
    if (!bar.open || ended === undefined) continue;
    const at = rows.findIndex(({ index }, place) => place > bar.first && index >= ended);
    Object.assign(bar, { last: at < 0 ? end : at, open: false, lost: true });
  }
  for (const bar of streamsOf(rows, conns)) bars.set(bar, bar);
  for (const bar of bars.values()) {
    bar.conn.last = Math.max(bar.conn.last, bar.last);
    // Requests that wait on one connection at a time stand beside each other.
    bar.depth = bar.conn.bars.filter((other) => other.last > bar.first).length;
    bar.conn.bars = bar.conn.bars.filter((other) => other.last > bar.first);
    bar.conn.bars.push(bar);
  }
  const free = [];
  for (const conn of [...conns.values()].sort((a, b) => a.first - b.first)) {
    let lane = free.findIndex((last) => last < conn.first);
    if (lane < 0) lane = Math.min(free.length, LANES - 1);
    free[lane] = Math.max(conn.last, free[lane] ?? 0);
    conn.lane = lane;
  }
  return { conns: [...conns.values()], bars: [...bars.values()], count: free.length };
}

/** For each connection that carries a stream, a bar from what was said first to the end of the connection. */
function streamsOf(rows, conns) {
  const streams = new Map();
  rows.forEach(({ event, finding }, at) => {
    if (!event || event.conn === undefined) return;
    const known = streams.get(event.conn);
    if (isSpoken(event) && !finding) {
      const bar = known ?? {
        stream: true, conn: conns.get(event.conn), first: at, open: true, said: [], exchange: { session: event.session, findings: [] },
      };
      streams.set(event.conn, bar);
      bar.said.push(at);
      bar.last = at;
    } else if (known) {
      known.last = at;
    }
    const bar = streams.get(event.conn);
    if (bar && finding) bar.exchange.findings.push(finding);
    if (bar && event.kind === 'closed') bar.open = false;
  });
  for (const bar of streams.values()) bar.exchange.worst = worst(bar.exchange.findings.filter(({ level }) => level !== 'note'));
  return streams.values();
}

/** The first row that ends below a height. */
function rowAt(rows, y) {
  let [low, high] = [0, rows.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    const row = rows[middle];
    if (row.top + row.above + row.height <= y) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** A time as people read it, rounded. */
function spell(ms) {
  if (ms < 9.95) return `${ms.toFixed(1)} ms`;
  if (ms < 999.5) return `${Math.round(ms)} ms`;
  if (ms < 599950) return `${(ms / 1000).toFixed(1)} s`;
  const seconds = Math.round(ms / 1000);
  const [large, unit, small, smallUnit] = seconds < 7200
    ? [Math.floor(seconds / 60), 'min', seconds % 60, 's']
    : [Math.floor(seconds / 3600), 'h', Math.floor((seconds % 3600) / 60), 'min'];
  return small === 0 ? `${large} ${unit}` : `${large} ${unit} ${small} ${smallUnit}`;
}

/** The time of the day where the trace was recorded. */
function clock(trace, ms) {
  const all = Math.floor(trace.clock + ms) % 86400000;
  const two = (number) => String(number).padStart(2, '0');
  const [hours, minutes, seconds] = [all / 3600000, (all / 60000) % 60, (all / 1000) % 60].map(Math.floor);
  return `${two(hours)}:${two(minutes)}:${two(seconds)}.${String(all % 1000).padStart(3, '0')}`;
}

function counted(number, noun) {
  return `${number.toLocaleString('en')} ${noun}${number === 1 ? '' : 's'}`;
}
