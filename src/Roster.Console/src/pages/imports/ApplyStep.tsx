import { useState } from 'react';
import { go } from '../../app/router';
import { Button, Check, TextInput } from '../../parts/controls';
import { Icon } from '../../parts/Icon';
import { Link } from '../../parts/Link';
import { ErrorView } from '../../parts/show';
import { useFormat, useText } from '../../text';
import { importTexts } from '../../text/imports';
import { Download } from './Download';
import { useEdits } from './edits';
import type { StepProps } from './ImportView';
import { asciiNumber } from './numbers';
import { Note, StepHead } from './parts';
import { RowsTable } from './RowsTable';
import { rowsHref } from './rows';
import { hasManyParts, isInConflict, isOpen, isWritten, mostInOnePart, type Seen } from './steps';
import { type Acting, useAct } from './useImport';
import { useRows } from './useRows';

const undecided = { plan: '', leavesFaulty: false, skips: false, typed: '' };

/** What is decided before the plan is written, and the button with its numbers. */
export function ApplyStep({ seen, state, mayWrite }: StepProps) {
  const t = useText(importTexts);
  const applying = useAct(seen.id, state);
  const [decided, setDecided] = useState(undecided);
  const { edits } = useEdits(seen);
  const { counts } = seen;
  if (counts === null) return null;
  const { created, updated, deleted } = counts;
  // What was decided about another plan is decided again.
  const plan = `${seen.times.planned} ${seen.edits} ${created} ${updated} ${deleted} ${counts.faulty} ${seen.conflicts}`;
  const { leavesFaulty, skips, typed } = decided.plan === plan ? decided : undecided;
  const decide = (choice: Partial<typeof undecided>) => setDecided({ leavesFaulty, skips, typed, ...choice, plan });
  const isConflict = isInConflict(seen);
  const isMirrorFaulty = seen.mode === 'mirror' && counts.faulty > 0;
  const isTooMuch = counts.allowedDeletes !== undefined && deleted > counts.allowedDeletes;
  const isEmpty = created + updated + deleted === 0;
  const isPending = edits.size > 0 && isOpen(seen);
  const isReady =
    mayWrite &&
    !isPending &&
    seen.work === null &&
    !state.isReading &&
    !isEmpty &&
    !isMirrorFaulty &&
    !isTooMuch &&
    (counts.faulty === 0 || leavesFaulty || isWritten(seen)) &&
    (deleted === 0 || asciiNumber(typed).trim() === String(deleted)) &&
    (!isConflict || skips);
  const apply = async () => {
    const path = skips ? 'apply?onConflict=skip' : 'apply';
    if (await applying.act('POST', path, { created, updated, deleted })) go(`/imports/${seen.id}/progress`);
  };
  return (
    <section className="stack">
      <StepHead title={t.titles.apply} />
      {seen.state !== 'planned' && seen.reason !== null && !isConflict ? (
        <p className="notice notice-warn">
          <Note note={seen.reason} />
        </p>
      ) : null}
      {isConflict ? <Conflicts seen={seen} state={state} mayWrite={mayWrite} planning={applying} /> : null}
      <div className="card stack">
        <h3>{isEmpty ? t.nothingToApply : t.willDo}</h3>
        <Summary seen={seen} />
        {isEmpty || isTooMuch ? null : (
          <p className="muted">
            {!hasManyParts(counts) ? t.onePart : deleted === 0 ? t.manyParts : `${t.manyParts} ${t.deletesLast}`}
          </p>
        )}
        {isWritten(seen) ? <p>{t.goOn}</p> : null}
      </div>
      {isPending ? (
        <p className="notice notice-warn">
          <Icon name="warning" />
          <span>
            {t.notSaved(edits.size)} <Link to={rowsHref(seen.id)}>{t.toSave}</Link>
          </span>
        </p>
      ) : null}
      {isMirrorFaulty ? (
        <p className="notice notice-warn">
          <Icon name="warning" />
          <span>
            {t.mirrorFaulty} <Link to={`/imports/${seen.id}/preview?change=faulty`}>{t.mendThem}</Link>
          </span>
        </p>
      ) : null}
      {isTooMuch ? <TooManyDeletes seen={seen} /> : null}
      {mayWrite ? (
        <div className="stack decisions">
          {counts.faulty > 0 && !isMirrorFaulty && !isWritten(seen) && !isEmpty ? (
            <div className="row">
              <Check isChecked={leavesFaulty} onChange={(leaves) => decide({ leavesFaulty: leaves })}>
                {t.leaveFaulty(counts.faulty)}
              </Check>
              <Link to={`/imports/${seen.id}/preview?change=faulty`}>{t.mendThem}</Link>
            </div>
          ) : null}
          {isConflict ? (
            <Check isChecked={skips} onChange={(skip) => decide({ skips: skip })}>
              {t.skipConflicts}
            </Check>
          ) : null}
          {deleted > 0 && !isTooMuch ? (
            <TypedNumber count={deleted} value={typed} onChange={(text) => decide({ typed: text })} />
          ) : null}
        </div>
      ) : null}
      {applying.error === null ? null : applying.error.code === 'plan_changed' ? (
        <div className="notice notice-warn" role="alert">
          <Icon name="warning" />
          {t.planChanged}
        </div>
      ) : (
        <ErrorView error={applying.error} />
      )}
      {mayWrite && !isEmpty ? (
        <div className="step-foot">
          <ApplyButton seen={seen} isDisabled={!isReady} isPending={applying.isRunning} onPress={() => void apply()} />
        </div>
      ) : null}
    </section>
  );
}

function ApplyButton({
  seen,
  isDisabled,
  isPending,
  onPress,
}: {
  seen: Seen;
  isDisabled: boolean;
  isPending: boolean;
  onPress: () => void;
}) {
  const t = useText(importTexts);
  const format = useFormat();
  const parts = (['created', 'updated', 'deleted'] as const).flatMap((name) => {
    const count = seen.counts?.[name] ?? 0;
    return count === 0 ? [] : [t.applyCounts[name](format.number(count))];
  });
  const look = (seen.counts?.deleted ?? 0) > 0 ? 'danger' : 'primary';
  return (
    <Button look={look} isDisabled={isDisabled} isPending={isPending} onPress={onPress}>
      {t.applyButton(parts.join(t.join))}
    </Button>
  );
}

/** The counts as sentences. */
function Summary({ seen }: { seen: Seen }) {
  const t = useText(importTexts);
  const { counts } = seen;
  if (counts === null) return null;
  const lines = [
    [counts.created, t.willCreate, 'created'],
    [counts.updated, t.willUpdate, 'updated'],
    [counts.deleted, t.willDelete, 'deleted'],
    [counts.unchanged, t.staysSame, 'unchanged'],
    [counts.faulty, t.areFaulty, 'faulty'],
    [counts.skipped, t.areSkipped, 'skipped'],
  ] as const;
  return (
    <ul className="summary">
      {lines
        .filter(([count]) => count > 0)
        .map(([count, text, name]) => (
          <li key={name} className={`summary-${name}`}>
            <Link to={`/imports/${seen.id}/preview?change=${name}`}>{text(count)}</Link>
          </li>
        ))}
    </ul>
  );
}

function TooManyDeletes({ seen }: { seen: Seen }) {
  const t = useText(importTexts);
  const format = useFormat();
  const allowed = seen.counts?.allowedDeletes ?? 0;
  return (
    <p className="notice notice-bad">
      <Icon name="warning" />
      <span>
        {t.tooManyDeletes(format.number(seen.counts?.deleted ?? 0), format.number(allowed))}{' '}
        {allowed < mostInOnePart ? t.allowMore : t.neverMore(format.number(mostInOnePart))}{' '}
        <Link to={`/imports/${seen.id}/columns`}>{t.seeColumns}</Link>
      </span>
    </p>
  );
}

function TypedNumber({ count, value, onChange }: { count: number; value: string; onChange: (text: string) => void }) {
  const t = useText(importTexts);
  return (
    <div className="typed">
      <TextInput label={t.typeNumber(String(count))} value={value} onChange={onChange} isLatin autoComplete="off" />
    </div>
  );
}

/** The rows whose partners were changed after the plan. */
function Conflicts({ seen, mayWrite, planning }: StepProps & { planning: Acting }) {
  const t = useText(importTexts);
  const format = useFormat();
  const path = `/api/imports/${seen.id}/rows?conflict=true`;
  const { data, error, again } = useRows(`${path}&take=50`, seen.step);
  const conflicts = data?.rows ?? [];
  // The number may be that of an undo that was tried since.
  const count = (seen.undoConflicts ?? []).length > 0 ? 0 : seen.conflicts - seen.leftOut;
  return (
    <div className="stack">
      <div className="notice notice-warn">
        <Icon name="warning" />
        <div className="stack-small">
          <strong>{t.conflictTitle}</strong>
          <span>
            {count > 0 ? `${t.conflictRows(count)} ` : ''}
            {t.conflictText}
          </span>
          {mayWrite && isOpen(seen) ? (
            <span>
              <Button
                isPending={planning.isRunning}
                onPress={() => {
                  void planning.act('POST', 'plan').then((isDone) => {
                    if (isDone) go(`/imports/${seen.id}/preview`);
                  });
                }}
              >
                {t.planAgain}
              </Button>
            </span>
          ) : null}
        </div>
      </div>
      {error === null ? null : <ErrorView error={error} again={again} />}
      {conflicts.length === 0 ? null : (
        <RowsTable
          seen={seen}
          rows={conflicts}
          edits={new Map()}
          onEdits={() => undefined}
          mayMend={false}
          isBusy={false}
        />
      )}
      {data === null || data.next === null ? null : (
        <div className="spread">
          <span className="muted">{t.firstListed(format.number(conflicts.length))}</span>
          <Download path={path} seen={seen} label={t.download} />
        </div>
      )}
    </div>
  );
}
