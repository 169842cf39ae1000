import { expect, it } from 'vitest';
import { allRowsPath, leaveRows, noTrail, pageBefore, rowsHref, rowsPath, withPage } from './rows';

it('asks for the rows that the address of the page names', () => {
  expect(rowsPath('7', new URLSearchParams())).toBe('/api/imports/7/rows?take=50');
  const query = new URLSearchParams('change=faulty&q=a%20b&cursor=next');
  expect(rowsPath('7', query)).toBe('/api/imports/7/rows?faulty=true&q=a+b&take=50&cursor=next');
  expect(allRowsPath('7', query)).toBe('/api/imports/7/rows?faulty=true&q=a+b');
  expect(allRowsPath('7', new URLSearchParams('change=nothing'))).toBe('/api/imports/7/rows');
  expect(allRowsPath('7', new URLSearchParams('change=created'))).toBe('/api/imports/7/rows?change=created');
});

it('leads back to the rows as they were left', () => {
  expect(rowsHref('8')).toBe('/imports/8/preview');
  leaveRows('8', new URLSearchParams('change=faulty'));
  expect(rowsHref('8')).toBe('/imports/8/preview?change=faulty');
  for (let id = 100; id < 120; id++) leaveRows(String(id), new URLSearchParams());
  expect(rowsHref('8')).toBe('/imports/8/preview');
});

it('knows the page before each that was turned to, wherever the browser goes', () => {
  const turned = withPage(withPage(withPage(noTrail, '/a', undefined, '1.0'), '/a', '1.0', '2.0'), '/a', '2.0', '3.0');
  const before = (path: string, cursor?: string) => pageBefore(turned, path, cursor);
  expect([before('/a', '3.0'), before('/a', '2.0')]).toEqual(['2.0', '1.0']);
  expect([before('/a'), before('/a', '1.0'), before('/b', '3.0')]).toEqual([undefined, undefined, undefined]);
});
