// Puts the page together, and listens to what is wanted.

(() => {
  const app = document.getElementById('app');
  document.getElementById('blocked').remove();
  app.hidden = false;
  document.title = `${data.name}: xmppscope report`;

  const wanted = { session: 0, search: '', empties: true, connections: true, others: true, levels: new Set() };
  let model;
  let line;

  // What stands above all.
  const title = make('h1', {}, make('span', { class: 'tool' }, 'xmppscope'), make('span', { class: 'name' }, data.name));
  const about = make('p', { class: 'subject' });
  const warnings = make('div', { class: 'warnings' });
  const incidents = make('details', { class: 'incidents' });
  const theme = make('button', { type: 'button', title: 'Light or dark (t)', 'aria-label': 'Light or dark', onclick: () => turn() }, '◐');
  const helpButton = make('button', { type: 'button', title: 'Keyboard shortcuts (?)', 'aria-label': 'Keyboard shortcuts', onclick: () => help.showModal() }, '?');
  const top = make('header', { class: 'top' }, title, about, make('div', { class: 'buttons' }, helpButton, theme));

  // What is shown of the traffic.
  const search = make('input', {
    type: 'search', placeholder: 'Search XML, rid, sid, JID, …', 'aria-label': 'Search', spellcheck: 'false', autocomplete: 'off',
  });
  const sessions = make('select', { 'aria-label': 'Session' });
  const chips = make('div', { class: 'chips', role: 'group', 'aria-label': 'Filters' });
  const status = make('p', { class: 'status', role: 'status' });
  const terms = make('p', { class: 'terms' });
  const panel = new Panel({ close: () => close(), move: (by) => line.step(by) });
  line = new TimeLine((row, open) => {
    if (open || panel.isOpen) {
      panel.show(model, row);
      refresh();
    }
    remember();
  });

  const help = make('dialog', { id: 'help', 'aria-label': 'Keys' }, make('h2', {}, 'Keys'), make('dl', { class: 'facts' },
    ...[
      ['j k', 'next and previous row, also with the arrows'], ['Enter', 'open the exchange or message'], ['Esc', 'close, or leave the search'],
      ['n N', 'next and previous error or warning'], ['/', 'search'], ['e', 'empty polls and pings: show or hide'],
      ['f', 'only errors and warnings'], ['c', 'connections: show or hide'], ['[ ]', 'previous and next session'],
      ['t', 'light or dark'], ['?', 'this list'],
    ].flatMap(([key, does]) => [make('dt', {}, key), make('dd', {}, does)])),
  make('form', { method: 'dialog' }, make('button', {}, 'Close')));

  function chip(label, name, pressed, action) {
    const button = make('button', { type: 'button', class: `chip ${name}`, 'aria-pressed': String(pressed) }, label);
    button.addEventListener('click', () => action(button));
    return button;
  }

  function pressed(button, is) {
    button.setAttribute('aria-pressed', String(is));
  }

  function toggle(name) {
    return (button) => {
      wanted[name] = !wanted[name];
      pressed(button, wanted[name]);
      update();
    };
  }

  const switches = {
    empties: chip('Empty polls, pings', 'empties', true, toggle('empties')),
    connections: chip('Connections', 'connections', true, toggle('connections')),
    others: chip('Other HTTP', 'others', true, toggle('others')),
  };
  const levels = Object.fromEntries(LEVELS.map((level) => [level, chip('', level, false, (button) => {
    if (!wanted.levels.delete(level)) wanted.levels.add(level);
    pressed(button, wanted.levels.has(level));
    update();
  })]));
  chips.append(...Object.values(levels), ...Object.values(switches));

  /** Shows another trace. */
  function choose(number) {
    const trace = data.traces[number];
    model = number === undefined ? undefined : modelOf(number);
    panel.close();
    wanted.session = 0;
    main.classList.toggle('without', !model);
    if (!model) return;
    const { counts } = trace;
    for (const level of LEVELS) {
      levels[level].textContent = counted(counts[`${level}s`], level);
      levels[level].hidden = Boolean(data.run); // a scenario says itself what is wrong
      levels[level].disabled = counts[`${level}s`] === 0;
    }
    const found = new Map();
    for (const event of trace.events) {
      const known = found.get(event.session) ?? { requests: 0, findings: [] };
      found.set(event.session, known);
      if (event.kind === 'request' || isMessage(event)) known.requests += 1;
      known.findings.push(...(event.findings ?? []).filter(({ level }) => level !== 'note'));
    }
    const refused = counts.refused > 0 ? ` (${counts.refused} refused)` : '';
    sessions.replaceChildren(make('option', { value: '0' }, `All ${counted(trace.sessions.length, 'session')}${refused}`),
      ...trace.sessions.map((session, at) => {
        const { requests = 0, findings = [] } = found.get(at + 1) ?? {};
        const bad = findings.length > 0 ? `, ${counted(findings.length, 'finding')}` : '';
        return make('option', { value: at + 1 }, `${nameOf(session)} ${session.jid ?? ''} (${requests}${bad})`);
      }));
    sessions.value = '0';
    sessions.hidden = trace.sessions.length < 2;
    if (!data.run) {
      const words = [trace.target, date(trace), counted(counts.sessions, 'session')];
      if (counts.messages) words.push(counted(counts.messages, 'message'));
      if (counts.exchanges || !counts.messages) words.push(counted(counts.exchanges, 'exchange'));
      if (counts.resends) words.push(counted(counts.resends, 'resend'));
      if (counts.empties) words.push(counted(counts.empties, 'empty response'));
      about.textContent = `${words.join(' · ')} · ${spell(counts.ms)}`;
    }
    const told = [...(trace.faults ?? [])];
    if (trace.source) told.unshift(`This trace was ${trace.source}.`);
    if (trace.secrets) told.push('Secrets are not hidden in this capture: passwords may be in this page.');
    if (counts.lost) told.push(`${counted(counts.lost, 'message')} passed without being recorded.`);
    if (trace.left_out) {
      told.push(`This page is full: ${counted(trace.left_out, 'event')} at the end ${trace.left_out === 1 ? 'is' : 'are'} left out.`);
    }
    warnings.replaceChildren(...told.map((text) => make('p', {}, text)));
    list(trace);
    update();
    refresh();
  }

  /** The incidents of a trace, the gravest first. */
  function list(trace) {
    const all = trace.incidents;
    incidents.hidden = all.length === 0;
    incidents.replaceChildren(make('summary', {}, counted(all.length, 'incident')), ...all.map(({ number, level, party, count, at, words }) =>
      make('p', {}, `#${number} `, make('span', { class: `level ${level}` }, level),
        ` ${clock(trace, at)}${count > 1 ? `, ${count} times` : ''}: ${blamed({ party })}${words}`)));
  }

  function date({ started }) {
    return `${started.slice(0, 10)} ${started.slice(11, 19)} ${started.slice(26)}`.trim();
  }

  /** Shows what is wanted now. */
  function update() {
    if (!model) return;
    const shown = chosen(model, wanted);
    const marks = scenarios?.selected && data.traces[scenarios.selected.trace] === model.trace ? scenarios.marks() : [];
    line.show(model, shown, marks);
    const all = model.exchanges.size;
    const here = new Set(shown.map((index) => model.trace.events[index].exchange).filter((one) => one !== undefined)).size;
    const said = model.trace.events.filter((event) => isMessage(event) && !event.empty).length;
    const saidHere = shown.filter((index) => isMessage(model.trace.events[index]) && !model.trace.events[index].empty).length;
    const of = (some, most, noun) => (some === most ? counted(most, noun) : `${some.toLocaleString('en')} of ${counted(most, noun)}`);
    const totals = [said > 0 && of(saidHere, said, 'message'), (all > 0 || said === 0) && of(here, all, 'exchange')];
    status.textContent = totals.filter(Boolean).join(', ');
    const only = model.trace.sessions.length === 1 ? 1 : wanted.session;
    const session = model.trace.sessions[only - 1];
    terms.hidden = !session;
    if (session) {
      terms.title = session.terms?.join(', ') ?? '';
      terms.replaceChildren(
        make('b', {}, session.jid ?? 'no JID seen'), ` · ${session.sid ? `sid ${session.sid}` : session.name}`,
        ...(session.terms ? [' · ', make('span', {}, 'requested → granted: '), session.terms.join(', ')] : []));
    }
    if (panel.isOpen && line.selected < 0) close();
  }

  /** The room beside the list is another when the panel comes or goes. */
  function refresh() {
    main.classList.toggle('open', panel.isOpen);
    document.body.classList.toggle('panel-open', panel.isOpen);
  }

  function close() {
    panel.close();
    refresh();
    line.focus();
  }

  function turn(to) {
    const dark = matchMedia('(prefers-color-scheme: dark)').matches;
    const root = document.documentElement;
    const now = root.dataset.theme ?? (dark ? 'dark' : 'light');
    root.dataset.theme = to ?? (now === 'dark' ? 'light' : 'dark');
    try { localStorage.setItem('xmppscope-theme', root.dataset.theme); } catch { /* some browsers keep nothing of files */ }
    line.repaint();
  }

  /** The address names what is looked at, so that it can be passed on. */
  function remember() {
    const row = line.rows[line.selected];
    const trace = data.traces.indexOf(model.trace);
    const place = `#${trace}${row?.index === undefined ? '' : `.${row.index}`}`;
    try { history.replaceState(null, '', place); } catch { /* not every viewer lets a page have an address */ }
  }

  function recall() {
    const [, trace, index] = /^#(\d+)(?:\.(\d+))?$/.exec(location.hash) ?? [];
    if (data.traces[trace] === undefined) return undefined;
    return { trace: Number(trace), index: index === undefined ? undefined : Number(index) };
  }

  const main = make('main', {},
    make('div', { class: 'tools' }, search, sessions, chips, status), terms, make('div', { class: 'split' }, line.element, panel.element));
  const scenarios = data.run && new Scenarios(data.run, (scenario) => choose(scenario.trace));
  // Where there are captures without verdicts, one is chosen by name.
  const names = !data.run && data.traces.length > 1
    ? make('select', { class: 'traces', 'aria-label': 'Capture' }, ...data.traces.map(({ name }, at) => make('option', { value: at }, name)))
    : undefined;
  names?.addEventListener('change', () => choose(Number(names.value)));
  if (names) search.before(names);
  app.append(...[top, scenarios?.element, warnings, incidents, main, help].filter(Boolean));
  main.append(make('p', { class: 'no-traffic' }, 'No traffic was recorded for this scenario.'));

  if (data.run) {
    const { preface, summary } = data.run;
    const parts = [`against ${preface.target}`, counted(preface.scenarios, 'scenario')];
    if (summary) parts.push(spell(summary.time_ms));
    about.textContent = parts.join(' · ');
    const left = preface.scenarios - data.run.scenarios.length;
    if (left > 0) title.after(make('p', { class: 'interrupted' }, `${counted(left, 'scenario')} not run`));
  }

  if (scenarios) scenarios.entered = () => { line.focus(); line.select(Math.max(0, line.selected)); };

  let typing;
  search.addEventListener('input', () => {
    clearTimeout(typing);
    typing = setTimeout(() => { wanted.search = search.value; update(); }, 120);
  });
  sessions.addEventListener('change', () => { wanted.session = Number(sessions.value); update(); });

  function turnSession(by) {
    const count = model.trace.sessions.length + 1;
    wanted.session = (wanted.session + by + count) % count;
    sessions.value = String(wanted.session);
    update();
  }

  const keys = {
    j: () => line.move(1), ArrowDown: () => line.move(1), k: () => line.move(-1), ArrowUp: () => line.move(-1),
    PageDown: () => line.page(1), PageUp: () => line.page(-1), Home: () => line.select(0), End: () => line.select(line.rows.length - 1),
    Enter: () => { if (line.selected >= 0) line.select(line.selected, true); },
    n: () => line.seek(1), N: () => line.seek(-1), '/': () => { search.focus(); search.select(); },
    e: () => switches.empties.click(), c: () => switches.connections.click(), '?': () => help.showModal(), t: () => turn(),
    f: () => {
      if (data.run) return;
      const on = wanted.levels.size === 0;
      wanted.levels = new Set(on ? ['error', 'warning'] : []);
      for (const level of LEVELS) pressed(levels[level], wanted.levels.has(level));
      update();
    },
    '[': () => turnSession(-1), ']': () => turnSession(1),
  };
  const moving = new Set(['ArrowDown', 'ArrowUp', 'PageDown', 'PageUp', 'Home', 'End', 'Enter']);

  document.addEventListener('keydown', (event) => {
    const { key, target } = event;
    if (help.open || event.ctrlKey || event.metaKey || event.altKey) return;
    if (key === 'Escape') {
      if (target === search) {
        event.preventDefault(); // a browser would empty the field, and not say so
        line.focus();
      } else if (panel.isOpen) {
        close();
      }
      return;
    }
    if (!model || !(key in keys)) return;
    if (target === search) {
      if (key !== 'Enter' && key !== 'ArrowDown') return;
      line.focus();
      line.select(Math.max(0, line.selected));
      event.preventDefault();
      return;
    }
    if (target.closest('input, select, textarea')) return;
    // A button does its own work with Enter, and the panel scrolls with its own keys.
    if (moving.has(key) && !line.isFocused && target !== document.body) return;
    event.preventDefault();
    keys[key]();
  });

  try {
    const kept = localStorage.getItem('xmppscope-theme');
    if (kept === 'light' || kept === 'dark') turn(kept);
  } catch { /* as above */ }
  matchMedia('(prefers-color-scheme: dark)').addEventListener('change', () => line.repaint());
  const from = recall();
  if (scenarios) {
    const of = from && data.run.scenarios.findIndex(({ trace }) => trace === from.trace);
    scenarios.select(of >= 0 ? of : scenarios.first);
  } else {
    choose(from?.trace ?? 0);
  }
  if (from?.index !== undefined) line.select(line.find({ index: from.index }), true);
})();
