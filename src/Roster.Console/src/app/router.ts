import { storeOf, useStore } from '../store';

/** Where the pages are: `/console/` and below. A path here is what follows it, such as `/partners`. */
const base = '/console';

export interface Place {
  /** Such as `/imports/01a2…`, without the base. */
  readonly path: string;
  readonly query: URLSearchParams;
}

const place = storeOf(read());

function read(): Place {
  const path = window.location.pathname;
  return {
    path: path.startsWith(base) ? path.slice(base.length) || '/' : '/',
    query: new URLSearchParams(window.location.search),
  };
}

function changed(): void {
  place.set(read());
}

window.addEventListener('popstate', changed);

/** The address of a page, for links. */
export function hrefOf(path: string, query?: URLSearchParams | Record<string, string>): string {
  const text = new URLSearchParams(query).toString();
  return base + path + (text === '' ? '' : `?${text}`);
}

/**
 * Goes to a page. With `replace` the present page leaves no entry in the browser's history: for searches and filters,
 * which change with each key.
 */
export function go(href: string, options: { replace?: boolean } = {}): void {
  const target = href.startsWith(base) ? href : base + href;
  if (options.replace === true) window.history.replaceState(null, '', target);
  else window.history.pushState(null, '', target);
  changed();
}

/** Changes some parameters of the present page's query; null removes one. */
export function setQuery(
  changes: Record<string, string | readonly string[] | null>,
  options = { replace: true },
): void {
  const query = new URLSearchParams(place.get().query);
  for (const [name, value] of Object.entries(changes)) {
    query.delete(name);
    if (typeof value === 'string') query.set(name, value);
    else for (const one of value ?? []) query.append(name, one);
  }
  go(hrefOf(place.get().path, query), options);
}

export function usePlace(): Place {
  return useStore(place);
}

/** The parts of a path: `/imports/7/rows` is `['imports', '7', 'rows']`. */
export function partsOf(path: string): string[] {
  return path
    .split('/')
    .filter((part) => part !== '')
    .map(decodeURIComponent);
}
