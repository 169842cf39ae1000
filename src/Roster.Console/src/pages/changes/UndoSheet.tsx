import { useEffect, useState } from 'react';
import type { Fault, Undone } from '../../api/generated';
import { CallError, call } from '../../api/http';
import { useWrite } from '../../api/useCall';
import { showWrite } from '../../app/toasts';
import { Button, Check } from '../../parts/controls';
import { Sheet } from '../../parts/Dialogs';
import { FaultText } from '../../parts/Fault';
import { ErrorView, Loading } from '../../parts/show';
import { useFormat, useText } from '../../text';
import { changes } from '../../text/changes';
import { common } from '../../text/common';
import { ChangeList } from './ChangeList';
import { PartnerLink } from './parts';

const shown = 50;

/** Shows what undoing a change set would put back and what not, and undoes it. */
export function UndoSheet({ revision, isOpen, onClose }: { revision: number; isOpen: boolean; onClose: () => void }) {
  const t = useText(changes);
  const format = useFormat();
  if (!isOpen) return null;
  return <OpenSheet revision={revision} title={t.undoTitle(format.number(revision))} onClose={onClose} />;
}

function OpenSheet({ revision, title, onClose }: { revision: number; title: string; onClose: () => void }) {
  const t = useText(changes);
  const c = useText(common);
  const { plan, error, again } = usePlan(revision);
  const [isLeaving, setIsLeaving] = useState(false);
  const { run, isRunning, error: failure, clear } = useWrite();
  const kept = plan?.kept ?? [];
  const count = plan?.changes.length ?? 0;
  // What would be put back may be other changes now, so the choice is made again.
  const look = () => {
    clear();
    setIsLeaving(false);
    again();
  };
  const undo = async () => {
    const choice = kept.length > 0 ? '?onConflict=skip' : '';
    const answer = await run<Undone>({ method: 'POST', path: `/api/changesets/${revision}/undo${choice}` });
    if (answer === null) return;
    showWrite(answer.headers);
    onClose();
  };
  return (
    <Sheet
      title={title}
      isOpen
      onClose={onClose}
      size="large"
      footer={
        <>
          <Button onPress={onClose}>{c.cancel}</Button>
          <Button
            look="primary"
            icon="undo"
            isPending={isRunning}
            isDisabled={plan === null || failure !== null || count === 0 || (kept.length > 0 && !isLeaving)}
            onPress={() => void undo()}
          >
            {count === 0 ? c.undo : t.undoButton(count)}
          </Button>
        </>
      }
    >
      {failure === null ? null : <ErrorView error={failure} again={look} />}
      {error === null ? null : <ErrorView error={error} again={look} />}
      {plan === null && error === null ? (
        <>
          <p className="muted">{t.undoWorking}</p>
          <Loading />
        </>
      ) : null}
      {plan === null || kept.length === 0 ? null : (
        <Kept kept={kept} canLeave={count > 0} isLeaving={isLeaving} onLeave={setIsLeaving} />
      )}
      {plan === null ? null : (
        <>
          <p className="muted">{count === 0 ? t.nothingLeft : t.undoHint}</p>
          <ChangeList items={plan.changes.slice(0, shown)} />
          {count > shown ? <p className="muted">{t.andMore(count - shown)}</p> : null}
        </>
      )}
    </Sheet>
  );
}

function Kept({
  kept,
  canLeave,
  isLeaving,
  onLeave,
}: {
  kept: readonly Fault[];
  canLeave: boolean;
  isLeaving: boolean;
  onLeave: (isLeaving: boolean) => void;
}) {
  const t = useText(changes);
  return (
    <div className="notice notice-warn kept">
      <strong>{t.conflicts(kept.length)}</strong>
      <ul>
        {kept.slice(0, shown).map((fault) => (
          <li key={fault.id ?? fault.index}>
            {fault.id === undefined ? null : <PartnerLink id={fault.id} known={fault.current?.name} />}{' '}
            <FaultText fault={fault} own={t.reason} />
          </li>
        ))}
      </ul>
      {kept.length > shown ? <p>{t.andMore(kept.length - shown)}</p> : null}
      {canLeave ? (
        <Check isChecked={isLeaving} onChange={onLeave}>
          {t.leave(kept.length)}
        </Check>
      ) : null}
    </div>
  );
}

/** What the undo would do now, with the partners that it would have to leave. */
function usePlan(revision: number) {
  const [plan, setPlan] = useState<Undone | null>(null);
  const [error, setError] = useState<CallError | null>(null);
  const [tries, setTries] = useState(0);
  // biome-ignore lint/correctness/useExhaustiveDependencies: a new try asks again
  useEffect(() => {
    const end = new AbortController();
    const path = `/api/changesets/${revision}/undo?dryRun=true&onConflict=skip`;
    setPlan(null);
    setError(null);
    call<Undone>({ method: 'POST', path }, end.signal).then(
      ({ data }) => {
        if (!end.signal.aborted) setPlan(data);
      },
      (failure: unknown) => {
        if (!end.signal.aborted && failure instanceof CallError) setError(failure);
      },
    );
    return () => end.abort();
  }, [revision, tries]);
  return { plan, error, again: () => setTries((count) => count + 1) };
}
