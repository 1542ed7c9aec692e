import { Chart } from './chart.js';
import { History } from './history.js';
import { Log } from './log.js';
import { perform } from './perform.js';
import { SourceList } from './source-list.js';

const byId = (id) => document.getElementById(id);
const number = (value) => Math.round(value).toLocaleString('en');

const history = new History();
const sources = new SourceList(byId('sources'), (source) => {
  const path = [source.kind, source.name].map(encodeURIComponent).join('/');
  return perform('DELETE', `sources/${path}`);
});
const log = new Log(byId('log'), byId('announcer'));
const rates = new Chart(byId('rates'), draw);
const queue = new Chart(byId('queue'), draw);

// A browser reconnects by itself, and the server then tells what it has missed.
const stream = new EventSource('snapshots');
stream.onerror = () => connection('waiting', 'No server. Retrying');
stream.onmessage = ({ data }) => {
  const snapshot = JSON.parse(data);
  if (!history.add(snapshot)) return;
  log.add(snapshot.logEntries);
  schedule();
};

// The minute before comes all at once, and is shown once.
let isScheduled = false;
function schedule() {
  if (isScheduled) return;
  isScheduled = true;
  setTimeout(() => {
    isScheduled = false;
    show();
  });
}

function show() {
  const { isConnected, stats, capacity, workers, missed, arriving, working, ...now } = history.last;
  if (isConnected) connection('connected', 'Connected');
  else connection('lost', 'Connection lost. Reconnecting');
  byId('workers').textContent = ['No', 'One', 'Two', 'Three', 'Four'][workers] ?? workers;
  byId('arriving').textContent = number(arriving);
  byId('working').textContent = number(working);
  byId('waiting').textContent = number(stats.buffered);
  byId('capacity').textContent = `of ${number(capacity)}`;
  byId('fill').style.inlineSize = `${(stats.buffered / capacity) * 100}%`;
  const isOpen = (kind) => history.bands.some((band) => band.kind === kind && band.until === undefined);
  byId('flow').dataset.drops = isOpen('overflow');
  byId('flow').dataset.gap = isOpen('gap');
  byId('dropped').textContent = number(stats.dropped);
  byId('gaps').textContent = number(stats.gaps);
  byId('missed').textContent = missed > 0 ? `${number(missed)} missed` : '';
  showWork(now.workTime, workers);
  sources.show(now.sources, now.rates);
  draw();
}

function draw() {
  const { last, points, bands } = history;
  const labelled = bands.map((band) => ({ ...band, label: labelOf(band, last.at) }));
  const names = new Map(points.flatMap((point) => point.sources.map(({ id, name }) => [id, name])));
  const lines = [...names].map(([id, name]) => ({
    id,
    name,
    style: sources.styleOf(id),
    valueOf: (point) => point.rates.get(id),
  }));
  const empty = last ? 'No channel sends messages' : 'Waiting for the first numbers';
  rates.draw(points, lines, labelled, { top: 40, unit: '/s', empty });
  const capacity = last?.capacity ?? 1;
  const depth = { id: 'depth', name: 'waiting', style: { className: 'depth' }, area: true };
  queue.draw(points, [{ ...depth, valueOf: ({ stats }) => stats.buffered }], labelled, {
    top: capacity * 1.04,
    limit: { value: capacity, name: `max ${number(capacity)}` },
    unit: '',
    empty,
  });
}

function labelOf({ kind, from, until, dropped }, now) {
  if (kind === 'overflow') return `${number(dropped)} dropped`;
  return `gap ${(((until ?? now) - from) / 1_000).toFixed(1)} s`;
}

function connection(state, text) {
  const pill = byId('connection');
  if (pill.textContent === text) return;
  pill.dataset.state = state;
  pill.textContent = text;
}

const work = byId('work');
let isSliding = false;
function showWork(workTime, workers) {
  // Another browser may have moved it.
  if (!isSliding) work.value = workTime;
  const pace = number((workers * 1_000) / Number(work.value));
  byId('pace').textContent = `${work.value} ms: ${pace}/s at most`;
}
work.addEventListener('input', () => {
  isSliding = true;
  if (history.last) showWork(undefined, history.last.workers);
});
work.addEventListener('change', async () => {
  await perform('PUT', 'work', { workTime: Number(work.value) });
  isSliding = false;
});

byId('burst').addEventListener('click', () => perform('POST', 'burst'));
byId('kill').addEventListener('click', () => perform('POST', 'kill'));
byId('add').addEventListener('submit', async (event) => {
  event.preventDefault();
  const form = event.currentTarget;
  const name = form.elements.name.value.trim();
  const kind = /[*?[]/.test(name) ? 'pattern' : 'channel';
  if (await perform('POST', 'sources', { kind, name })) form.reset();
});
