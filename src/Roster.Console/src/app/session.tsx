import { createContext, type ReactNode, useCallback, useContext, useEffect, useMemo, useState } from 'react';
import type { Session } from '../api/generated';
import { asCallError, type CallError, call, whenSessionEnds } from '../api/http';
import { forgetAnswers } from '../api/useCall';
import { dropToasts, showFailure } from './toasts';

export type Scope = Session['scopes'][number];

export type Door = { readonly link: string } | { readonly key: string };

export interface SessionState {
  /** Null before anybody has signed in. It stays while a session that has ended is renewed. */
  readonly session: Session | null;
  readonly isLoading: boolean;
  /** Whether the session has ended under the page: its forms stay, and a dialog asks to sign in again. */
  readonly hasEnded: boolean;
  readonly error: CallError | null;
  readonly signIn: (door: Door) => Promise<CallError | null>;
  /** Goes on where there is a session again, which another tab has begun. */
  readonly resume: (signal: AbortSignal) => Promise<void>;
  readonly signOut: () => Promise<void>;
  readonly again: () => void;
  /** The key that a link gave, until the person has put it away. */
  readonly newKey: string | null;
  readonly keyIsKept: () => void;
}

const SessionContext = createContext<SessionState | null>(null);

export function SessionProvider({ children }: { children: ReactNode }) {
  const [session, setSession] = useState<Session | null>(null);
  const [isLoading, setIsLoading] = useState(true);
  const [hasEnded, setHasEnded] = useState(false);
  const [error, setError] = useState<CallError | null>(null);
  const [newKey, setNewKey] = useState<string | null>(null);

  const read = useCallback(() => {
    setIsLoading(true);
    call<Session>({ path: '/api/session' }).then(
      ({ data }) => {
        setSession(data);
        setError(null);
        setIsLoading(false);
      },
      (failure: unknown) => {
        const trouble = asCallError(failure);
        setError(trouble.status === 401 ? null : trouble);
        setIsLoading(false);
      },
    );
  }, []);
  useEffect(read, [read]);
  useEffect(() => whenSessionEnds(() => setHasEnded(true)), []);
  const owner = session?.actor.id;
  // biome-ignore lint/correctness/useExhaustiveDependencies: what one key was told, and may undo, is not for the next one
  useEffect(() => dropToasts, [owner]);

  const signIn = useCallback(async (door: Door): Promise<CallError | null> => {
    try {
      const { data } = await call<Session>({
        method: 'POST',
        path: '/api/session',
        ...('link' in door ? { body: door } : { headers: { Authorization: `Bearer ${door.key.trim()}` } }),
      });
      setSession(data);
      setNewKey(data.key ?? null);
      setHasEnded(false);
      setError(null);
      forgetAnswers();
      return null;
    } catch (failure) {
      return asCallError(failure);
    }
  }, []);

  const resume = useCallback(async (signal: AbortSignal) => {
    try {
      const { data } = await call<Session>({ path: '/api/session' }, signal);
      if (signal.aborted) return;
      setSession(data);
      setHasEnded(false);
      forgetAnswers();
    } catch {
      // There is none yet, or the server does not answer: the dialog stays.
    }
  }, []);

  const signOut = useCallback(async () => {
    try {
      await call({ method: 'DELETE', path: '/api/session' });
    } catch (failure) {
      // It goes on at the server, so nobody may believe that it has ended. 401 says that it had ended before.
      const trouble = asCallError(failure);
      if (trouble.status !== 401) {
        showFailure(trouble);
        return;
      }
    }
    forgetAnswers();
    setSession(null);
    setHasEnded(false);
  }, []);

  const keyIsKept = useCallback(() => setNewKey(null), []);
  const state = useMemo(
    () => ({ session, isLoading, hasEnded, error, signIn, resume, signOut, again: read, newKey, keyIsKept }),
    [session, isLoading, hasEnded, error, signIn, resume, signOut, read, newKey, keyIsKept],
  );
  return <SessionContext value={state}>{children}</SessionContext>;
}

export function useSessionState(): SessionState {
  const state = useContext(SessionContext);
  if (state === null) throw new Error('There is no SessionProvider.');
  return state;
}

/** The session of a page that is shown only to who is signed in. */
export function useSession(): Session & { readonly may: (scope: Scope) => boolean } {
  const { session } = useSessionState();
  if (session === null) throw new Error('Nobody is signed in.');
  return useMemo(() => ({ ...session, may: (scope: Scope) => session.scopes.includes(scope) }), [session]);
}
