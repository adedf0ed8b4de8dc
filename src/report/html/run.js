// What came of scenarios: a list to choose from, and what was expected of the one that is chosen.

/** From bad to good. */
const VERDICTS = ['failed', 'broken', 'unsteady', 'inconclusive', 'gone', 'warned', 'known', 'passed', 'skipped'];

/** What came of all, in a few words. */
function inShort(counts) {
  const bad = VERDICTS.slice(0, VERDICTS.indexOf('known')).reduce((sum, verdict) => sum + (counts.get(verdict) ?? 0), 0);
  if (bad > 0) return `${counted(bad, 'scenario')} to look at`;
  if (counts.has('known')) return 'No failures, except known deviations';
  return counts.has('passed') ? 'No failures' : 'Nothing was checked';
}

/** An expectation that was not met, with what it breaks. */
function failure(one, verdict) {
  const place = `${one.place.file}:${one.place.line}:${one.place.column}`;
  const note = one.level === 'must' ? undefined : 'recommended, not required: a warning';
  return make('div', { class: `failure ${one.level === 'must' ? verdict : 'warned'}` },
    ...one.requirements.map(({ id }) => demand(id)),
    facts([
      ['detail', one.says], ['expected', one.expected], ['actual', one.seen], ['level', note],
      ['lag', one.lag_ms === undefined ? undefined : `this machine lagged by ${spell(one.lag_ms)} at that time`],
      ['at', place],
    ]));
}

class Scenarios {
  #list = make('div', { class: 'scenarios', role: 'listbox', tabindex: '0', 'aria-label': 'Scenarios' });
  #about = make('div', { class: 'about' });
  #filters = make('div', { class: 'verdicts', role: 'group', 'aria-label': 'Verdicts' });
  #search = make('input', {
    type: 'search', placeholder: 'Name, file, requirement', 'aria-label': 'Search scenarios', spellcheck: 'false', autocomplete: 'off',
  });
  #wanted = new Set();

  constructor(run, chosen) {
    this.chosen = chosen;
    const order = ({ verdict }) => VERDICTS.indexOf(verdict);
    this.all = run.scenarios.map((scenario, place) => ({ ...scenario, place }))
      .sort((a, b) => order(a) - order(b) || a.place - b.place);
    const counts = new Map();
    for (const { verdict } of this.all) counts.set(verdict, (counts.get(verdict) ?? 0) + 1);
    for (const verdict of VERDICTS.filter((one) => counts.has(one))) {
      const button = make('button', { type: 'button', class: `verdict ${verdict}`, 'aria-pressed': 'false' },
        make('b', {}, String(counts.get(verdict))), ` ${verdict}`);
      button.addEventListener('click', () => {
        if (!this.#wanted.delete(verdict)) this.#wanted.add(verdict);
        button.setAttribute('aria-pressed', String(this.#wanted.has(verdict)));
        this.#fill();
      });
      this.#filters.append(button);
    }
    const both = make('div', { class: 'both', id: 'scenarios' }, this.#list, this.#about);
    const fold = make('button', { type: 'button', class: 'sum', 'aria-expanded': 'true', 'aria-controls': 'scenarios' },
      inShort(counts));
    fold.addEventListener('click', () => {
      both.hidden = !both.hidden;
      fold.setAttribute('aria-expanded', String(!both.hidden));
    });
    this.element = make('section', { class: 'run', 'aria-label': 'Results of the scenarios' },
      make('div', { class: 'head' }, fold, this.#filters, this.#search), both);
    this.#search.addEventListener('input', () => this.#fill());
    this.#list.addEventListener('click', ({ target }) => {
      const row = target.closest('[data-place]');
      if (row) this.select(Number(row.dataset.place));
    });
    this.#list.addEventListener('keydown', (event) => this.#key(event));
    this.#fill();
  }

  #fill() {
    const words = this.#search.value.toLowerCase().split(/\s+/).filter(Boolean);
    this.shown = this.all.filter((scenario) => {
      if (this.#wanted.size > 0 && !this.#wanted.has(scenario.verdict)) return false;
      const text = [scenario.name, scenario.row?.values, scenario.file, ids(scenario), ...scenario.covers].join(' ').toLowerCase();
      return words.every((word) => text.includes(word));
    });
    this.#list.replaceChildren(...this.shown.map((scenario) => make('div', {
      class: 'scenario', role: 'option', id: `scenario-${scenario.place}`, 'data-place': scenario.place,
      'aria-selected': String(scenario === this.selected),
    },
    make('span', { class: `verdict ${scenario.verdict}` }, scenario.verdict),
    make('span', { class: 'name' }, scenario.row ? `${scenario.name} [${scenario.row.values}]` : scenario.name),
    make('span', { class: 'ids' }, ids(scenario)),
    make('span', { class: 'took' }, spell(scenario.duration_ms)))));
  }

  #key(event) {
    if (event.key === 'Enter') this.entered?.();
    const at = this.shown.indexOf(this.selected);
    const to = { ArrowDown: at + 1, j: at + 1, ArrowUp: at - 1, k: at - 1, Home: 0, End: this.shown.length - 1 }[event.key];
    if (to === undefined || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    event.stopPropagation();
    const next = this.shown[Math.max(0, Math.min(this.shown.length - 1, to))];
    if (next) this.select(next.place);
  }

  /** The place of the one to begin with: the worst. */
  get first() {
    return this.all[0]?.place;
  }

  select(place) {
    this.selected = this.all.find((scenario) => scenario.place === place);
    if (!this.selected) return;
    for (const row of this.#list.children) {
      row.setAttribute('aria-selected', String(Number(row.dataset.place) === place));
    }
    const row = this.#list.querySelector(`#scenario-${place}`);
    if (row) {
      this.#list.setAttribute('aria-activedescendant', row.id);
      const [top, bottom] = [row.offsetTop, row.offsetTop + row.offsetHeight];
      if (top < this.#list.scrollTop) this.#list.scrollTop = top;
      else if (bottom > this.#list.scrollTop + this.#list.clientHeight) this.#list.scrollTop = bottom - this.#list.clientHeight;
    }
    const { selected } = this;
    const said = selected.reason !== undefined && !selected.failures.some(({ seen }) => seen === selected.reason);
    this.#about.replaceChildren(
      make('h2', {}, make('span', { class: `verdict ${selected.verdict}` }, selected.verdict), ` ${selected.name}`),
      facts([
        ['file', `${selected.file}:${selected.line}`], ['values', selected.row?.values],
        ['why', said ? selected.reason : undefined], ...selected.notes.map(({ text }) => ['note', text]),
        ['covers', selected.failures.length > 0 ? undefined : selected.covers.join(', ')],
      ]),
      ...selected.failures.map((one) => failure(one, selected.verdict)),
    );
    this.chosen(selected);
  }

  /** What failed, as rows of the time line. */
  marks() {
    const { verdict, failures = [] } = this.selected ?? {};
    return failures.map((one) => ({
      at: one.at_ms, verdict, level: one.level === 'must' ? 'error' : 'warning', failure: one,
      text: `expected ${one.expected}; actual: ${one.seen}`,
    }));
  }
}

function ids({ failures, covers }) {
  const broken = failures.flatMap(({ requirements }) => requirements.map(({ id }) => id));
  return [...new Set(broken.length > 0 ? broken : covers)].join(', ');
}
