import { expect, test } from 'vitest';
import { browserIn, endingsWithin, endOf, hostnamesIn, isEnded, isIdle } from './grants';

const now = Date.parse('2026-11-27T12:00:00Z');

test('host names are divided by lines, commas and spaces, and each is there once', () => {
  expect(hostnamesIn(' a.example.com,\n*.b.org  a.example.com، c.net')).toEqual(['a.example.com', '*.b.org', 'c.net']);
  expect(hostnamesIn(' \n')).toEqual([]);
});

test('a key is idle after 90 days without use, or 90 days after it was made', () => {
  expect(isIdle({ createdAt: '2026-08-01T00:00:00Z', lastUsedAt: null }, now)).toBe(true);
  expect(isIdle({ createdAt: '2026-01-01T00:00:00Z', lastUsedAt: '2026-11-01T00:00:00Z' }, now)).toBe(false);
});

test('a key has ended when it is revoked or expired', () => {
  expect(isEnded({ revokedAt: null, expiresAt: null }, now)).toBe(false);
  expect(isEnded({ revokedAt: null, expiresAt: '2026-11-27T12:00:00Z' }, now)).toBe(true);
  expect(isEnded({ revokedAt: '2026-11-20T00:00:00Z', expiresAt: null }, now)).toBe(true);
});

test('endings become times, and those after the own end are left out', () => {
  expect(endOf('30', '', now)).toBe('2026-12-27T12:00:00.000Z');
  expect(endOf('never', '', now)).toBeNull();
  expect(endOf('day', '2027-01-01', now)).toBe('2027-01-01');
  expect(endingsWithin('2027-01-30T00:00:00Z', now)).toEqual(['30', 'day']);
});

test('browsers are named shortly', () => {
  expect(browserIn('Mozilla/5.0 (Windows NT 10.0) Gecko/20100101 Firefox/145.0')).toBe('Firefox · Windows');
  expect(browserIn('Mozilla/5.0 (iPhone; CPU iPhone OS 18_1 like Mac OS X) Version/18.1 Safari/604.1')).toBe(
    'Safari · iOS',
  );
  expect(browserIn('curl/8.5')).toBe('curl/8.5');
});
