// The time line: time runs down. Of all rows, only those in sight are in the page.

/** An element. Text is text, whatever stands in it. */
function make(tag, attributes = {}, ...inside) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith('on')) element.addEventListener(name.slice(2), value);
    else if (value !== undefined && value !== false) element.setAttribute(name, value === true ? '' : value);
  }
  element.append(...inside.filter((part) => part !== undefined && part !== ''));
  return element;
}

/** What people call a session. */
function nameOf(session) {
  return session?.name || 'new';
}

const STEP = 18;
const MARGIN = 10;

class TimeLine {
  #list = make('div', { id: 'list', role: 'listbox', tabindex: '0', 'aria-label': 'Timeline' });
  #sheet = make('div', { class: 'sheet', role: 'presentation' });
  #lanes = make('div', { class: 'lanes', 'aria-hidden': 'true' });
  #nothing = make('p', { class: 'nothing' }, 'Nothing matches the search and the filters.');
  #overview = make('canvas', { id: 'overview', 'aria-hidden': 'true', title: 'Findings, from the beginning to the end' });
  #sight = make('div', { class: 'sight', 'aria-hidden': 'true' });
  #inSight = new Map();
  #due = false;
  #narrow = matchMedia('(max-width: 760px)');

  constructor(opened) {
    this.opened = opened;
    this.element = make('section', { class: 'line', 'aria-label': 'Traffic' }, this.#list, this.#overview, this.#sight);
    this.#list.append(this.#sheet, this.#nothing);
    this.#sheet.append(this.#lanes);
    this.#list.addEventListener('scroll', () => this.#soon(), { passive: true });
    this.#list.addEventListener('click', ({ target }) => {
      const place = target.closest('[data-row]')?.dataset.row;
      if (place !== undefined) this.select(Number(place), true);
    });
    this.#overview.addEventListener('pointerdown', (event) => this.#jump(event));
    this.#overview.addEventListener('pointermove', (event) => { if (event.buttons === 1) this.#jump(event); });
    new ResizeObserver(() => { this.#sketch(); this.#soon(); }).observe(this.#list);
    this.#narrow.addEventListener('change', () => this.show(this.model, this.shown, this.marks));
  }

  /** Shows these events, and keeps what is selected if it is among them. */
  show(model, shown, marks) {
    const before = this.rows?.[this.selected];
    const offset = before ? before.top - this.#list.scrollTop : 0;
    const same = model === this.model;
    Object.assign(this, { model, shown, marks });
    const laid = rowsOf(model, shown, marks, this.#narrow.matches ? 44 : 26);
    this.rows = laid.rows;
    this.lanes = lanesOf(model, laid.rows);
    this.selected = same && before ? this.find(before) : -1;
    this.height = laid.height;
    this.#sheet.style.height = `${laid.height}px`;
    const digits = laid.rows.reduce((most, { event }) => Math.max(most, event?.rid?.length ?? 0), 0);
    this.#sheet.classList.toggle('single', model.trace.sessions.length < 2);
    this.#sheet.style.setProperty('--rid', `${Math.min(17, digits)}ch`);
    this.#sheet.style.setProperty('--lanes', `${this.lanes.count * STEP + MARGIN}px`);
    this.#nothing.hidden = laid.rows.length > 0;
    for (const element of this.#inSight.values()) element.remove();
    this.#inSight.clear();
    if (this.selected >= 0) this.#list.scrollTop = this.rows[this.selected].top - offset;
    else if (!same) this.#list.scrollTop = 0;
    this.#sketch();
    this.#draw();
  }

  /** The row of what another row is about, by event and finding. */
  find({ index, finding, mark }) {
    return this.rows.findIndex((row) => row.index === index && row.finding === finding && row.mark === mark);
  }

  focus() {
    this.#list.focus({ preventScroll: true });
  }

  get isFocused() {
    return document.activeElement === this.#list;
  }

  select(place, open = false) {
    if (this.rows.length === 0) return;
    this.selected = Math.max(0, Math.min(this.rows.length - 1, place));
    const row = this.rows[this.selected];
    const [top, bottom] = [row.top + row.above, row.top + row.above + row.height];
    const sight = this.#list.clientHeight;
    if (top < this.#list.scrollTop + row.above) this.#list.scrollTop = Math.max(0, row.top - row.above);
    else if (bottom > this.#list.scrollTop + sight - 8) this.#list.scrollTop = bottom - sight + 40;
    this.#draw();
    this.opened(row, open);
  }

  move(by) {
    this.select(this.selected < 0 ? (by > 0 ? 0 : this.rows.length - 1) : this.selected + by);
  }

  /** To what is about something else than what is selected. */
  step(by) {
    const about = ({ event, mark }) => mark ?? event.exchange ?? event;
    let at = Math.max(0, this.selected);
    const from = about(this.rows[at]);
    while (this.rows[at] && about(this.rows[at]) === from) at += by;
    if (this.rows[at]) this.select(at);
  }

  page(by) {
    this.move(by * Math.max(1, Math.floor(this.#list.clientHeight / this.rows[0]?.height) - 2));
  }

  /** The next finding after what is selected, or the one before. */
  seek(by) {
    const counts = (row) => row.mark || (row.finding && row.finding.level !== 'note');
    for (let at = this.selected + by; at >= 0 && at < this.rows.length; at += by) {
      if (counts(this.rows[at])) return this.select(at);
    }
    return undefined;
  }

  #soon() {
    if (this.#due) return;
    this.#due = true;
    requestAnimationFrame(() => { this.#due = false; this.#draw(); });
  }

  #draw() {
    if (!this.rows) return;
    // All that is to be measured comes before the first change: a measurement between changes costs a layout.
    const { scrollTop, clientHeight } = this.#list;
    const from = scrollTop - 200;
    const to = scrollTop + clientHeight + 200;
    const first = rowAt(this.rows, from);
    let last = first;
    while (last < this.rows.length && this.rows[last].top < to) last += 1;
    for (const [place, element] of this.#inSight) {
      if (place < first || place >= last) {
        element.remove();
        this.#inSight.delete(place);
      }
    }
    for (let place = first; place < last; place += 1) {
      let element = this.#inSight.get(place);
      if (!element) {
        element = this.#row(this.rows[place], place);
        this.#inSight.set(place, element);
        this.#sheet.append(element);
      }
      element.setAttribute('aria-selected', String(place === this.selected));
    }
    if (this.#inSight.has(this.selected)) this.#list.setAttribute('aria-activedescendant', `row-${this.selected}`);
    else this.#list.removeAttribute('aria-activedescendant');
    this.#drawLanes(first, last, from, to);
    const part = clientHeight / Math.max(this.height, clientHeight, 1);
    this.#sight.hidden = part === 1;
    this.#sight.style.height = `max(14px, ${part * 100}%)`;
    this.#sight.style.top = `${(scrollTop / Math.max(this.height, 1)) * 100}%`;
  }

  #drawLanes(first, last, from, to) {
    const parts = [];
    const chosen = this.rows[this.selected]?.event?.exchange;
    const place = (element, start, end) => {
      const [top, bottom] = [Math.max(start, from), Math.min(end, to)];
      element.style.top = `${top}px`;
      element.style.height = `${Math.max(6, bottom - top)}px`;
      parts.push(element);
    };
    const x = (conn) => MARGIN / 2 + conn.lane * STEP;
    for (const conn of this.lanes.conns) {
      if (conn.last < first || conn.first >= last) continue;
      const line = make('i', { class: 'conn' });
      line.style.left = `${x(conn) + 6}px`;
      place(line, this.rows[conn.first].middle, this.rows[conn.last].middle);
    }
    for (const bar of this.lanes.bars) {
      if (bar.last < first || bar.first >= last) continue;
      const { exchange } = bar;
      const kinds = ['bar', bar.stream && 'stream', exchange.quiet && 'quiet', exchange.worst, bar.lost && 'lost', bar.open && 'open',
        chosen !== undefined && exchange.number === chosen && 'chosen'];
      const element = make('i', { class: kinds.filter(Boolean).join(' '), 'data-row': bar.first });
      element.style.left = `${x(bar.conn) + Math.min(3, bar.depth) * 4}px`;
      element.style.setProperty('--hue', hue(exchange.session));
      const [start, end] = [this.rows[bar.first].middle - 5, this.rows[bar.last].middle + 5];
      place(element, start, end);
      for (const at of bar.said ?? []) {
        const row = this.rows[at];
        if (at < first || at >= last || row.middle < from || row.middle > to) continue;
        const dot = make('i', { class: `dot ${row.event.from}` });
        dot.style.left = `${x(bar.conn) + 3}px`;
        dot.style.top = `${row.middle - 3}px`;
        parts.push(dot);
      }
      if (exchange.request?.stanzas && start > from) element.append(make('b', { class: 'sent' }));
      if (exchange.answer?.stanzas && !bar.open && end < to) element.append(make('b', { class: 'received' }));
    }
    this.#lanes.replaceChildren(...parts);
  }

  #row(row, place) {
    const { event, finding, mark, above } = row;
    const { trace } = this.model;
    const element = make('div', {
      id: `row-${place}`, 'data-row': place, role: 'option', 'aria-setsize': this.rows.length, 'aria-posinset': place + 1,
    });
    element.style.top = `${row.top + above}px`;
    element.style.height = `${row.height}px`;
    if (mark) {
      element.className = `row mark ${mark.level}`;
      element.append(
        make('span', { class: 'time' }, clock(trace, mark.at)), make('span', { class: 'lane' }),
        make('span', { class: 'text' }, make('span', { class: 'level error' }, mark.verdict),
          make('span', { class: 'words' }, mark.text)),
      );
      return element;
    }
    if (finding) {
      element.className = `row finding ${finding.level}`;
      element.append(
        make('span', { class: 'time' }), make('span', { class: 'lane' }),
        make('span', { class: 'text', title: finding.words },
          make('span', { class: `level ${finding.level}` }, graded(finding)),
          make('span', { class: 'words' }, `${blamed(finding)}${finding.words}`)),
        make('span', { class: 'id' }, finding.requirement ?? finding.name),
      );
      return element;
    }
    const session = trace.sessions[event.session - 1];
    const exchange = this.model.exchanges.get(event.exchange);
    const from = event.kind === 'request' ? 'client' : event.kind === 'response' ? 'server' : isSpoken(event) && event.from;
    const faint = exchange ? exchange.quiet || (event.empty && exchange.answer && !event.findings)
      : !event.findings && event.kind !== 'fault' && (!isSpoken(event) || event.empty);
    element.className = `row ${event.kind}${isConnection(event) ? ' small' : ''}${faint ? ' faint' : ''}${event.status > 200 ? ' status' : ''}`;
    element.append(make('span', { class: 'time' }, clock(trace, event.at)), make('span', { class: 'lane' }));
    if (from) {
      const arrow = from === 'client' ? 'C>' : 'S>';
      element.append(make('span', { class: `arrow ${from}`, title: `from the ${from}` }, arrow));
      element.append(make('span', { class: 'rid', title: event.rid && `rid ${event.rid}` }, event.rid ?? ''));
    } else {
      element.append(make('span', { class: 'arrow' }, '·'), make('span', { class: 'rid' }));
    }
    const tag = session && make('span', { class: 'session', title: `session ${session.sid ?? session.name} ${session.jid ?? ''}` },
      `${nameOf(session)}${session.jid ? ` ${session.jid.split('@')[0]}` : ''}`);
    tag?.style.setProperty('--hue', hue(event.session));
    element.append(make('span', { class: 'socket' }, event.conn === undefined ? '' : `#${event.conn}`));
    element.append(make('span', { class: 'who' }, tag));
    element.append(make('span', { class: 'text' }, ...said(event, exchange)));
    element.append(make('span', { class: 'measures' }, event.measures ?? ''));
    if (above >= 18 && row.passed >= 100) {
      const label = event.gap >= 100 && event.gap >= row.passed * 0.9 ? `${spell(row.passed)}, nothing open` : spell(row.passed);
      const passed = make('span', { class: `meanwhile${event.gap >= 100 ? ' gap' : ''}` }, label);
      passed.style.height = `${above}px`;
      element.append(passed);
    }
    return element;
  }

  /** The overview beside the list: where findings are, and where payloads. */
  #sketch() {
    const canvas = this.#overview;
    const { clientWidth: width, clientHeight: height } = canvas;
    const scale = devicePixelRatio || 1;
    if (!this.rows || width === 0) return;
    canvas.width = width * scale;
    canvas.height = height * scale;
    const pen = canvas.getContext('2d');
    pen.scale(scale, scale);
    const fits = Math.max(this.height, this.#list.clientHeight, 1);
    const ink = (name) => {
      canvas.style.color = `var(${name})`;
      return getComputedStyle(canvas).color;
    };
    const draw = (rows, colour, left, thick) => {
      pen.fillStyle = colour;
      for (const row of rows) pen.fillRect(left, (row.middle / fits) * height - thick / 2, width - left - 3, thick);
    };
    draw(this.rows.filter((row) => !row.finding && row.event?.stanzas), ink('--payload-line'), 4, 1);
    for (const level of ['note', 'warning', 'error']) {
      draw(this.rows.filter((row) => row.finding?.level === level), ink(`--${level}-line`), level === 'note' ? 8 : 3,
        level === 'note' ? 2 : 3);
    }
    draw(this.rows.filter((row) => row.mark), ink('--error-line'), 0, 4);
  }

  #jump(event) {
    const { top, height } = this.#overview.getBoundingClientRect();
    const all = Math.max(this.height, this.#list.clientHeight);
    this.#list.scrollTop = ((event.clientY - top) / height) * all - this.#list.clientHeight / 2;
  }

  repaint() {
    this.#sketch();
  }
}

/** Each session has a colour of its own, none of them that of an error or a warning; what belongs to none is grey. */
function hue(session) {
  return session === undefined ? 'none' : String(100 + ((112 + (session - 1) * 84) % 216));
}

/** The level of a finding, and the number of the incident that it begins. */
function graded({ level, incident, follows }) {
  return incident && !follows ? `${level} #${incident}` : level;
}

/** Who should look at a finding. */
function blamed({ party }) {
  const names = { client: 'client: ', server: 'server: ', between: 'in between: ' };
  return names[party] ?? '';
}

/** What an event says, in a line: marks, then words. */
function said(event, exchange) {
  const parts = [];
  if (event.kind === 'request' && exchange && !exchange.answer) parts.push(make('span', { class: 'mark bad' }, 'no answer'));
  if (event.again) parts.push(make('span', { class: 'mark again' }, 'again'));
  if (event.status !== undefined && (event.status !== 200 || event.session === undefined)) {
    const looks = event.status >= 400 ? 'bad' : event.status === 200 ? 'plain' : 'other';
    parts.push(make('span', { class: `mark ${looks}` }, event.head.line.replace(/^\S+ /, '')));
  }
  if (event.unacked) parts.push(make('span', { class: 'mark bad' }, 'not acknowledged'));
  if (event.gap >= 1000) parts.push(make('span', { class: 'mark gap' }, `gap ${spell(event.gap)}`));
  // What is said of a stanza that stands by itself comes behind it.
  const behind = isSpoken(event) && event.stanzas;
  if (event.what && !behind) parts.push(make('span', { class: 'words' }, event.what));
  const stanzas = event.stanzas ?? [];
  if (stanzas.length > 1) parts.push(make('span', { class: 'number' }, String(stanzas.length + (event.more ?? 0))));
  for (const { kind, line } of stanzas.slice(0, 6)) {
    const known = line.startsWith(kind) && line.length > kind.length;
    const label = kind === 'other' && line.startsWith('stream ') ? 'stream' : kind;
    parts.push(make('span', { class: `kind ${kind}` }, label),
      make('span', { class: 'words' }, known ? line.slice(kind.length).trimStart() : line));
  }
  if (event.what && behind) parts.push(make('span', { class: 'words aside' }, event.what));
  return parts;
}
