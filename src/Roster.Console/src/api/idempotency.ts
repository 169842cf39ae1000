import type { Call, CallError } from './http';

/** Gives writes their `Idempotency-Key`. */
export interface Idempotency {
  /** The call with a key, if it is one that the server carries out once by it. */
  readonly withKey: (request: Call) => Call;
  /** How the last call ended; null if it succeeded. */
  readonly ended: (failure: CallError | null) => void;
}

/** Calls that take a key. */
const once = /^\/api\/(partners|changesets)\b/;

/**
 * Statuses after which a write may have been carried out, as far as this page can know: no answer at all, or one of a
 * proxy, and the server's own `outcome_unknown`. 409 is one of these only where the first request is still under way.
 */
const uncertain: readonly number[] = [0, 502, 503, 504];

/**
 * One form's keys. The same write that is sent again after an answer was lost has the same key, and is carried out once.
 */
export function idempotencyOf(newKey: () => string = randomKey): Idempotency {
  let sent: { readonly text: string; readonly key: string } | null = null;
  return {
    withKey: (request) => {
      const { method = 'GET', path, body, headers } = request;
      if (method === 'GET' || !once.test(path)) return request;
      const text = JSON.stringify([method, path, body]);
      if (sent?.text !== text) sent = { text, key: newKey() };
      return { ...request, headers: { ...headers, 'Idempotency-Key': sent.key } };
    },
    ended: (failure) => {
      const mayBeDone =
        failure !== null && (uncertain.includes(failure.status) || failure.code === 'idempotency_running');
      if (!mayBeDone) sent = null;
    },
  };
}

/** Not `randomUUID`, which browsers have with HTTPS only. */
function randomKey(): string {
  return Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, '0')).join('');
}
