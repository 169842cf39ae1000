import { expect, it } from 'vitest';
import type { Call } from './http';
import { idempotencyOf } from './idempotency';

const create: Call = { method: 'POST', path: '/api/partners', body: [{ name: 'Ada' }] };

function counted() {
  let count = 0;
  const idempotency = idempotencyOf(() => `key ${++count}`);
  return {
    ...idempotency,
    keyOf: (request: Call, shown?: unknown) => idempotency.withKey(request, shown).headers?.['Idempotency-Key'],
  };
}

it('the same write has the same key until it has succeeded, whatever the failures between say', () => {
  const { keyOf, drop } = counted();
  expect(keyOf(create)).toBe('key 1');
  expect(keyOf(create)).toBe('key 1');
  drop();
  expect(keyOf(create)).toBe('key 2');
});

it('another write, or one of values that were read anew, has a new key', () => {
  const { keyOf } = counted();
  const first = { name: 'Ada' };
  expect(keyOf(create, first)).toBe('key 1');
  expect(keyOf({ ...create, body: [{ name: 'Grace' }] }, first)).toBe('key 2');
  expect(keyOf(create, first)).toBe('key 3');
  expect(keyOf(create, first)).toBe('key 3');
  expect(keyOf(create, { ...first })).toBe('key 4');
});

it('only calls that take a key have one', () => {
  const { keyOf } = counted();
  expect(keyOf({ path: '/api/partners' })).toBeUndefined();
  expect(keyOf({ method: 'POST', path: '/api/keys', body: {} })).toBeUndefined();
  expect(keyOf({ method: 'POST', path: '/api/partners/erase', body: ['7'] })).toBeUndefined();
  expect(keyOf({ method: 'POST', path: '/api/changesets/7/undo' })).toBe('key 1');
});

it('keys differ, and are as the server takes them', () => {
  const first = idempotencyOf().withKey(create).headers?.['Idempotency-Key'];
  expect(first).toMatch(/^[0-9a-f]{32}$/);
  expect(idempotencyOf().withKey(create).headers?.['Idempotency-Key']).not.toBe(first);
});
