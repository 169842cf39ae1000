import { useEffect, useState } from 'react';
import { go, setQuery, usePlace } from '../../app/router';
import { Button } from '../../parts/controls';
import { Icon } from '../../parts/Icon';
import { Link } from '../../parts/Link';
import { Empty, ErrorView, Loading } from '../../parts/show';
import { useFormat, useText } from '../../text';
import { importTexts } from '../../text/imports';
import { Download } from './Download';
import { editsToSend, useEdits, withoutSaved } from './edits';
import type { StepProps } from './ImportView';
import { Progress, StepHead } from './parts';
import { RowsTable } from './RowsTable';
import { allRowsPath, type Filter, filters, noTrail, pageBefore, rowsIn, rowsPath, withPage } from './rows';
import { isCertain, isOpen, isReachable, type Seen } from './steps';
import { useAct } from './useImport';
import { useRows } from './useRows';

/** What each row would do, before anything is written. Faulty rows are mended here. */
export function PreviewStep({ seen, state, mayWrite }: StepProps) {
  const t = useText(importTexts);
  const planning = useAct(seen.id, state);
  if (seen.counts === null && seen.work === null)
    return (
      <section className="stack">
        <StepHead title={t.titles.preview} />
        {planning.error === null ? null : <ErrorView error={planning.error} />}
        <Empty icon="changes" title={t.notPlanned}>
          {mayWrite && isOpen(seen) ? (
            <Button look="primary" isPending={planning.isRunning} onPress={() => void planning.act('POST', 'plan')}>
              {t.showChanges}
            </Button>
          ) : null}
        </Empty>
      </section>
    );
  return (
    <section className="stack">
      <PlanEnd seen={seen} />
      <StepHead title={t.titles.preview}>
        {mayWrite && isOpen(seen) ? (
          <Button isPending={planning.isRunning} onPress={() => void planning.act('POST', 'plan')}>
            {t.planAgain}
          </Button>
        ) : null}
        {mayWrite && seen.work === 'plan' ? (
          <Button onPress={() => void planning.act('POST', 'cancel')}>{t.cancelWork}</Button>
        ) : null}
      </StepHead>
      {planning.error === null ? null : <ErrorView error={planning.error} />}
      {isCertain(seen) ? (
        <p className="muted">
          {seen.mappingFrom === 'remembered' ? t.mappingFrom.remembered : t.allExact}{' '}
          <Link to={`/imports/${seen.id}/columns`}>{t.seeColumns}</Link>
        </p>
      ) : null}
      {seen.work === 'plan' ? <Progress seen={seen} /> : null}
      {seen.counts === null ? null : <Rows seen={seen} state={state} mayWrite={mayWrite} />}
    </section>
  );
}

/** Says to screen readers that a plan is made, and what it does: the bar of its progress says nothing. */
function PlanEnd({ seen }: { seen: Seen }) {
  const t = useText(importTexts);
  const [wasPlanning, setWasPlanning] = useState(false);
  const isPlanning = seen.work === 'plan';
  useEffect(() => {
    if (isPlanning) setWasPlanning(true);
  }, [isPlanning]);
  const { counts } = seen;
  const says = wasPlanning && !isPlanning && counts !== null;
  const parts = says
    ? [
        t.willCreate(counts.created),
        t.willUpdate(counts.updated),
        ...(counts.deleted === 0 ? [] : [t.willDelete(counts.deleted)]),
        t.areFaulty(counts.faulty),
      ]
    : [];
  return (
    <p className="visually-hidden" role="status">
      {parts.join(t.join)}
    </p>
  );
}

function Rows({ seen, state, mayWrite }: StepProps) {
  const t = useText(importTexts);
  const { query } = usePlace();
  const { filter, q, cursor } = rowsIn(query);
  const path = seen.work === 'plan' ? null : rowsPath(seen.id, query);
  const { data, error, isOld, again } = useRows(path, seen.step);
  const { edits, change } = useEdits(seen);
  const mending = useAct(seen.id, state);
  const mayMend = mayWrite && isOpen(seen);
  const save = async () => {
    if (await mending.act('PATCH', 'rows', editsToSend(edits))) change((now) => withoutSaved(now, edits));
  };
  return (
    <>
      <Filters seen={seen} filter={filter} />
      <div className="spread">
        <SearchRows value={q} />
        <Download
          path={allRowsPath(seen.id, query)}
          seen={seen}
          label={filter === 'faulty' ? t.downloadFaulty : t.download}
        />
      </div>
      {error === null ? null : <ErrorView error={error} again={again} />}
      {mending.error === null ? null : <ErrorView error={mending.error} />}
      {data === null ? (
        error === null ? (
          <Loading />
        ) : null
      ) : data.rows.length === 0 ? (
        <Empty icon="search" title={data.next === null ? t.noRows : t.noRowsYet} />
      ) : (
        <RowsTable
          seen={seen}
          rows={data.rows}
          edits={edits}
          onEdits={change}
          mayMend={mayMend}
          isBusy={isOld || mending.isRunning || seen.work !== null}
        />
      )}
      <Pages path={allRowsPath(seen.id, query)} next={data?.next ?? null} cursor={cursor} />
      <div className="step-foot">
        {edits.size > 0 ? (
          <>
            <span role="status">{t.pending(edits.size)}</span>
            <Button isDisabled={mending.isRunning} onPress={() => change(() => new Map())}>
              {t.discard}
            </Button>
            <Button
              look="primary"
              isPending={mending.isRunning}
              isDisabled={seen.work !== null}
              onPress={() => void save()}
            >
              {t.saveRows}
            </Button>
          </>
        ) : isReachable('apply', seen) ? (
          <Button look="primary" isDisabled={seen.work !== null} onPress={() => go(`/imports/${seen.id}/apply`)}>
            {t.continue}
          </Button>
        ) : null}
      </div>
    </>
  );
}

function Filters({ seen, filter }: { seen: Seen; filter: Filter }) {
  const t = useText(importTexts);
  const format = useFormat();
  const { counts } = seen;
  if (counts === null) return null;
  const countOf = (name: Filter) =>
    name === 'all'
      ? counts.created + counts.updated + counts.unchanged + counts.deleted + counts.faulty + counts.skipped
      : counts[name];
  return (
    <div className="stack-small">
      <fieldset className="row-filters">
        <legend className="visually-hidden">{t.filters}</legend>
        {filters.map((name) => (
          <button
            key={name}
            type="button"
            className={countOf(name) === 0 ? 'filter' : `filter filter-${name}`}
            aria-pressed={filter === name}
            disabled={countOf(name) === 0 && filter !== name && name !== 'faulty'}
            onClick={() => setQuery({ change: name === 'all' ? null : name, cursor: null })}
          >
            <b>{format.number(countOf(name))}</b> {t.change[name]}
          </button>
        ))}
      </fieldset>
      {counts.warned + seen.edits === 0 ? null : (
        <p className="row muted">
          {counts.warned === 0 ? null : (
            <span className="row warned">
              <Icon name="warning" size={16} />
              {t.warned(counts.warned)}
            </span>
          )}
          {seen.edits === 0 ? null : <span>{t.edits(seen.edits)}</span>}
        </p>
      )}
    </div>
  );
}

function SearchRows({ value }: { value: string }) {
  const t = useText(importTexts);
  const [text, setText] = useState(value);
  useEffect(() => setText(value), [value]);
  return (
    <search>
      <form
        onSubmit={(event) => {
          event.preventDefault();
          setQuery({ q: text.trim() === '' ? null : text.trim().slice(0, 200), cursor: null });
        }}
      >
        <input
          type="search"
          className="input search-rows"
          aria-label={t.searchRows}
          placeholder={t.searchRows}
          dir="auto"
          value={text}
          onChange={(event) => {
            setText(event.currentTarget.value);
            if (event.currentTarget.value === '') setQuery({ q: null, cursor: null });
          }}
        />
      </form>
    </search>
  );
}

/** One page of rows is kept at a time; its cursor is in the address, so the browser's Back goes back. */
function Pages({ path, next, cursor }: { path: string; next: string | null; cursor: string | undefined }) {
  const t = useText(importTexts);
  const [trail, setTrail] = useState(noTrail);
  if (next === null && cursor === undefined) return null;
  const turn = (to: string | null) => setQuery({ cursor: to }, { replace: false });
  const before = pageBefore(trail, path, cursor);
  return (
    <div className="row">
      {cursor === undefined ? null : <Button onPress={() => turn(null)}>{t.first}</Button>}
      {before === undefined ? null : <Button onPress={() => turn(before)}>{t.previous}</Button>}
      {next === null ? null : (
        <Button
          onPress={() => {
            setTrail((now) => withPage(now, path, cursor, next));
            turn(next);
          }}
        >
          {t.next}
        </Button>
      )}
    </div>
  );
}
