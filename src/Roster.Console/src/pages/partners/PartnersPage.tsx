import { Suspense, useCallback, useEffect, useMemo, useRef, useState } from 'react';
import { Input, SearchField } from 'react-aria-components';
import { CallError } from '../../api/http';
import { AsCurl, useShownCalls } from '../../app/curl';
import { lazyPart } from '../../app/lazyPart';
import { usePreferences } from '../../app/preferences';
import { go, setQuery, usePlace } from '../../app/router';
import { useSession } from '../../app/session';
import { useShortcuts } from '../../app/shortcuts';
import { showFailure } from '../../app/toasts';
import { useSettled } from '../../app/useSettled';
import { Button } from '../../parts/controls';
import { Icon } from '../../parts/Icon';
import { Empty, ErrorView, PageHead } from '../../parts/show';
import { useFormat, useText } from '../../text';
import { common } from '../../text/common';
import { partnersText } from '../../text/partners';
import { BulkBar, ExportMenu } from './BulkBar';
import { Chips } from './Chips';
import { ColumnsMenu } from './ColumnsMenu';
import { listQuery } from './filters';
import { PartnerGrid } from './PartnerGrid';
import { pageSize } from './pageStore';
import { historyPath, partnerPath } from './paths';
import './partners.css';
import { nothing, type Selection, set, toggle } from './selection';
import { usePartnerPages } from './usePartnerPages';

const NewPartner = lazyPart(() => import('./NewPartner'));
const PartnerPanel = lazyPart(() => import('./PartnerPanel'));

/** Rows that one stroke of Shift can choose. */
const mostInRange = 10_000;

export default function PartnersPage() {
  const t = useText(partnersText);
  const names = useText(common);
  const format = useFormat();
  const session = useSession();
  const { query } = usePlace();
  const { columns } = usePreferences();
  const key = listQuery(query).toString();
  const list = useMemo(() => new URLSearchParams(key), [key]);
  const pages = usePartnerPages(list);
  const asOf = query.get('asOf');
  const openId = query.get('partner');
  const [active, setActive] = useState(0);
  const [selection, setSelection] = useState<Selection>(nothing);
  const chosen = useRef<Selection>(nothing);
  const grid = useRef<HTMLDivElement>(null);
  const search = useRef<HTMLInputElement>(null);
  /** Where a range begins: the row that was active, or was chosen, before Shift. */
  const anchor = useRef(0);
  /** What was chosen when the range began: a shorter range gives back what a longer one had. Null before it begins. */
  const beforeRange = useRef<Selection | null>(null);
  /** Which stroke came last: the rows of one before it are not chosen when they come. */
  const strokes = useRef(0);
  // The rows read it when they are pressed, and need not be drawn again when a page comes.
  const latest = useRef(pages);
  latest.current = pages;
  const mayChoose = asOf === null;

  const choose = useCallback((next: Selection) => {
    chosen.current = next;
    setSelection(next);
  }, []);
  const chooseAnew = (next: Selection) => {
    strokes.current++;
    beforeRange.current = null;
    choose(next);
  };
  // biome-ignore lint/correctness/useExhaustiveDependencies: another list begins at its first row, with nothing chosen
  useEffect(() => {
    setActive(0);
    anchor.current = 0;
    chooseAnew(nothing);
  }, [key]);
  const wasOpen = useRef(false);
  useEffect(() => {
    if (wasOpen.current && openId === null) grid.current?.focus({ preventScroll: true });
    wasOpen.current = openId !== null;
  }, [openId]);
  useShownCalls(
    { path: `/api/partners?${new URLSearchParams([...list, ['take', String(pageSize)]])}` },
    openId === null ? null : { path: partnerPath(openId, asOf) },
    openId === null || asOf !== null ? null : { path: historyPath(openId) },
  );
  useShortcuts({ '/': () => search.current?.focus() });

  const open = useCallback((partner: { id: string }) => setQuery({ partner: partner.id }, { replace: false }), []);
  const close = useCallback(() => setQuery({ partner: null }, { replace: false }), []);
  const activate = useCallback((index: number, isRange: boolean) => {
    setActive(index);
    if (isRange) return;
    anchor.current = index;
    beforeRange.current = null;
  }, []);
  const select = useCallback(
    (index: number, isRange: boolean) => {
      if (!isRange) {
        const partner = latest.current.at(index);
        anchor.current = index;
        beforeRange.current = null;
        if (partner !== undefined) choose(toggle(chosen.current, partner.id));
        return;
      }
      const stroke = ++strokes.current;
      const before = beforeRange.current ?? chosen.current;
      beforeRange.current = before;
      const first = Math.min(anchor.current, index);
      const last = Math.min(Math.max(anchor.current, index), first + mostInRange - 1);
      latest.current.read(first, last).then(
        (rows) => {
          if (stroke !== strokes.current) return;
          const ids = rows.map((row) => row.id);
          // What was chosen one by one since then stays.
          choose(set(beforeRange.current === before ? before : chosen.current, ids, true));
        },
        (failure: unknown) => {
          if (failure instanceof CallError) showFailure(failure);
        },
      );
    },
    [choose],
  );

  const isEmpty = pages.isWhole && pages.count === 0;
  const hasFilters = key !== '' && asOf === null;
  const sub =
    pages.total !== null ? names.partnersCount(pages.total) : pages.count > 0 ? t.atLeast(pages.count - 1) : undefined;
  return (
    <div className={openId === null ? 'partners' : 'partners partners-open'}>
      <div className="partners-list">
        <PageHead
          title={names.partners}
          sub={<span role="status">{sub ?? (pages.error === null ? names.loading : '')}</span>}
        >
          <AsCurl />
          <ExportMenu list={list} />
          {session.may('partnersWrite') && asOf === null ? (
            <Button look="primary" icon="plus" onPress={() => setQuery({ new: '' }, { replace: false })}>
              {t.newPartner}
            </Button>
          ) : null}
        </PageHead>
        {asOf === null ? (
          <div className="tools">
            <SearchBox inputRef={search} />
            <Chips />
            <span className="tools-end">
              <ColumnsMenu />
            </span>
          </div>
        ) : (
          <div className="notice notice-warn past" role="status">
            <Icon name="changes" />
            <div className="stack-small">
              <strong>{t.pastTitle(format.number(Number(asOf)))}</strong>
              <span>{t.pastHint}</span>
            </div>
            <Button onPress={() => setQuery({ asOf: null, partner: null }, { replace: false })}>{t.backToNow}</Button>
          </div>
        )}
        {mayChoose ? (
          <BulkBar
            selection={selection}
            onSelection={(next) => {
              chooseAnew(next);
              // The bar may go away, and the button that was pressed with it.
              grid.current?.focus({ preventScroll: true });
            }}
            total={pages.total}
            list={list}
            gridRef={grid}
          />
        ) : null}
        {pages.error === null ? null : <ErrorView error={pages.error} again={pages.again} />}
        {isEmpty ? (
          <Empty icon="partners" title={hasFilters ? t.noneFound : t.noneYet}>
            <p>{hasFilters ? t.noneFoundHint : t.noneYetHint}</p>
            {hasFilters ? (
              <Button onPress={() => go('/partners')}>{t.clearFilters}</Button>
            ) : session.may('linksWrite') ? (
              <Button look="primary" icon="import" onPress={() => go('/imports')}>
                {names.import}
              </Button>
            ) : null}
          </Empty>
        ) : (
          <PartnerGrid
            pages={pages}
            columns={columns}
            sort={query.get('sort')}
            onSort={asOf === null ? (sort) => setQuery({ sort }) : null}
            selection={selection}
            onSelect={mayChoose ? select : null}
            onOpen={open}
            openId={openId}
            active={active}
            onActive={activate}
            gridRef={grid}
          />
        )}
      </div>
      {openId === null ? null : (
        <Suspense fallback={<aside className="panel" />}>
          <PartnerPanel key={openId} id={openId} asOf={asOf} onClose={close} />
        </Suspense>
      )}
      {query.has('new') && session.may('partnersWrite') ? (
        <Suspense>
          <NewPartner
            onClose={() => setQuery({ new: null })}
            onCreated={(partner) => setQuery({ new: null, partner: partner.id })}
          />
        </Suspense>
      ) : null}
    </div>
  );
}

/** Searches while one types; the address has what was searched for. */
function SearchBox({ inputRef }: { inputRef: React.RefObject<HTMLInputElement | null> }) {
  const t = useText(partnersText);
  const { query } = usePlace();
  const inAddress = query.get('q') ?? '';
  const [text, setText] = useState(inAddress);
  const settled = useSettled(text, 100);
  const sent = useRef(inAddress);
  useEffect(() => {
    // The address was changed from elsewhere: back, a link, or the palette.
    if (inAddress !== sent.current) {
      sent.current = inAddress;
      setText(inAddress);
    }
  }, [inAddress]);
  useEffect(() => {
    if (settled === sent.current) return;
    sent.current = settled;
    setQuery({ q: settled === '' ? null : settled });
  }, [settled]);
  return (
    <SearchField className="search" aria-label={t.search} value={text} onChange={setText}>
      <Icon name="search" size={16} />
      <Input className="input" ref={inputRef} placeholder={t.searchHint} dir="auto" />
    </SearchField>
  );
}
