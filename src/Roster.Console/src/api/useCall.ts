import { useCallback, useEffect, useRef, useState } from 'react';
import { storeOf, useStore } from '../store';
import { type Answer, type Call, CallError, call } from './http';
import { idempotencyOf } from './idempotency';

/**
 * Answers to GET that pages have read, by address: at most 50, the least recently used is forgotten. A page shows the
 * last answer at once and asks anew. Each write empties it, since nobody knows here what a write changed.
 */
const kept = new Map<string, Answer<unknown>>();
const most = 50;

const writesDone = storeOf(0);

/** Called after each write: what pages show is read again. */
export function forgetAnswers(): void {
  kept.clear();
  writesDone.set(writesDone.get() + 1);
}

/** What a write is told where its partner was changed or deleted by somebody else. */
const outdated: readonly string[] = ['changed_since', 'partner_not_found'];

/** After a write that was refused because what is shown is old: it is read again. */
export function useReadAgain(refusal: CallError | null): void {
  useEffect(() => {
    if (refusal?.problem?.details?.some((fault) => outdated.includes(fault.code)) === true) forgetAnswers();
  }, [refusal]);
}

/** Counts the writes of this tab, for lists that keep pages of their own. */
export function useWrites(): number {
  return useStore(writesDone);
}

export interface Reading<T> {
  readonly answer: Answer<T> | null;
  readonly error: CallError | null;
  /** Whether there is nothing to show yet. */
  readonly isLoading: boolean;
  /** Whether a call runs, also where there is an older answer. */
  readonly isReading: boolean;
  readonly again: () => void;
}

/** Reads from the API what a page shows; null reads nothing. */
export function useCall<T>(path: string | null): Reading<T> {
  const writes = useWrites();
  const [state, setState] = useState<State<T>>({ path: null, key: '', answer: null, error: null });
  const [tries, setTries] = useState(0);
  const again = useCallback(() => setTries((count) => count + 1), []);
  const key = `${writes} ${tries}`;
  useEffect(() => {
    if (path === null) return;
    const end = new AbortController();
    const before = writesDone.get();
    call<T>({ path }, end.signal).then(
      (answer) => {
        if (end.signal.aborted) return;
        // An answer from before a write is old.
        if (writesDone.get() === before) {
          kept.delete(path);
          kept.set(path, answer);
          if (kept.size > most) kept.delete(kept.keys().next().value as string);
        }
        setState({ path, key, answer, error: null });
      },
      (error: unknown) => {
        if (!(error instanceof CallError) || end.signal.aborted) return;
        // What was read before stays on the screen, with a form that is open on it, unless it is not there any more.
        const isGone = error.status === 403 || error.status === 404;
        setState((before) => ({ path, key, answer: before.path === path && !isGone ? before.answer : null, error }));
      },
    );
    return () => end.abort();
  }, [path, key]);
  const answer = state.path === path ? state.answer : path === null ? null : ((kept.get(path) as Answer<T>) ?? null);
  const error = state.path === path ? state.error : null;
  const isReading = path !== null && (state.path !== path || state.key !== key);
  return { answer, error, isLoading: path !== null && answer === null && error === null, isReading, again };
}

interface State<T> {
  readonly path: string | null;
  /** Of which write and try it is. */
  readonly key: string;
  readonly answer: Answer<T> | null;
  readonly error: CallError | null;
}

export interface Writing {
  readonly isRunning: boolean;
  readonly error: CallError | null;
  /**
   * Makes the call. Null if it failed; `error` then says why.
   *
   * @param shown What the person sees of what is written, if it can be read anew while the form is open.
   */
  readonly run: <T>(request: Call, shown?: unknown) => Promise<Answer<T> | null>;
  /** Forgets the failure: what the write is about is looked at anew. */
  readonly clear: () => void;
}

/** Makes a write. While one runs, another is not begun. One whose answer was lost can be made again, and is done once. */
export function useWrite(): Writing {
  const [isRunning, setIsRunning] = useState(false);
  const [error, setError] = useState<CallError | null>(null);
  const busy = useRef(false);
  const idempotency = useRef(idempotencyOf());
  const run = useCallback(async <T>(request: Call, shown?: unknown): Promise<Answer<T> | null> => {
    if (busy.current) return null;
    busy.current = true;
    setIsRunning(true);
    setError(null);
    try {
      const answer = await call<T>(idempotency.current.withKey(request, shown));
      idempotency.current.drop();
      if (!request.path.includes('dryRun=true')) forgetAnswers();
      return answer;
    } catch (failure) {
      if (!(failure instanceof CallError)) throw failure;
      // What the first answer was about is erased since: made again, it is another write.
      if (failure.status === 410) idempotency.current.drop();
      setError(failure);
      return null;
    } finally {
      busy.current = false;
      setIsRunning(false);
    }
  }, []);
  const clear = useCallback(() => {
    idempotency.current.drop();
    setError(null);
  }, []);
  return { isRunning, error, run, clear };
}
