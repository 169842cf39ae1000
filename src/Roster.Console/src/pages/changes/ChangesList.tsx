import { useLayoutEffect } from 'react';
import type { ChangeSet } from '../../api/generated';
import { withQuery } from '../../api/http';
import { type Pages, usePages } from '../../api/usePages';
import { AsCurl, useShownCalls } from '../../app/curl';
import { usePlace } from '../../app/router';
import { Link } from '../../parts/Link';
import { CutNotice, LoadMore } from '../../parts/LoadMore';
import { Ago, Empty, Loading, PageHead } from '../../parts/show';
import { useFormat, useText } from '../../text';
import { changes } from '../../text/changes';
import { common } from '../../text/common';
import { beginOf } from '../../text/language';
import { Filters } from './Filters';
import { By, Counts, Kind, Relations } from './parts';
import { TimeSlider } from './TimeSlider';

/** Where the list was left, so that going back shows the same place. */
let left = { scroll: 0, query: '' };
/** The change set that was opened last: its link gets the focus when one comes back. */
export const opened = { revision: 0 };

/** The list with the filters that it was left with. */
export function listHref(): string {
  return left.query === '' ? '/changes' : `/changes?${left.query}`;
}

export function ChangesList() {
  const t = useText(changes);
  const c = useText(common);
  const { query } = usePlace();
  const since = query.get('since');
  const path = withQuery('/api/changesets', {
    take: 50,
    kind: query.get('kind') ?? undefined,
    actor: query.get('actor') ?? undefined,
    since: since === null ? undefined : beginOf(since),
  });
  const pages = usePages<ChangeSet>(path);
  useShownCalls({ path });
  useKeptScroll(query.toString());
  const hasFilters = ['kind', 'actor', 'since'].some((name) => query.has(name));
  return (
    <>
      <PageHead title={c.changes} sub={t.sub}>
        <AsCurl />
      </PageHead>
      <div className="stack">
        <TimeSlider />
        <Filters seen={pages.items} hasFilters={hasFilters} />
        {pages.isLoading ? (
          <Loading />
        ) : pages.items.length === 0 && pages.error === null ? (
          <Empty icon="changes" title={hasFilters ? t.noMatch : t.emptyTitle}>
            <p>{hasFilters ? t.noMatchHint : t.emptyHint}</p>
          </Empty>
        ) : (
          <Sets pages={pages} />
        )}
      </div>
    </>
  );
}

function Sets({ pages }: { pages: Pages<ChangeSet> }) {
  const t = useText(changes);
  const c = useText(common);
  const format = useFormat();
  return (
    <div>
      <CutNotice pages={pages} />
      {pages.items.length === 0 ? null : (
        <ol className="sets" aria-label={t.list}>
          {pages.items.map((set) => (
            <li key={set.revision} className="set">
              <Link to={`/changes/${set.revision}`} className="set-link" id={`set-${set.revision}`}>
                <span className="visually-hidden">{c.revision('')}</span>
                {format.number(set.revision)}
              </Link>
              <span className="set-kind">
                <Kind kind={set.kind} />
              </span>
              <span className="set-what">
                <Counts set={set} />
                <Relations set={set} />
              </span>
              <span className="set-who">
                <By set={set} />
              </span>
              <span className="set-when muted">
                <Ago at={set.at} />
              </span>
            </li>
          ))}
        </ol>
      )}
      <LoadMore pages={pages} />
    </div>
  );
}

/** Keeps the place in the list while one of its change sets is open. */
function useKeptScroll(query: string): void {
  useLayoutEffect(() => {
    const main = document.getElementById('main');
    if (main === null) return;
    if (left.query === query) main.scrollTop = left.scroll;
    if (document.activeElement === document.body)
      (document.getElementById(`set-${opened.revision}`) ?? main).focus({ preventScroll: true });
    return () => {
      left = { scroll: main.scrollTop, query };
    };
  }, [query]);
}
