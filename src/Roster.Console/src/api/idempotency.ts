import type { Call } from './http';

/** Gives writes their `Idempotency-Key`. */
export interface Idempotency {
  /**
   * The call with a key, if it is one that the server carries out once by it.
   *
   * @param shown What the person sees of what is written. Read anew, it makes the same call another one.
   */
  readonly withKey: (request: Call, shown?: unknown) => Call;
  /** The next call has a new key: the last one succeeded, or what it was about is looked at anew. */
  readonly drop: () => void;
}

/**
 * Calls that take a key. To erase has none: it is done once anyway, and the first answer may say that imports have
 * something left of the partner, which a repeated one would not say again.
 */
const once = /^\/api\/(partners(?!\/erase)|changesets)\b/;

/**
 * One form's keys. The same write that is sent again has the same key until it has succeeded: no failure says whether an
 * answer before it was lost, and the server takes a key that it refused as new. A key does not live longer than what the
 * person means by it. Else the same call that is meant later, such as to delete a partner that a colleague has restored,
 * would get the answer of the first one and do nothing. So each form has its own, and forgets it when it closes.
 */
export function idempotencyOf(newKey: () => string = randomKey): Idempotency {
  let sent: { readonly text: string; readonly shown: unknown; readonly key: string } | null = null;
  return {
    withKey: (request, shown) => {
      const { method = 'GET', path, body, headers } = request;
      if (method === 'GET' || !once.test(path)) return request;
      const text = JSON.stringify([method, path, body]);
      if (sent?.text !== text || sent.shown !== shown) sent = { text, shown, key: newKey() };
      return { ...request, headers: { ...headers, 'Idempotency-Key': sent.key } };
    },
    drop: () => {
      sent = null;
    },
  };
}

/** Not `randomUUID`, which browsers have with HTTPS only. */
function randomKey(): string {
  return Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, '0')).join('');
}
