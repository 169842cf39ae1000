import { expect, it } from 'vitest';
import { allRowsPath, leaveRows, rowsHref, rowsPath } from './rows';

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
