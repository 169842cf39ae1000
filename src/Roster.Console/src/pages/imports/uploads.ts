import { asCallError, type CallError, call } from '../../api/http';
import { forgetAnswers } from '../../api/useCall';
import { type Store, storeOf } from '../../store';
import { isCertain, type Seen, stepOf } from './steps';
import type { upload } from './upload';

export interface Taken {
  readonly file: Blob;
  readonly name: string;
}

/** Why a file was not taken; null if the browser cannot read it any more. */
export type Refusal = CallError | null;

/** Nothing, a file that is sent, or one that was not taken: it is kept, to be sent again. */
export type Upload =
  | null
  | { readonly state: 'sending'; readonly taken: Taken; readonly sent: number }
  | { readonly state: 'failed'; readonly taken: Taken; readonly error: Refusal };

export interface Uploads {
  readonly now: Store<Upload>;
  /** Sends a file. False if another one is being sent: then nothing is done. */
  readonly begin: (taken: Taken) => boolean;
  readonly cancel: () => void;
  /** Lets go of a file that was not taken. */
  readonly forget: () => void;
  /** The page that shows uploads says what is done with one that ended. */
  readonly listen: (listener: Listener) => () => void;
}

export type Listener = (done: { readonly name: string; readonly seen: Seen; readonly isPlanned: boolean }) => void;

type Send = typeof upload;

/** One upload at a time. It goes on while other pages are looked at; the browser asks before the tab is closed. */
export function uploadsOf(
  send: Send,
  planned: (seen: Seen, signal: AbortSignal) => Promise<boolean>,
  elsewhere: { readonly done: Listener; readonly failed: (taken: Taken, error: Refusal) => void },
): Uploads {
  const now = storeOf<Upload>(null);
  let end: AbortController | null = null;
  let shown: Listener | null = null;
  const set = (upload: Upload) => {
    now.set(upload);
    const isSending = upload?.state === 'sending';
    if (isSending) globalThis.addEventListener?.('beforeunload', ask);
    else globalThis.removeEventListener?.('beforeunload', ask);
  };
  const run = async (taken: Taken, mine: AbortController) => {
    const onSent = (sent: number) => {
      if (!mine.signal.aborted) set({ state: 'sending', taken, sent });
    };
    try {
      const seen = await send(taken.file, taken.name, onSent, mine.signal);
      const isPlanned = await planned(seen, mine.signal);
      if (mine.signal.aborted) return;
      set(null);
      (shown ?? elsewhere.done)({ name: taken.name, seen, isPlanned });
    } catch (failure) {
      const error = await refusalOf(asCallError(failure), taken.file);
      if (mine.signal.aborted) return;
      set({ state: 'failed', taken, error });
      if (shown === null) elsewhere.failed(taken, error);
    } finally {
      forgetAnswers();
    }
  };
  return {
    now,
    begin: (taken) => {
      if (now.get()?.state === 'sending') return false;
      end = new AbortController();
      set({ state: 'sending', taken, sent: 0 });
      void run(taken, end);
      return true;
    },
    cancel: () => {
      end?.abort();
      set(null);
    },
    forget: () => {
      if (now.get()?.state === 'failed') set(null);
    },
    listen: (listener) => {
      shown = listener;
      return () => {
        if (shown === listener) shown = null;
      };
    },
  };
}

/** A file that was saved again since it was chosen, or a folder, fails as a server does that is away. */
async function refusalOf(error: CallError, file: Blob): Promise<Refusal> {
  if (!error.isOffline) return error;
  try {
    await file.slice(0, 1).arrayBuffer();
    return error;
  } catch {
    return null;
  }
}

function ask(event: Event): void {
  event.preventDefault();
}

/** Where the name of every column is known, there is nothing to ask: what would change is worked out at once. */
export async function plan(seen: Seen, signal: AbortSignal): Promise<boolean> {
  if (!isCertain(seen) || stepOf(seen) !== 'columns') return false;
  try {
    await call({ method: 'POST', path: `/api/imports/${seen.id}/plan` }, signal);
    return true;
  } catch {
    // The next page has the button, and shows why it fails.
    return false;
  }
}
