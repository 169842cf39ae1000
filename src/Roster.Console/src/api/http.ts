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

/** What failed, as a CallError: anything else is taken for a server that did not answer. */
export function asCallError(failure: unknown): CallError {
  return failure instanceof CallError ? failure : new CallError(0, null);
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

let isHeld = false;

/**
 * While this browser is signed in as somebody else than this page shows, nothing is asked or written: it would be theirs.
 * The events of an import that is being followed are, but an import of theirs has another id.
 */
export function holdCalls(held: boolean): void {
  isHeld = held;
}

/** Throws where no calls are made now; for an upload, too. */
export function refuseHeld(): void {
  if (isHeld) throw new CallError(401, null);
}

/** Makes a call and gives the answer as it comes. Throws a CallError, or an AbortError if the signal ended it. */
export async function send(request: Call, signal?: AbortSignal): Promise<Response> {
  const { method = 'GET', path, body } = request;
  if (path !== '/api/session') refuseHeld();
  const isBlob = body instanceof Blob;
  const response = await orOffline(
    fetch(path, {
      method,
      headers: {
        ...(method === 'GET' ? {} : fromConsole),
        ...(body === undefined || isBlob ? {} : { 'Content-Type': 'application/json' }),
        ...request.headers,
      },
      ...(body === undefined ? {} : { body: isBlob ? body : JSON.stringify(body) }),
      ...(signal === undefined ? {} : { signal }),
    }),
  );
  if (response.ok) return response;
  const problem = isJson(response) ? await orOffline<Problem>(response.json()) : null;
  if (response.status === 401 && path !== '/api/session') onSessionEnd();
  throw new CallError(response.status, problem);
}

/** Makes a call that answers in JSON, or with nothing. Throws as `send` does. */
export async function call<T>(request: Call, signal?: AbortSignal): Promise<Answer<T>> {
  const response = await send(request, signal);
  const data = isJson(response) ? await orOffline<T>(response.json()) : undefined;
  return { status: response.status, data: data as T, headers: response.headers };
}

function isJson(response: Response): boolean {
  return response.headers.get('Content-Type')?.includes('json') === true;
}

/** A connection that cannot be made, or breaks off in the middle of an answer, is a server that did not answer. */
async function orOffline<T>(work: Promise<T>): Promise<T> {
  try {
    return await work;
  } catch (failure) {
    if (failure instanceof DOMException && failure.name === 'AbortError') throw failure;
    throw new CallError(0, null);
  }
}

/**
 * Saves an answer as a file. The browser holds it until it is saved, and not this page's memory. A link cannot do it,
 * since it cannot say what is accepted.
 */
export async function saveAs(
  name: string,
  path: string,
  accept: string,
  onReceived: (bytes: number) => void = () => undefined,
): Promise<void> {
  const response = await send({ path, headers: { Accept: accept } });
  let bytes = 0;
  const counter = new TransformStream<Uint8Array<ArrayBuffer>, Uint8Array<ArrayBuffer>>({
    transform: (part, controller) => {
      bytes += part.length;
      onReceived(bytes);
      controller.enqueue(part);
    },
  });
  const link = document.createElement('a');
  const counted = new Response(response.body?.pipeThrough(counter));
  link.href = URL.createObjectURL(await orOffline(counted.blob()));
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
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
