import { useCallback, useEffect, useMemo, useRef, useState } from 'react';
import { asCallError, type CallError, call } from '../../api/http';
import { pauseAfter } from '../../api/polling';
import { forgetAnswers, useCall, useWrite } from '../../api/useCall';
import { useVisible } from '../../app/visible';
import { type Saving, savingOf, type Unsaved } from './settings';
import type { Seen } from './steps';

export interface ImportState {
  readonly seen: Seen | null;
  /** Why it could not be read, or cannot be followed: then what is shown may be old. */
  readonly error: CallError | null;
  /** Whether it is being read again after a write that failed: what is shown may be old. */
  readonly isReading: boolean;
  readonly again: () => void;
  /** Shows what a write answered. */
  readonly accept: (seen: Seen) => void;
}

/** An import as it is on the server, and while a server works on it, as it goes on. */
export function useImport(id: string): ImportState {
  const { answer, error, isReading, again } = useCall<Seen>(`/api/imports/${id}`);
  const [latest, setLatest] = useState<Seen | null>(null);
  const [trouble, setTrouble] = useState<CallError | null>(null);
  const read = answer?.data ?? null;
  const seen = latest === null || latest.id !== id || (read !== null && read.step >= latest.step) ? read : latest;
  const shown = useRef(seen);
  shown.current = seen;
  const isWorking = seen !== null && seen.work !== null;
  const isVisible = useVisible();

  useEffect(() => {
    if (!isWorking || !isVisible) return;
    const onStep = (next: Seen) => {
      // Events leave out what does not change while a server works.
      setLatest({ ...shown.current, ...next });
      if (next.work === null) forgetAnswers();
    };
    const end = follow(id, shown.current?.step ?? 0, onStep, setTrouble);
    return () => {
      end();
      setTrouble(null);
    };
  }, [id, isWorking, isVisible]);

  return { seen, error: error ?? trouble, isReading, again, accept: setLatest };
}

/**
 * Tells each step of an import until nobody works on it: by server-sent events, or else by waiting for answers. After an
 * error it tells that, and then that it is well again by null.
 */
function follow(
  id: string,
  step: number,
  onStep: (seen: Seen) => void,
  onTrouble: (error: CallError | null) => void,
): () => void {
  const end = new AbortController();
  const events = new EventSource(`/api/imports/${id}/events`);
  events.addEventListener('import', (event: MessageEvent<string>) => {
    const seen = JSON.parse(event.data) as Seen;
    step = seen.step;
    if (seen.work === null) events.close();
    onTrouble(null);
    onStep(seen);
  });
  events.onerror = () => {
    // The browser would ask again every few seconds without end, and could not say why it failed.
    events.close();
    void poll();
  };
  const poll = async () => {
    let failures = 0;
    while (!end.signal.aborted) {
      try {
        const { data } = await call<Seen>({ path: `/api/imports/${id}?after=${step}&wait=30` }, end.signal);
        failures = 0;
        onTrouble(null);
        if (data.step > step) onStep(data);
        step = data.step;
        if (data.work === null) return;
      } catch (failure) {
        if (end.signal.aborted) return;
        // Offline, or too many wait: it is tried again; what is shown stays. One that is gone is not asked for again.
        const error = asCallError(failure);
        failures++;
        if (failures > 1 || error.status !== 429) onTrouble(error);
        if (error.status === 403 || error.status === 404) return;
        await pause(pauseAfter(failures, 1_500), end.signal);
      }
    }
  };
  return () => {
    end.abort();
    events.close();
  };
}

/** Ends sooner where the signal is given. */
function pause(milliseconds: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, milliseconds);
    signal.addEventListener('abort', () => {
      clearTimeout(timer);
      resolve();
    });
  });
}

export interface Acting {
  readonly isRunning: boolean;
  readonly error: CallError | null;
  /** Makes a write of the import, such as `plan`, and shows its answer. Whether it succeeded. */
  readonly act: (method: 'POST' | 'PATCH', path: string, body?: unknown) => Promise<boolean>;
}

export function useAct(id: string, state: ImportState): Acting {
  const { run, isRunning, error } = useWrite();
  const { accept, again } = state;
  const act = useCallback(
    async (method: 'POST' | 'PATCH', path: string, body?: unknown) => {
      const address = path === '' ? `/api/imports/${id}` : `/api/imports/${id}/${path}`;
      const answer = await run<Seen>({ method, path: address, ...(body === undefined ? {} : { body }) });
      if (answer === null) again();
      else accept(answer.data);
      return answer !== null;
    },
    [id, run, accept, again],
  );
  return { isRunning, error, act };
}

export interface Settings extends Unsaved, Saving {
  /** Why the draft could not be saved. */
  readonly error: CallError | null;
}

/** Settings of an import, which are saved when they are chosen. */
export function useSettings(id: string, state: ImportState): Settings {
  const { act, error } = useAct(id, state);
  const [unsaved, show] = useState<Unsaved>({ draft: {}, isSaving: false });
  const saving = useMemo(() => savingOf((changes) => act('PATCH', '', changes), show), [act]);
  return { ...unsaved, ...saving, error };
}
