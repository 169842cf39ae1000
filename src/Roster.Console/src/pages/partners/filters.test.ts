import { describe, expect, it, vi } from 'vitest';
import { addFilter, csvQuery, filtersOf, listQuery, nextSort, removeFilter } from './filters';

describe('The list of an address', () => {
  it('has its search, filters and order, and nothing that is not about the list', () => {
    const query = new URLSearchParams('q=+ada &tag=gold&metadata.region=emea&email=*&partner=7&sort=name');
    expect(listQuery(query).toString()).toBe('q=ada&tag=gold&metadata.region=emea&email=*&sort=name');
  });

  it('begins a day where the reader is, and leaves a time as it is', () => {
    vi.stubEnv('TZ', 'Asia/Riyadh');
    const since = (text: string) => listQuery(new URLSearchParams({ updatedSince: text })).get('updatedSince');
    expect(since('2026-11-29')).toBe('2026-11-28T21:00:00.000Z');
    expect(since('2026-11-29T01:30:00Z')).toBe('2026-11-29T01:30:00Z');
    expect(since('yesterday')).toBe('yesterday');
    vi.unstubAllEnvs();
  });

  it('has in the past only what the API can list there', () => {
    expect(listQuery(new URLSearchParams('q=ada&asOf=12&sort=name&deleted=only')).toString()).toBe(
      'asOf=12&deleted=only&include=deletedAt',
    );
  });

  it('is written as CSV with what the API can write there', () => {
    expect(csvQuery(new URLSearchParams('q=ada')).get('include')).toBe('tags,metadata');
    expect(csvQuery(new URLSearchParams('deleted=true')).get('include')).toBe('deletedAt,tags,metadata');
    expect(csvQuery(new URLSearchParams('asOf=12')).toString()).toBe('asOf=12&include=tags');
    expect(csvQuery(new URLSearchParams('asOf=12&deleted=only')).get('include')).toBe('deletedAt,tags');
  });

  it('keeps several tags, each once, and one value of everything else', () => {
    let query = new URLSearchParams('tag=gold');
    query = addFilter(query, { name: 'tag', value: 'new' });
    query = addFilter(query, { name: 'tag', value: 'gold' });
    query = addFilter(query, { name: 'email', value: '*' });
    query = addFilter(query, { name: 'email', value: '' });
    expect(query.toString()).toBe('tag=gold&tag=new&email=');
  });

  it('loses the filter whose chip is closed, and no other', () => {
    const query = removeFilter(new URLSearchParams('tag=gold&tag=new&q=ada'), { name: 'tag', value: 'gold' });
    expect(filtersOf(query)).toEqual([{ name: 'tag', value: 'new' }]);
    expect(query.get('q')).toBe('ada');
  });

  it('is ordered by a column, then the other way round, then by creation again', () => {
    expect(nextSort(null, 'name')).toBe('name');
    expect(nextSort('name', 'name')).toBe('-name');
    expect(nextSort('-name', 'name')).toBeNull();
    expect(nextSort('-name', 'updatedAt')).toBe('updatedAt');
  });
});
