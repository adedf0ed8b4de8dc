// One exchange, or whatever else was chosen: heads, contents as XML, findings.

class Panel {
  #inside = make('div', { class: 'inside', tabindex: '-1' });
  #title = make('h2', { id: 'panel-title' });

  constructor({ close, move }) {
    const button = (label, words, action) => make('button', { type: 'button', 'aria-label': words, title: words, onclick: action }, label);
    this.element = make('aside', { id: 'panel', 'aria-labelledby': 'panel-title', hidden: true },
      make('header', {}, this.#title, button('↑', 'Previous exchange', () => move(-1)), button('↓', 'Next exchange', () => move(1)),
        button('×', 'Close (Esc)', close)),
      this.#inside);
  }

  get isOpen() {
    return !this.element.hidden;
  }

  close() {
    this.element.hidden = true;
  }

  /** Shows what a row is about. */
  show(model, row) {
    const { event, mark } = row;
    this.element.hidden = false;
    this.#inside.scrollTop = 0;
    if (mark) {
      this.#title.textContent = mark.verdict;
      this.#inside.replaceChildren(failure(mark.failure, mark.verdict));
      return;
    }
    const exchange = model.exchanges.get(event.exchange);
    this.#title.textContent = title(model, event, exchange);
    this.#inside.replaceChildren(...(exchange ? whole(model, exchange) : alone(model, event)));
  }
}

function title(model, event, exchange) {
  if (!exchange && isSpoken(event)) return `${event.kind === 'stream' ? 'Stream' : 'WebSocket'}, from the ${event.from}`;
  if (!exchange) {
    const names = { raw: 'Another protocol', lost: 'Not recorded', finding: 'Silence', fault: 'Done on purpose', secured: 'TLS' };
    return names[event.kind] ?? `Connection ${event.kind}`;
  }
  if (event.rid) return `rid ${event.rid}`;
  return exchange.request?.head.line.split(' ').slice(0, 2).join(' ') ?? 'An answer';
}

function facts(pairs) {
  const list = make('dl', { class: 'facts' });
  for (const [name, value] of pairs) {
    if (value !== undefined && value !== '') list.append(make('dt', {}, name), make('dd', {}, value));
  }
  return list;
}

function found(findings) {
  return findings.map((finding) => {
    const known = data.requirements[finding.requirement];
    return make('div', { class: `found ${finding.level}` },
      make('p', {}, make('span', { class: `level ${finding.level}` }, graded(finding)), `${blamed(finding)}${finding.words}`),
      known ? demand(finding.requirement) : make('p', { class: 'id' }, finding.name));
  });
}

/** A requirement: its id, where it stands, what it demands. */
function demand(id) {
  const known = data.requirements[id];
  if (!known) return make('p', { class: 'id' }, id);
  return make('p', { class: 'demand' },
    make('a', { href: known.link, target: '_blank', rel: 'noreferrer noopener' }, known.section), ` ${known.level} `,
    make('span', { class: 'id' }, id), make('br'), known.rule);
}

function who(model, event) {
  const session = model.trace.sessions[event.session - 1];
  return session && [session.jid, session.sid ? `sid ${session.sid}` : session.name].filter(Boolean).join(', ');
}

function whole(model, exchange) {
  const { request, answer } = exchange;
  const first = request ?? answer;
  const lost = exchange.lost === undefined ? undefined : model.trace.events[exchange.lost];
  const held = answer?.held ?? (lost && lost.at - request.at);
  const ending = answer ? `${clock(model.trace, answer.at)}, ${answer.measures}` : 'none in this trace';
  const parts = [
    facts([
      ['session', who(model, first)],
      ['connection', `#${exchange.conn}`],
      ['request', request && `${clock(model.trace, request.at)}, ${request.measures}`],
      ['answer', lost ? `none: the connection was gone after ${spell(held)}` : ending],
      ['gap', request?.gap >= 1 ? `${spell(request.gap)} without an open request before it` : undefined],
    ]),
    ...found(exchange.findings),
  ];
  for (const index of exchange.events) {
    const event = model.trace.events[index];
    parts.push(message(event));
  }
  return parts;
}

function alone(model, event) {
  const parts = [
    facts([
      ['session', who(model, event)],
      ['connection', event.conn === undefined ? undefined : `#${event.conn}`],
      ['time', clock(model.trace, event.at)],
      ['what', event.what],
    ]),
    ...found(event.findings ?? []),
  ];
  if (event.head || isSpoken(event)) parts.push(message(event));
  for (const number of event.abandoned ?? []) {
    const exchange = model.exchanges.get(number);
    if (exchange?.request) parts.push(make('h3', {}, 'Without an answer'), message(exchange.request));
  }
  return parts;
}

function message(event) {
  const side = event.from ?? (event.kind === 'request' ? 'client' : 'server');
  const stanzas = (event.stanzas ?? []).map(({ kind, line }) =>
    make('li', {}, make('span', { class: `kind ${kind}` }, kind),
      line.startsWith(kind) && line.length > kind.length ? line.slice(kind.length) : ` ${line}`));
  const headers = (event.head?.headers ?? []).flatMap(([name, value]) => [make('dt', {}, name), make('dd', {}, value)]);
  return make('section', { class: `part ${side}` },
    make('h3', {}, make('span', { class: `arrow ${side}` }, side === 'client' ? 'C>' : 'S>'), event.head?.line ?? event.measures),
    stanzas.length > 0 ? make('ul', { class: 'stanzas' }, ...stanzas) : undefined,
    event.more ? make('p', { class: 'rest' }, `and ${event.more} more`) : undefined,
    event.content ? xml(event.content) : make('p', { class: 'rest' }, 'no content'),
    event.rest ? make('p', { class: 'rest' }, event.rest) : undefined,
    headers.length > 0
      ? make('details', {}, make('summary', {}, counted(headers.length / 2, 'header')), make('dl', { class: 'headers' }, ...headers))
      : undefined);
}

/** XML with colours: text nodes in elements, never markup. */
function xml(text) {
  const out = make('pre', { class: 'xml', tabindex: '0' });
  for (const [piece] of text.matchAll(/<!--[^]*?-->|<[^<>]*>|[^<]+|</g)) {
    if (!piece.startsWith('<') || piece.length === 1) {
      out.append(piece);
    } else if (piece.startsWith('<!') || piece.startsWith('<?')) {
      out.append(make('span', { class: 'comment' }, piece));
    } else {
      const [, open, name, rest] = /^(<\/?)([^\s/>]*)([^]*)$/.exec(piece);
      out.append(make('span', { class: 'point' }, open), make('span', { class: 'tag' }, name));
      for (const [part, attribute, value] of rest.matchAll(/([^\s=]+)(\s*=\s*(?:"[^"]*"|'[^']*'))|[^\s=]+|\s+|=/g)) {
        if (value === undefined) out.append(part.trim() === '' ? part : make('span', { class: 'point' }, part));
        else out.append(make('span', { class: 'name' }, attribute), make('span', { class: 'value' }, value));
      }
    }
  }
  return out;
}
