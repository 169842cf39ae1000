import type { Problem } from './generated';

/** A call of the API, as it is made and as it is shown under "As curl". */
export interface Call {
  readonly method?: 'GET' | 'PUT' | 'POST' | 'PATCH' | 'DELETE';
  /** Such as `/api/partners?take=100`. */
  readonly path: string;
  /** Sent as JSON; a Blob is sent as it is. */
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
}

export interface Answer<T> {
  readonly status: number;
  readonly data: T;
  readonly headers: Headers;
}

/** An answer that is an error, or no answer at all: then `problem` is null. */
export class CallError extends Error {
  constructor(
    readonly status: number,
    readonly problem: Problem | null,
  ) {
    super(problem?.title ?? 'The server did not answer.');
  }

  get code(): string {
    return this.problem?.code ?? 'offline';
  }

  get isOffline(): boolean {
    return this.status === 0;
  }
}

/** The header that tells the server that a write comes from these pages. */
export const fromConsole = { 'Roster-Console': '1' };

let onSessionEnd: () => void = () => undefined;

/** What is done when a call finds that the session has ended. The call still fails, and its form keeps what was typed. */
export function whenSessionEnds(listener: () => void): void {
  onSessionEnd = listener;
}

/** For an upload, which is not made by `call`: its answer was 401. */
export function endSession(): void {
  onSessionEnd();
}

/** Makes a call. Throws a CallError, or an AbortError if the signal ended it. */
export async function call<T>(request: Call, signal?: AbortSignal): Promise<Answer<T>> {
  const { method = 'GET', path, body } = request;
  const isBlob = body instanceof Blob;
  let response: Response;
  try {
    response = await fetch(path, {
      method,
      headers: {
        ...(method === 'GET' ? {} : fromConsole),
        ...(body === undefined || isBlob ? {} : { 'Content-Type': 'application/json' }),
        ...request.headers,
      },
      ...(body === undefined ? {} : { body: isBlob ? body : JSON.stringify(body) }),
      ...(signal === undefined ? {} : { signal }),
    });
  } catch (failure) {
    if (failure instanceof DOMException && failure.name === 'AbortError') throw failure;
    throw new CallError(0, null);
  }
  const type = response.headers.get('Content-Type') ?? '';
  if (!response.ok) {
    const problem = type.includes('json') ? ((await response.json()) as Problem) : null;
    if (response.status === 401 && path !== '/api/session') onSessionEnd();
    throw new CallError(response.status, problem);
  }
  const data = type.includes('json') ? await response.json() : undefined;
  return { status: response.status, data: data as T, headers: response.headers };
}

/** A path with a query; parameters that are undefined or empty are left out. */
export function withQuery(path: string, query: Record<string, string | number | boolean | undefined>): string {
  const text = new URLSearchParams(
    Object.entries(query).flatMap(([name, value]) =>
      value === undefined || value === '' ? [] : [[name, String(value)]],
    ),
  ).toString();
  return text === '' ? path : `${path}?${text}`;
}

/** The next page's address, from the Link header. */
export function nextOf(headers: Headers): string | null {
  return /<([^>]+)>; *rel="next"/.exec(headers.get('Link') ?? '')?.[1] ?? null;
}

/** A number that an answer has in a header, such as Roster-Created. */
export function numberIn(headers: Headers, name: string): number | null {
  const text = headers.get(name);
  return text === null ? null : Number(text);
}
