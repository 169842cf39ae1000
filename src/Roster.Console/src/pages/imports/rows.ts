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
