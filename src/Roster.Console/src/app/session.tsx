import { createContext, type ReactNode, useCallback, useContext, useEffect, useMemo, useRef, useState } from 'react';
import type { Session } from '../api/generated';
import { asCallError, type CallError, call, holdCalls, whenSessionEnds } from '../api/http';
import { forgetAnswers } from '../api/useCall';
import { welcomeNextPerson } from './nextPerson';
import { dropToasts, showFailure } from './toasts';

export type Scope = Session['scopes'][number];

export type Door = { readonly link: string } | { readonly key: string };

/** Whose session the browser has. */
export interface Owner {
  readonly id: string;
  readonly name: string;
  readonly workspace: string;
}

export interface SessionState {
  /** Null before anybody has signed in. It stays while a session that has ended is renewed. */
  readonly session: Session | null;
  readonly isLoading: boolean;
  /** Whether the session has ended under the page: its forms stay, and a dialog asks to sign in again. */
  readonly hasEnded: boolean;
  /** Who is signed in in this browser by now, in place of the one that the page shows: then it makes no calls. */
  readonly elsewhere: Owner | null;
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

/** What the tabs of a browser tell each other, since they have one session: whose it is now, or that it has ended. */
const tabs = new BroadcastChannel('roster-session');

function ownerOf({ actor, workspace }: Session): Owner {
  return { id: actor.id, name: actor.name, workspace: workspace.name };
}

/** The key in what was pasted: no header can have characters that are not seen, as messages in Arabic have them. */
function keyIn(text: string): string {
  return text.replace(/[^\x21-\x7e]/g, '');
}

const SessionContext = createContext<SessionState | null>(null);

export function SessionProvider({ children }: { children: ReactNode }) {
  const [session, setSession] = useState<Session | null>(null);
  const [isLoading, setIsLoading] = useState(true);
  const [hasEnded, setHasEnded] = useState(false);
  const [elsewhere, setElsewhere] = useState<Owner | null>(null);
  const [error, setError] = useState<CallError | null>(null);
  const [newKey, setNewKey] = useState<string | null>(null);

  /** Who was signed in last, also where nobody is now. */
  const lastId = useRef<string | null>(null);

  const leaveTo = useCallback((other: Owner | null) => {
    holdCalls(other !== null);
    setElsewhere(other);
  }, []);
  /** Nobody is signed in in this browser any more. */
  const end = useCallback(() => {
    leaveTo(null);
    setHasEnded(true);
  }, [leaveTo]);
  const enter = useCallback(
    (data: Session) => {
      leaveTo(null);
      if (lastId.current !== null && lastId.current !== data.actor.id) welcomeNextPerson();
      lastId.current = data.actor.id;
      setSession(data);
      setHasEnded(false);
      setError(null);
      tabs.postMessage(ownerOf(data));
    },
    [leaveTo],
  );
  const read = useCallback(() => {
    setIsLoading(true);
    call<Session>({ path: '/api/session' }).then(
      ({ data }) => {
        enter(data);
        setIsLoading(false);
      },
      (failure: unknown) => {
        const trouble = asCallError(failure);
        setError(trouble.status === 401 ? null : trouble);
        setIsLoading(false);
      },
    );
  }, [enter]);
  useEffect(read, [read]);
  useEffect(() => whenSessionEnds(() => setHasEnded(true)), []);
  const owner = session?.actor.id;
  const isAway = useRef(false);
  isAway.current = hasEnded || elsewhere !== null;
  // biome-ignore lint/correctness/useExhaustiveDependencies: what one key was told, and may undo, is not for the next one
  useEffect(() => dropToasts, [owner]);

  const signIn = useCallback(
    async (door: Door): Promise<CallError | null> => {
      try {
        const { data } = await call<Session>({
          method: 'POST',
          path: '/api/session',
          ...('link' in door ? { body: door } : { headers: { Authorization: `Bearer ${keyIn(door.key)}` } }),
        });
        enter(data);
        setNewKey(data.key ?? null);
        forgetAnswers();
        return null;
      } catch (failure) {
        return asCallError(failure);
      }
    },
    [enter],
  );

  const resume = useCallback(
    async (signal: AbortSignal) => {
      try {
        const { data } = await call<Session>({ path: '/api/session' }, signal);
        if (signal.aborted) return;
        if (data.actor.id !== owner) {
          leaveTo(ownerOf(data));
          return;
        }
        enter(data);
        forgetAnswers();
      } catch (failure) {
        // Where the server does not answer, the dialog stays.
        if (!signal.aborted && asCallError(failure).status === 401) end();
      }
    },
    [owner, enter, leaveTo, end],
  );

  useEffect(() => {
    if (owner === undefined) return;
    const ending = new AbortController();
    const listen = ({ data }: MessageEvent<Owner | null>) => {
      if (data === null) {
        end();
        return;
      }
      if (data.id !== owner) leaveTo(data);
      else if (!isAway.current) return;
      // Two tabs may speak at once, so the server has the last word.
      void resume(ending.signal);
    };
    tabs.addEventListener('message', listen, { signal: ending.signal });
    return () => ending.abort();
  }, [owner, leaveTo, resume, end]);

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
    tabs.postMessage(null);
  }, []);

  const keyIsKept = useCallback(() => setNewKey(null), []);
  const state = useMemo(
    () => ({ session, isLoading, hasEnded, elsewhere, error, signIn, resume, signOut, again: read, newKey, keyIsKept }),
    [session, isLoading, hasEnded, elsewhere, error, signIn, resume, signOut, read, newKey, keyIsKept],
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
