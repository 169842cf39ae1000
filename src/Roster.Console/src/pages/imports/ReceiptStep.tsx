import { useState } from 'react';
import { go } from '../../app/router';
import { Button } from '../../parts/controls';
import { Fact } from '../../parts/Facts';
import { Icon } from '../../parts/Icon';
import { Link } from '../../parts/Link';
import { Copy, Latin, Name, Time, Who } from '../../parts/show';
import { useFormat, useText } from '../../text';
import { common } from '../../text/common';
import { importTexts } from '../../text/imports';
import { Counts } from './Counts';
import { Download } from './Download';
import type { StepProps } from './ImportView';
import { Note, Progress, StepHead } from './parts';
import { hasFaultyRows, hasRows, isReachable, isUndoRefused, isWritten, type Seen } from './steps';
import { UndoConflicts, UndoSheet } from './UndoImport';

const firstRevisions = 12;

/** What became of the import; it stays for ever. */
export function ReceiptStep({ seen, state, mayWrite }: StepProps) {
  const t = useText(importTexts);
  const names = useText(common);
  const [isUndoOpen, setIsUndoOpen] = useState(false);
  const title = {
    applied: t.appliedTitle,
    undone: t.undoneTitle,
    stopped: seen.undoBegun ? t.undoStoppedTitle : t.stoppedTitle,
    cancelled: t.cancelledTitle,
  }[seen.state as string];
  const isUndoStopped = seen.state === 'stopped' && seen.undoBegun;
  const mayUndo = mayWrite && isWritten(seen) && seen.state !== 'undone';
  return (
    <section className="stack">
      <StepHead title={t.titles.receipt}>
        {isReachable('apply', seen) && mayWrite ? (
          <Button onPress={() => go(`/imports/${seen.id}/apply`)}>{t.continue}</Button>
        ) : null}
        {mayUndo ? (
          <Button icon="undo" isDisabled={seen.work !== null && !isUndoOpen} onPress={() => setIsUndoOpen(true)}>
            {names.undo}
          </Button>
        ) : null}
      </StepHead>
      {seen.work === 'undo' && !isUndoOpen ? <Progress seen={seen} /> : null}
      <div className="card stack">
        <p className="receipt-title" role="status">
          <strong>{title}</strong>
        </p>
        {seen.reason !== null && seen.state === 'stopped' ? (
          <p className="notice notice-warn">
            <Note note={seen.reason} />
          </p>
        ) : null}
        <Counts seen={{ ...seen, work: null }} />
        {seen.leftOut > 0 ? <p>{t.conflictsLeft(seen.leftOut)}</p> : null}
        {(seen.state === 'stopped' && !isUndoStopped) || seen.state === 'cancelled' ? <PartsDone seen={seen} /> : null}
        {hasRows(seen) && hasFaultyRows(seen) ? (
          <Download path={`/api/imports/${seen.id}/rows?faulty=true`} seen={seen} label={t.downloadFaulty} />
        ) : null}
        <Facts seen={seen} />
      </div>
      {isUndoRefused(seen) && !isUndoOpen ? (
        <div className="stack-small">
          <div className="notice notice-warn" role="alert">
            <Icon name="warning" />
            <span>
              <strong>{t.undoRefused}</strong> {t.undoConflicts(seen.conflicts)}
            </span>
          </div>
          <UndoConflicts seen={seen} />
        </div>
      ) : null}
      {(seen.state === 'undone' || isUndoStopped) && (seen.undoConflicts ?? []).length > 0 ? (
        <div className="stack-small">
          <h3>{isUndoStopped ? t.undoTable : t.keptTitle}</h3>
          <UndoConflicts seen={seen} />
        </div>
      ) : null}
      {isUndoOpen ? <UndoSheet seen={seen} state={state} onClose={() => setIsUndoOpen(false)} /> : null}
    </section>
  );
}

function PartsDone({ seen }: { seen: Seen }) {
  const t = useText(importTexts);
  const format = useFormat();
  return <p>{t.writtenSoFar(format.number((seen.revisions ?? []).length), format.number(seen.parts))}</p>;
}

function Facts({ seen }: { seen: Seen }) {
  const t = useText(importTexts);
  const names = useText(common);
  const format = useFormat();
  const { file } = seen;
  const times = (Object.entries(seen.times) as [keyof typeof t.timeOf, string][]).sort(([, a], [, b]) =>
    a.localeCompare(b),
  );
  return (
    <dl className="receipt-facts">
      {seen.actor === undefined ? null : (
        <Fact name={t.who}>
          <Who actor={seen.actor} />
        </Fact>
      )}
      {times.map(([name, at]) => (
        <Fact key={name} name={t.timeOf[name]}>
          <Time at={at} />
        </Fact>
      ))}
      <Fact name={t.file}>
        <Name>{file.name ?? t.unnamed}</Name> · {format.bytes(file.size)} · {names.rowsCount(seen.rows ?? 0)}
      </Fact>
      <Fact name={t.sha256}>
        <span className="sha">
          <Latin isCode>{file.sha256}</Latin>
          <Copy text={file.sha256} label={t.copySha} />
        </span>
      </Fact>
      <Fact name={t.changeSets}>{isWritten(seen) ? <Revisions revisions={seen.revisions ?? []} /> : names.none}</Fact>
      {seen.edits === 0 ? null : <Fact name={t.mended}>{t.edits(seen.edits)}</Fact>}
      <Fact name={t.kept}>
        {seen.expiresAt === null || file.gone !== null ? t.fileErased : t.keptUntil(format.day(seen.expiresAt))}
      </Fact>
    </dl>
  );
}

function Revisions({ revisions }: { revisions: readonly number[] }) {
  const t = useText(importTexts);
  const format = useFormat();
  const [isAll, setIsAll] = useState(false);
  const shown = isAll ? revisions : revisions.slice(0, firstRevisions);
  return (
    <span className="row">
      {shown.map((revision) => (
        <Link key={revision} to={`/changes/${revision}`}>
          {t.changeSet(format.number(revision))}
        </Link>
      ))}
      {shown.length === revisions.length ? null : (
        <button type="button" className="link" onClick={() => setIsAll(true)}>
          {t.showAll(format.number(revisions.length))}
        </button>
      )}
    </span>
  );
}
