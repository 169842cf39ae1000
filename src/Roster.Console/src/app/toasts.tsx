import { useEffect, useSyncExternalStore } from 'react';
import { type CallError, numberIn } from '../api/http';
import { useWrite } from '../api/useCall';
import { Button, IconButton } from '../parts/controls';
import { ErrorView } from '../parts/show';
import { useFormat, useText } from '../text';
import { common } from '../text/common';

/** What was written, or why it was not. Shown for 60 seconds, in which a change set can be undone. */
export interface Toast {
  readonly id: number;
  readonly counts: Readonly<Partial<Record<'created' | 'updated' | 'unchanged' | 'deleted' | 'restored', number>>>;
  readonly revision: number | null;
  readonly text?: string;
  readonly error?: CallError;
}

const shownFor = 60_000;
const most = 4;

let toasts: readonly Toast[] = [];
let lastId = 0;
const listeners = new Set<() => void>();

function set(next: readonly Toast[]): void {
  toasts = next;
  for (const listener of listeners) listener();
}

export function showToast(toast: Omit<Toast, 'id'>): void {
  lastId++;
  set([...toasts, { ...toast, id: lastId }].slice(-most));
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
  showToast({ counts, revision: hasChanged ? numberIn(headers, 'Roster-Revision') : null });
}

export function closeToast(id: number): void {
  // The focus may be in what goes away now.
  if (document.activeElement?.closest('.toast') != null)
    document.getElementById('main')?.focus({ preventScroll: true });
  set(toasts.filter((toast) => toast.id !== id));
}

export function useToasts(): readonly Toast[] {
  return useSyncExternalStore(
    (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    () => toasts,
  );
}

export function Toasts() {
  const all = useToasts();
  return (
    <section className="toasts" aria-live="polite" aria-relevant="additions">
      {all.map((toast) => (
        <OneToast key={toast.id} toast={toast} />
      ))}
    </section>
  );
}

function OneToast({ toast }: { toast: Toast }) {
  const t = useText(common);
  const format = useFormat();
  const { run, isRunning, error } = useWrite();
  useEffect(() => {
    const timer = setTimeout(() => closeToast(toast.id), shownFor);
    return () => clearTimeout(timer);
  }, [toast.id]);
  const undo = async () => {
    const answer = await run({ method: 'POST', path: `/api/changesets/${toast.revision}/undo` });
    if (answer === null) return;
    closeToast(toast.id);
    showWrite(answer.headers);
  };
  const parts = (Object.entries(toast.counts) as [keyof typeof t.counts, number][]).filter(([, count]) => count > 0);
  return (
    <div className="toast">
      <div className="stack-small">
        {toast.error === undefined ? null : <ErrorView error={toast.error} />}
        <strong>
          {toast.text ??
            (parts.length === 0 ? t.nothingChanged : parts.map(([name, count]) => t.counts[name](count)).join(' · '))}
        </strong>
        {toast.revision === null ? null : <span className="muted">{t.revision(format.number(toast.revision))}</span>}
        {error === null ? null : <ErrorView error={error} />}
      </div>
      {toast.revision === null ? null : (
        <Button icon="undo" isPending={isRunning} onPress={() => void undo()}>
          {t.undo}
        </Button>
      )}
      <IconButton icon="close" label={t.close} onPress={() => closeToast(toast.id)} />
    </div>
  );
}
