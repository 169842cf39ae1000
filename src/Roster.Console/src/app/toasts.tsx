import { useEffect } from 'react';
import { type CallError, numberIn } from '../api/http';
import { useWrite } from '../api/useCall';
import { Button, IconButton } from '../parts/controls';
import { ErrorView } from '../parts/show';
import { storeOf, useStore } from '../store';
import { useFormat, useText } from '../text';
import { common } from '../text/common';

type Counts = Readonly<Record<'created' | 'updated' | 'unchanged' | 'deleted' | 'restored', number>>;

/** What was written, a note, or why something was not done. */
type Message =
  | { readonly counts: Counts /** Null where nothing changed. */; readonly revision: number | null }
  | { readonly note: string }
  | { readonly failure: CallError };

interface Toast {
  readonly id: number;
  readonly message: Message;
}

/** Milliseconds that a message is shown. A change set can be undone there meanwhile. */
const shownFor = 60_000;
const most = 4;

const toasts = storeOf<readonly Toast[]>([]);
let lastId = 0;

function show(message: Message): void {
  lastId++;
  toasts.set([...toasts.get(), { id: lastId, message }].slice(-most));
}

export function showNote(note: string): void {
  show({ note });
}

export function showFailure(failure: CallError): void {
  show({ failure });
}

/** When a person leaves: whoever comes next did not do what is said there, and must not undo it. */
export function dropToasts(): void {
  toasts.set([]);
}

/** Says what a write's answer says in its headers. */
export function showWrite(headers: Headers): void {
  const counts = {
    created: numberIn(headers, 'Roster-Created') ?? 0,
    updated: numberIn(headers, 'Roster-Updated') ?? 0,
    unchanged: numberIn(headers, 'Roster-Unchanged') ?? 0,
    deleted: numberIn(headers, 'Roster-Deleted') ?? 0,
    restored: numberIn(headers, 'Roster-Restored') ?? 0,
  };
  const hasChanged = counts.created + counts.updated + counts.deleted + counts.restored > 0;
  show({ counts, revision: hasChanged ? numberIn(headers, 'Roster-Revision') : null });
}

function close(id: number): void {
  // The focus may be in what goes away now.
  if (document.activeElement?.closest('.toast') != null)
    document.getElementById('main')?.focus({ preventScroll: true });
  toasts.set(toasts.get().filter((toast) => toast.id !== id));
}

export function Toasts() {
  return (
    <section className="toasts" aria-live="polite" aria-relevant="additions">
      {useStore(toasts).map((toast) => (
        <OneToast key={toast.id} toast={toast} />
      ))}
    </section>
  );
}

function OneToast({ toast: { id, message } }: { toast: Toast }) {
  const t = useText(common);
  useEffect(() => {
    const timer = setTimeout(() => close(id), shownFor);
    return () => clearTimeout(timer);
  }, [id]);
  return (
    <div className="toast">
      {'counts' in message ? (
        <Written counts={message.counts} revision={message.revision} onUndone={() => close(id)} />
      ) : 'note' in message ? (
        <strong className="toast-text">{message.note}</strong>
      ) : (
        <div className="toast-text">
          <ErrorView error={message.failure} />
        </div>
      )}
      <IconButton icon="close" label={t.close} onPress={() => close(id)} />
    </div>
  );
}

function Written({ counts, revision, onUndone }: { counts: Counts; revision: number | null; onUndone: () => void }) {
  const t = useText(common);
  const format = useFormat();
  const { run, isRunning, error } = useWrite();
  const undo = async () => {
    const answer = await run({ method: 'POST', path: `/api/changesets/${revision}/undo` });
    if (answer === null) return;
    onUndone();
    showWrite(answer.headers);
  };
  const parts = (Object.entries(counts) as [keyof Counts, number][]).filter(([, count]) => count > 0);
  return (
    <>
      <div className="stack-small toast-text">
        <strong>
          {parts.length === 0 ? t.nothingChanged : parts.map(([name, count]) => t.counts[name](count)).join(' · ')}
        </strong>
        {revision === null ? null : <span className="muted">{t.revision(format.number(revision))}</span>}
        {error === null ? null : <ErrorView error={error} />}
      </div>
      {revision === null ? null : (
        <Button icon="undo" isPending={isRunning} onPress={() => void undo()}>
          {t.undo}
        </Button>
      )}
    </>
  );
}
