import { useEffect, useState } from 'react';
import type { Change, ChangeSet } from '../../api/generated';
import { useCall } from '../../api/useCall';
import { usePages } from '../../api/usePages';
import { AsCurl, useShownCalls } from '../../app/curl';
import { useSession } from '../../app/session';
import { Button } from '../../parts/controls';
import { Fact } from '../../parts/Facts';
import { Link } from '../../parts/Link';
import { CutNotice, LoadMore } from '../../parts/LoadMore';
import { Ago, Badge, Copy, Empty, ErrorView, Latin, Loading, PageHead, Time } from '../../parts/show';
import { useFormat, useText } from '../../text';
import { changes } from '../../text/changes';
import { common } from '../../text/common';
import { ChangeList } from './ChangeList';
import { listHref, opened } from './ChangesList';
import { By, Counts, Kind, Relations } from './parts';
import { UndoSheet } from './UndoSheet';

export function ChangeSetPage({ revision }: { revision: number }) {
  const t = useText(changes);
  const c = useText(common);
  const format = useFormat();
  const session = useSession();
  const path = `/api/changesets/${revision}`;
  const { answer, error, again } = useCall<ChangeSet>(path);
  const set = answer?.data ?? null;
  const undoer = useCall<ChangeSet>(set?.undoneBy == null ? null : `/api/changesets/${set.undoneBy}`);
  const [isUndoing, setIsUndoing] = useState(false);
  useShownCalls({ path }, { path: `${path}/changes?take=50` });

  const isUndone = set?.undoneBy != null && (undoer.answer === null || undoer.answer.data.undoneBy === null);
  // biome-ignore lint/correctness/useExhaustiveDependencies: the button that had the focus may be gone now
  useEffect(() => {
    if (document.activeElement === document.body) document.getElementById('main')?.focus({ preventScroll: true });
  }, [isUndone]);
  useEffect(() => {
    opened.revision = revision;
    const main = document.getElementById('main');
    if (main !== null) main.scrollTop = 0;
  }, [revision]);

  if (error?.status === 404) return <NoChangeSet />;
  return (
    <>
      <p className="crumb">
        <Link to={listHref()}>{c.changes}</Link>
      </p>
      <PageHead title={c.revision(format.number(revision))}>
        {set !== null && !isUndone && set.kind !== 'erase' && set.kind !== 'recover' && session.may('linksWrite') ? (
          <Button icon="undo" onPress={() => setIsUndoing(true)}>
            {c.undo}
          </Button>
        ) : null}
        <Link to={`/partners?asOf=${revision}`} className="button button-plain">
          {t.past}
        </Link>
        <AsCurl />
      </PageHead>
      {error === null ? null : <ErrorView error={error} again={again} />}
      {set === null ? error === null ? <Loading /> : null : <Facts set={set} isUndone={isUndone} />}
      {set === null ? null : <Changed path={`${path}/changes?take=50`} />}
      <UndoSheet revision={revision} isOpen={isUndoing} onClose={() => setIsUndoing(false)} />
    </>
  );
}

export function NoChangeSet() {
  const t = useText(changes);
  const c = useText(common);
  return (
    <>
      <p className="crumb">
        <Link to={listHref()}>{c.changes}</Link>
      </p>
      <PageHead title={c.changes} />
      <Empty icon="changes" title={t.missing}>
        <Link to="/changes">{c.toNewest}</Link>
      </Empty>
    </>
  );
}

function Facts({ set, isUndone }: { set: ChangeSet; isUndone: boolean }) {
  const t = useText(changes);
  return (
    <dl className="facts">
      <Fact name={t.kind}>
        <span className="row">
          <Kind kind={set.kind} />
          <Relations set={set} />
          {set.undoneBy !== null && !isUndone ? <Badge tone="good">{t.inEffect}</Badge> : null}
        </span>
      </Fact>
      <Fact name={t.counts}>
        <Counts set={set} />
      </Fact>
      <Fact name={t.who}>
        <By set={set} />
      </Fact>
      <Fact name={t.when}>
        <Time at={set.at} />{' '}
        <span className="muted small">
          <Ago at={set.at} />
        </span>
      </Fact>
      <Fact name={t.request} isWide>
        <span className="with-copy">
          <Latin isCode>{set.requestId}</Latin>
          <Copy text={set.requestId} label={t.copyRequest} />
        </span>
      </Fact>
    </dl>
  );
}

function Changed({ path }: { path: string }) {
  const t = useText(changes);
  const pages = usePages<Change>(path);
  return (
    <section aria-labelledby="what-changed">
      <h2 id="what-changed" className="changed-title">
        {t.whatChanged}
      </h2>
      {pages.isLoading ? <Loading /> : null}
      <CutNotice pages={pages} />
      {!pages.isLoading && pages.items.length === 0 && pages.error === null ? (
        <p className="muted">{t.noChanges}</p>
      ) : null}
      <ChangeList items={pages.items} />
      <LoadMore pages={pages} />
    </section>
  );
}
