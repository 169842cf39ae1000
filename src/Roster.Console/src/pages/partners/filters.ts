import { beginOf } from '../../text/language';

/**
 * The filters of the list, as they are in the page's address and, under the same names, in the call of the API. So an
 * address can be sent to a colleague, and "As curl" has nothing to translate but a day, which begins where the reader is.
 */
export interface Filter {
  readonly name: string;
  readonly value: string;
}

const single = ['email', 'phone', 'updatedSince', 'deleted', 'externalId'] as const;

/** Of the address: what the list shows. Parameters that are not about the list are left out. */
export function filtersOf(query: URLSearchParams): Filter[] {
  const filters: Filter[] = [];
  for (const [name, value] of query)
    if (name === 'tag' || name.startsWith('metadata.') || (single as readonly string[]).includes(name))
      filters.push({ name, value });
  return filters;
}

/** The query of `GET /api/partners` for the list of an address, without paging. */
export function listQuery(query: URLSearchParams): URLSearchParams {
  const list = new URLSearchParams();
  const asOf = query.get('asOf');
  if (asOf !== null && asOf !== '') {
    // The past can be listed by creation only, and with no filter but `deleted`.
    list.set('asOf', asOf);
    const deleted = query.get('deleted');
    if (deleted !== null) {
      list.set('deleted', deleted);
      list.set('include', 'deletedAt');
    }
    return list;
  }
  const text = query.get('q')?.trim() ?? '';
  if (text !== '') list.set('q', text);
  for (const { name, value } of filtersOf(query)) list.append(name, name === 'updatedSince' ? beginOf(value) : value);
  if (list.has('deleted')) list.set('include', 'deletedAt');
  const sort = query.get('sort');
  if (sort !== null) list.set('sort', sort);
  return list;
}

/** The query of the list as CSV, with all that it can have: of the past, metadata is only in NDJSON. */
export function csvQuery(list: URLSearchParams): URLSearchParams {
  const query = new URLSearchParams(list);
  const columns = [list.has('deleted') && 'deletedAt', 'tags', !list.has('asOf') && 'metadata'];
  query.set('include', columns.filter(Boolean).join(','));
  return query;
}

export function addFilter(query: URLSearchParams, filter: Filter): URLSearchParams {
  const next = new URLSearchParams(query);
  if (filter.name === 'tag') {
    if (!next.getAll('tag').includes(filter.value)) next.append('tag', filter.value);
  } else next.set(filter.name, filter.value);
  return next;
}

export function removeFilter(query: URLSearchParams, filter: Filter): URLSearchParams {
  const next = new URLSearchParams();
  for (const [name, value] of query) if (name !== filter.name || value !== filter.value) next.append(name, value);
  return next;
}

/** The next order when a column's head is pressed: down, up, and back to the newest first. */
export function nextSort(present: string | null, column: string): string | null {
  if (present === column) return `-${column}`;
  if (present === `-${column}`) return null;
  return column;
}
