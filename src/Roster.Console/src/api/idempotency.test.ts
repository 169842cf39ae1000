import { expect, it } from 'vitest';
import { type Call, CallError } from './http';
import { idempotencyOf } from './idempotency';

const create: Call = { method: 'POST', path: '/api/partners', body: [{ name: 'Ada' }] };

function counted() {
  let count = 0;
  const idempotency = idempotencyOf(() => `key ${++count}`);
  return { ...idempotency, keyOf: (request: Call) => idempotency.withKey(request).headers?.['Idempotency-Key'] };
}

it.each([0, 502, 503, 504])('a write whose answer was lost (%d) is sent again with the same key', (status) => {
  const { keyOf, ended } = counted();
  expect(keyOf(create)).toBe('key 1');
  ended(new CallError(status, null));
  expect(keyOf(create)).toBe('key 1');
  ended(null);
  expect(keyOf(create)).toBe('key 2');
});

it('a write that was refused, or is another one, has a new key', () => {
  const { keyOf, ended } = counted();
  expect(keyOf(create)).toBe('key 1');
  ended(new CallError(400, null));
  expect(keyOf(create)).toBe('key 2');
  ended(new CallError(0, null));
  expect(keyOf({ ...create, body: [{ name: 'Grace' }] })).toBe('key 3');
});

it('only calls that take a key have one', () => {
  const { keyOf } = counted();
  expect(keyOf({ path: '/api/partners' })).toBeUndefined();
  expect(keyOf({ method: 'POST', path: '/api/keys', body: {} })).toBeUndefined();
  expect(keyOf({ method: 'POST', path: '/api/changesets/7/undo' })).toBe('key 1');
});

it('keys differ, and are as the server takes them', () => {
  const first = idempotencyOf().withKey(create).headers?.['Idempotency-Key'];
  expect(first).toMatch(/^[0-9a-f]{32}$/);
  expect(idempotencyOf().withKey(create).headers?.['Idempotency-Key']).not.toBe(first);
});
