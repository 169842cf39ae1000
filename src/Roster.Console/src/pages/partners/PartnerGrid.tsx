import {
  type KeyboardEvent,
  type MouseEvent,
  memo,
  type RefObject,
  useCallback,
  useEffect,
  useLayoutEffect,
  useRef,
  useState,
} from 'react';
import type { PartnerThen } from '../../api/generated';
import { keyOf } from '../../app/keys';
import { hrefOf } from '../../app/router';
import { Icon } from '../../parts/Icon';
import { Name } from '../../parts/show';
import { useText } from '../../text';
import { common } from '../../text/common';
import { partnersText } from '../../text/partners';
import { cellOf, sortable, titleOf, widthOf } from './columns';
import { nextSort } from './filters';
import { isSelected, type Selection } from './selection';
import type { PartnerPages } from './usePartnerPages';

const rowHeight = 40;

/** Browsers cut off elements that are much higher. A longer list is scrolled in proportion. */
const mostHeight = 8_000_000;

/** Rows that are drawn above and below those that are seen. */
const beyond = 8;

export interface PartnerGridProps {
  readonly pages: PartnerPages;
  readonly columns: readonly string[];
  readonly sort: string | null;
  readonly onSort: ((sort: string | null) => void) | null;
  readonly selection: Selection;
  /** Null where the person may not choose: then there are no boxes. */
  readonly onSelect: ((index: number, isRange: boolean) => void) | null;
  readonly onOpen: (partner: PartnerThen) => void;
  readonly openId: string | null;
  readonly active: number;
  /** With `isRange`, the row from which a range is chosen stays. */
  readonly onActive: (index: number, isRange: boolean) => void;
  readonly gridRef: RefObject<HTMLDivElement | null>;
}

/**
 * The list, of any length: only the rows that are seen are in the page. The grid keeps the focus and names its active
 * row (`aria-activedescendant`), so the focus is not lost when a row is scrolled away.
 */
export function PartnerGrid(props: PartnerGridProps) {
  const { pages, columns, active, onActive, gridRef, selection, onSelect, onOpen, openId } = props;
  const scroller = useRef<HTMLDivElement>(null);
  const [scroll, setScroll] = useState({ top: 0, height: 600 });
  const full = pages.count * rowHeight;
  const height = Math.min(full, mostHeight);
  const room = Math.max(1, scroll.height - rowHeight);
  const firstSeen =
    full <= mostHeight
      ? scroll.top / rowHeight
      : (scroll.top / Math.max(1, height - room)) * Math.max(0, pages.count - room / rowHeight);
  const first = Math.max(0, Math.floor(firstSeen) - beyond);
  const last = Math.min(pages.count - 1, Math.ceil(firstSeen + room / rowHeight) + beyond);
  const { see } = pages;

  useEffect(() => see(first, Math.max(first, last)), [see, first, last]);
  useLayoutEffect(() => {
    const box = scroller.current;
    if (box === null) return;
    const measure = () => setScroll({ top: box.scrollTop, height: box.clientHeight });
    measure();
    const observer = new ResizeObserver(measure);
    observer.observe(box);
    return () => observer.disconnect();
  }, []);

  const scrollTo = useCallback(
    (index: number) => {
      const box = scroller.current;
      if (box === null) return;
      if (full > mostHeight) {
        if (index < firstSeen || index >= firstSeen + room / rowHeight - 1)
          box.scrollTop = (index / Math.max(1, pages.count - room / rowHeight)) * Math.max(1, height - room);
        return;
      }
      const top = index * rowHeight;
      if (top < box.scrollTop) box.scrollTop = top;
      else if (top + rowHeight > box.scrollTop + room) box.scrollTop = top + rowHeight - room;
    },
    [full, firstSeen, room, height, pages.count],
  );
  const move = (index: number, isRange: boolean) => {
    const next = Math.max(0, Math.min(pages.count - 1, index));
    onActive(next, isRange);
    scrollTo(next);
    if (isRange) onSelect?.(next, true);
  };
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.target !== event.currentTarget) return;
    const page = Math.max(1, Math.floor(room / rowHeight) - 1);
    const moves: Record<string, number> = {
      ArrowDown: active + 1,
      ArrowUp: active - 1,
      j: active + 1,
      k: active - 1,
      PageDown: active + page,
      PageUp: active - page,
      Home: 0,
      End: pages.count - 1,
    };
    const key = keyOf(event);
    const to = moves[key];
    const partner = pages.at(active);
    if (to !== undefined) move(to, event.shiftKey && onSelect !== null);
    else if (key === 'Enter' && partner !== undefined) onOpen(partner);
    else if ((key === ' ' || key === 'x') && onSelect !== null) onSelect(active, false);
    else return;
    event.preventDefault();
    event.stopPropagation();
  };

  const template = `${onSelect === null ? '' : '40px '}${columns.map(widthOf).join(' ')}`;
  const indexes = Array.from({ length: Math.max(0, last - first + 1) }, (_, offset) => first + offset);
  return (
    <div
      className="grid-box"
      ref={scroller}
      onScroll={(event) => {
        const { scrollTop, clientHeight } = event.currentTarget;
        setScroll({ top: scrollTop, height: clientHeight });
      }}
    >
      {/* biome-ignore lint/a11y/useSemanticElements: rows are placed by the window, which a table element cannot do */}
      <div
        className="grid"
        role="grid"
        ref={gridRef}
        tabIndex={0}
        aria-label={useText(common).partners}
        aria-rowcount={pages.total === null ? -1 : pages.total + 1}
        aria-colcount={columns.length + (onSelect === null ? 0 : 1)}
        aria-multiselectable={onSelect !== null}
        aria-busy={pages.isLoading}
        aria-activedescendant={active >= first && active <= last ? `row-${active}` : undefined}
        onKeyDown={onKeyDown}
        style={{ blockSize: height + rowHeight }}
      >
        <Head {...props} template={template} />
        {/* biome-ignore lint/a11y/useSemanticElements: as above */}
        <div role="rowgroup">
          {indexes.map((index) => (
            <Row
              key={index}
              index={index}
              partner={pages.at(index)}
              columns={columns}
              template={template}
              top={full <= mostHeight ? index * rowHeight : scroll.top + (index - firstSeen) * rowHeight}
              isActive={index === active}
              isOpen={openId !== null && pages.at(index)?.id === openId}
              isChosen={isSelected(selection, pages.at(index)?.id ?? '')}
              onSelect={onSelect}
              onOpen={onOpen}
              onActive={onActive}
            />
          ))}
        </div>
      </div>
    </div>
  );
}

function Head({ columns, sort, onSort, onSelect, template }: PartnerGridProps & { template: string }) {
  const t = useText(common);
  const texts = useText(partnersText);
  return (
    // biome-ignore lint/a11y/useSemanticElements: as above
    <div role="rowgroup" className="grid-head">
      {/* biome-ignore lint/a11y/useSemanticElements lint/a11y/useFocusableInteractive: the grid has the focus */}
      <div role="row" aria-rowindex={1} className="grid-row" style={{ gridTemplateColumns: template }}>
        {onSelect === null ? null : (
          // biome-ignore lint/a11y/useSemanticElements lint/a11y/useFocusableInteractive: as above
          <span role="columnheader" className="grid-cell" aria-colindex={1}>
            <span className="visually-hidden">{texts.selectAll}</span>
          </span>
        )}
        {columns.map((column, at) => {
          const title = titleOf(column, t);
          const order = sort === column ? 'ascending' : sort === `-${column}` ? 'descending' : 'none';
          return (
            // biome-ignore lint/a11y/useSemanticElements lint/a11y/useFocusableInteractive: as above
            <span
              key={column}
              role="columnheader"
              className="grid-cell"
              aria-colindex={at + (onSelect === null ? 1 : 2)}
              aria-sort={sortable.includes(column) ? order : undefined}
            >
              {onSort !== null && sortable.includes(column) ? (
                <button
                  type="button"
                  className={`sort sort-${order}`}
                  title={texts.sortBy(title)}
                  onClick={() => onSort(nextSort(sort, column))}
                >
                  {title}
                  {order === 'none' ? null : <Icon name="chevron" size={14} />}
                </button>
              ) : (
                <bdi>{title}</bdi>
              )}
            </span>
          );
        })}
      </div>
    </div>
  );
}

interface RowProps {
  readonly index: number;
  readonly partner: PartnerThen | undefined;
  readonly columns: readonly string[];
  readonly template: string;
  readonly top: number;
  readonly isActive: boolean;
  readonly isOpen: boolean;
  readonly isChosen: boolean;
  readonly onSelect: PartnerGridProps['onSelect'];
  readonly onOpen: PartnerGridProps['onOpen'];
  readonly onActive: PartnerGridProps['onActive'];
}

const Row = memo(function Row({
  index,
  partner,
  columns,
  template,
  top,
  isActive,
  isOpen,
  isChosen,
  onSelect,
  onOpen,
  onActive,
}: RowProps) {
  const t = useText(partnersText);
  const open = (event: MouseEvent) => {
    if (event.metaKey || event.ctrlKey || event.shiftKey || partner === undefined) return;
    event.preventDefault();
    onActive(index, false);
    onOpen(partner);
  };
  const classes = [
    'grid-row',
    isActive && 'grid-active',
    isOpen && 'grid-open',
    partner?.deletedAt != null && 'grid-gone',
  ];
  return (
    // biome-ignore lint/a11y/useSemanticElements lint/a11y/useFocusableInteractive: the grid has the focus and the keys
    // biome-ignore lint/a11y/useKeyWithClickEvents: the grid has the keys
    <div
      role="row"
      id={`row-${index}`}
      aria-rowindex={index + 2}
      aria-selected={onSelect === null ? undefined : isChosen}
      className={classes.filter(Boolean).join(' ')}
      style={{ gridTemplateColumns: template, transform: `translateY(${top}px)` }}
      onClick={open}
    >
      {onSelect === null ? null : (
        // biome-ignore lint/a11y/useSemanticElements lint/a11y/useFocusableInteractive: as above
        // biome-ignore lint/a11y/useKeyWithClickEvents: as above
        <span role="gridcell" className="grid-cell grid-check" onClick={(event) => event.stopPropagation()}>
          {partner === undefined ? null : (
            <input
              type="checkbox"
              tabIndex={-1}
              checked={isChosen}
              aria-label={t.selectRow(partner.name ?? partner.id)}
              onChange={() => undefined}
              onClick={(event) => {
                // The box would take the keys of the grid.
                event.currentTarget.closest<HTMLElement>('[role=grid]')?.focus({ preventScroll: true });
                onActive(index, event.shiftKey);
                onSelect(index, event.shiftKey);
              }}
            />
          )}
        </span>
      )}
      {columns.map((column) => (
        // biome-ignore lint/a11y/useSemanticElements lint/a11y/useFocusableInteractive: as above
        <span key={column} role="gridcell" className={`grid-cell grid-${column}`}>
          {partner === undefined ? (
            <span className="bone" />
          ) : column === 'name' ? (
            <a className="grid-name" tabIndex={-1} href={hrefOf('/partners', { partner: partner.id })}>
              {partner.name === null ? <em>{t.goneThen}</em> : <Name>{partner.name}</Name>}
            </a>
          ) : (
            cellOf(column, partner)
          )}
        </span>
      ))}
    </div>
  );
});
