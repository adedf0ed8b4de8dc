// What a driver prints: one JSON object a line, normalised so that two runs of the same story are equal.

const SASL = 'urn:ietf:params:xml:ns:xmpp-sasl';
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

function withoutText(node) {
  return node.nodeType === 1 ? canonical(node) : '…';
}

function escape(text) {
  return text.replace(/[&<>']/g, (c) => ({ '&': '&amp;', '<': '&lt;', '>': '&gt;', "'": '&apos;' })[c]);
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
  return found;
}
