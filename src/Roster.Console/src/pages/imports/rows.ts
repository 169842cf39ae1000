import { withQuery } from '../../api/http';

export const filters = ['all', 'created', 'updated', 'unchanged', 'deleted', 'faulty', 'skipped'] as const;
export type Filter = (typeof filters)[number];

const take = 50;

/** Which rows the address of the page asks for. */
export function rowsIn(query: URLSearchParams): { filter: Filter; q: string; cursor: string | undefined } {
  return {
    filter: filters.find((one) => one === query.get('change')) ?? 'all',
    q: query.get('q') ?? '',
    cursor: query.get('cursor') ?? undefined,
  };
}

/** The call for all rows that the page's address asks for. */
export function allRowsPath(id: string, query: URLSearchParams): string {
  return withQuery(`/api/imports/${id}/rows`, parametersOf(query));
}

/** The call for the page of rows that is shown. */
export function rowsPath(id: string, query: URLSearchParams): string {
  return withQuery(`/api/imports/${id}/rows`, { ...parametersOf(query), take, cursor: rowsIn(query).cursor });
}

function parametersOf(query: URLSearchParams) {
  const { filter, q } = rowsIn(query);
  return {
    change: filter === 'all' || filter === 'faulty' ? undefined : filter,
    faulty: filter === 'faulty' ? true : undefined,
    q,
  };
}

/** The cursor of the page before each page that was turned to, by the address of its rows and its own cursor. */
export type Trail = ReadonlyMap<string, string>;

export const noTrail: Trail = new Map();

/** The trail after the next page is turned to. The first page has no cursor, and a way of its own. */
export function withPage(trail: Trail, path: string, cursor: string | undefined, next: string): Trail {
  return cursor === undefined ? trail : new Map(trail).set(`${path} ${next}`, cursor);
}

/** The cursor of the page before one, as far as it was turned through; also after the browser's Back. */
export function pageBefore(trail: Trail, path: string, cursor: string | undefined): string | undefined {
  return trail.get(`${path} ${cursor}`);
}

/** The filter, search and page of an import's rows as they were left, to come back to. At most 20 imports. */
const left = new Map<string, string>();

export function leaveRows(id: string, query: URLSearchParams): void {
  left.delete(id);
  left.set(id, query.toString());
  if (left.size > 20) left.delete(left.keys().next().value as string);
}

export function rowsHref(id: string): string {
  const query = left.get(id) ?? '';
  return `/imports/${id}/preview${query === '' ? '' : `?${query}`}`;
}
