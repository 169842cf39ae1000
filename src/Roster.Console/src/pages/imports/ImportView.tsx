import { useEffect, useState } from 'react';
import { useWrite } from '../../api/useCall';
import { AsCurl, useShownCalls } from '../../app/curl';
import { go, usePlace } from '../../app/router';
import { useSession } from '../../app/session';
import { Button } from '../../parts/controls';
import { Confirm } from '../../parts/Dialogs';
import { Link } from '../../parts/Link';
import { Empty, ErrorView, Loading, Name, PageHead, Time, Who } from '../../parts/show';
import { useText } from '../../text';
import { common } from '../../text/common';
import { importTexts } from '../../text/imports';
import { ApplyStep } from './ApplyStep';
import { ColumnsStep } from './ColumnsStep';
import { dropEdits } from './edits';
import { importsHref } from './ImportList';
import { PreviewStep } from './PreviewStep';
import { ProgressStep } from './ProgressStep';
import { Note, StateBadge } from './parts';
import { ReadStep } from './ReadStep';
import { ReceiptStep } from './ReceiptStep';
import { leaveRows, rowsHref, rowsPath } from './rows';
import { isReachable, isStep, isWritten, type Seen, type Step, stepOf, steps } from './steps';
import { type ImportState, useImport } from './useImport';

export interface StepProps {
  readonly seen: Seen;
  readonly state: ImportState;
  readonly mayWrite: boolean;
}

const views = {
  read: ReadStep,
  columns: ColumnsStep,
  preview: PreviewStep,
  apply: ApplyStep,
  progress: ProgressStep,
  receipt: ReceiptStep,
};

/** One import, at the step that its address names. */
export function ImportView({ id, step }: { id: string; step: string | undefined }) {
  const t = useText(importTexts);
  const names = useText(common);
  const mayWrite = useSession().may('linksWrite');
  const { query } = usePlace();
  const state = useImport(id);
  const { seen, error, again } = state;
  const current = seen === null ? null : isStep(step) && isReachable(step, seen) ? step : stepOf(seen);
  useShownCalls(current === null ? null : { path: `/api/imports/${id}` }, ...callsOf(id, current, seen, query));
  const isEnded = seen !== null && isWritten(seen);
  useEffect(() => {
    if (isEnded) dropEdits(id);
  }, [id, isEnded]);
  useEffect(() => {
    if (current === 'preview' && step === 'preview') leaveRows(id, query);
    if (current !== null && current !== step) go(`/imports/${id}/${current}`, { replace: true });
  }, [id, current, step, query]);
  if (seen === null || current === null) {
    if (error?.status === 404)
      return (
        <>
          <PageHead title={names.import} />
          <Empty icon="file" title={t.noImport}>
            <Link to={importsHref()}>{t.back}</Link>
          </Empty>
        </>
      );
    return (
      <>
        <PageHead title={names.import} />
        {error === null ? <Loading /> : <ErrorView error={error} again={again} />}
      </>
    );
  }
  const View = views[current];
  return (
    <div className="imports">
      <PageHead title={names.import} sub={<FileLine seen={seen} />}>
        <AsCurl />
        {mayWrite && seen.expiresAt !== null && seen.work === null ? <DeleteFile seen={seen} onDone={again} /> : null}
      </PageHead>
      <div className="stack">
        <StepLinks seen={seen} current={current} />
        {mayWrite ? null : <p className="notice">{names.readOnly}</p>}
        {error === null ? null : <ErrorView error={error} again={again} />}
        <Failure seen={seen} />
        <View key={current} seen={seen} state={state} mayWrite={mayWrite} />
      </div>
    </div>
  );
}

/** The rows that the step shows, or the call that it leads to, for "As curl". */
function callsOf(id: string, step: Step | null, seen: Seen | null, query: URLSearchParams) {
  const path = `/api/imports/${id}`;
  const { created = 0, updated = 0, deleted = 0 } = seen?.counts ?? {};
  if (step === 'columns') return [{ method: 'POST' as const, path: `${path}/plan` }];
  if (step === 'preview')
    return seen?.counts === null
      ? [{ method: 'POST' as const, path: `${path}/plan` }]
      : [{ path: rowsPath(id, query) }];
  if (step === 'apply')
    return [{ method: 'POST' as const, path: `${path}/apply`, body: { created, updated, deleted } }];
  if (step === 'receipt') return [{ method: 'POST' as const, path: `${path}/undo` }];
  return [];
}

function FileLine({ seen }: { seen: Seen }) {
  const t = useText(importTexts);
  return (
    <span className="file-line">
      <Link to={importsHref()}>{t.back}</Link>
      <span aria-hidden="true">/</span>
      <strong>
        <Name>{seen.file.name ?? t.unnamed}</Name>
      </strong>
      <StateBadge seen={seen} />
      {seen.actor === undefined ? null : <Who actor={seen.actor} />}
      {seen.times.uploaded === undefined ? null : <Time at={seen.times.uploaded} />}
    </span>
  );
}

function StepLinks({ seen, current }: { seen: Seen; current: Step }) {
  const t = useText(importTexts);
  return (
    <nav aria-label={t.stepsLabel}>
      <ol className="steps">
        {steps.map((step) => (
          <li key={step}>
            {isReachable(step, seen) ? (
              <Link
                to={step === 'preview' ? rowsHref(seen.id) : `/imports/${seen.id}/${step}`}
                className="step"
                isCurrent={step === current && 'step'}
              >
                {t.steps[step]}
              </Link>
            ) : (
              <span className="step">{t.steps[step]}</span>
            )}
          </li>
        ))}
      </ol>
    </nav>
  );
}

/** Why the import failed or stopped, and what to do. */
function Failure({ seen }: { seen: Seen }) {
  const t = useText(importTexts);
  if (seen.reason !== null && seen.state === 'failed')
    return (
      <div className="notice notice-bad">
        <div className="stack-small">
          <strong>
            <Note note={seen.reason} />
          </strong>
          {seen.file.gone === null ? null : <Link to="/imports">{t.sendAgain}</Link>}
        </div>
      </div>
    );
  if (seen.file.gone !== null && seen.state !== 'applied' && seen.state !== 'undone')
    return (
      <div className="notice">
        <div className="stack-small">
          <span>{t.fileErased}</span>
          <Link to="/imports">{t.sendAgain}</Link>
        </div>
      </div>
    );
  return null;
}

function DeleteFile({ seen, onDone }: { seen: Seen; onDone: () => void }) {
  const t = useText(importTexts);
  const [isOpen, setIsOpen] = useState(false);
  const { run, isRunning, error } = useWrite();
  const remove = async () => {
    if ((await run({ method: 'DELETE', path: `/api/imports/${seen.id}` })) === null) return;
    setIsOpen(false);
    onDone();
  };
  return (
    <>
      <Button look="quiet" icon="trash" onPress={() => setIsOpen(true)}>
        {t.deleteFile}
      </Button>
      <Confirm
        title={t.deleteFileTitle}
        isOpen={isOpen}
        onClose={() => setIsOpen(false)}
        onConfirm={() => void remove()}
        action={t.deleteFile}
        isDanger
        isRunning={isRunning}
      >
        <p>{t.deleteFileText}</p>
        {error === null ? null : <ErrorView error={error} />}
      </Confirm>
    </>
  );
}
