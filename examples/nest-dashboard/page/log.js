const MOST = 40;
/** The text that a screen reader announces by itself. */
const ANNOUNCED = new Set(['gap', 'overflow', 'disconnected', 'refused']);
/** Milliseconds: what is older was there before this page. */
const RECENT = 2_000;

/** The log of events, the newest first. */
export class Log {
  #list;
  #announcer;

  constructor(list, announcer) {
    this.#list = list;
    this.#announcer = announcer;
  }

  add(logEntries) {
    for (const logEntry of logEntries) {
      this.#list.prepend(entryOf(logEntry));
      this.#list.children[MOST]?.remove();
    }
    const announced = logEntries.filter(({ type, at }) => ANNOUNCED.has(type) && at > Date.now() - RECENT);
    if (announced.length > 0) this.#announcer.textContent = announced.map(({ text }) => text).join(' ');
  }
}

function entryOf({ type, cause, at, text }) {
  const entry = document.createElement('li');
  entry.dataset.type = type;
  if (cause) entry.dataset.cause = cause;
  const time = document.createElement('time');
  time.dateTime = new Date(at).toISOString();
  time.textContent = new Date(at).toLocaleTimeString('en-GB');
  entry.append(time, text);
  return entry;
}
