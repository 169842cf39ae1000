import { type RefObject, Suspense, useState } from 'react';
import { Button as AriaButton, Menu, MenuItem, MenuTrigger, Popover } from 'react-aria-components';
import { asCallError, saveAs } from '../../api/http';
import { lazyPart } from '../../app/lazyPart';
import { useSession } from '../../app/session';
import { showFailure } from '../../app/toasts';
import { Button } from '../../parts/controls';
import { Icon } from '../../parts/Icon';
import { useText } from '../../text';
import { partnersText } from '../../text/partners';
import type { Deed } from './DeedDialog';
import { csvQuery } from './filters';
import { nothing, type Selection, sizeOf } from './selection';

const DeedDialog = lazyPart(() => import('./DeedDialog'));

export interface BulkBarProps {
  readonly selection: Selection;
  readonly onSelection: (selection: Selection) => void;
  readonly total: number | null;
  /** The list's query, for "all that match". */
  readonly list: URLSearchParams;
  /** The list, which has the focus where this bar goes away. */
  readonly gridRef: RefObject<HTMLDivElement | null>;
}

/** What can be done with the partners that are chosen. Each write shows first what it will change. */
export function BulkBar({ selection, onSelection, total, list, gridRef }: BulkBarProps) {
  const t = useText(partnersText);
  const session = useSession();
  const [deed, setDeed] = useState<Deed | null>(null);
  const size = sizeOf(selection, total);
  const isDeleted = list.get('deleted') === 'only';
  if (size === 0) return null;
  return (
    <section className="bulk" aria-label={t.selected(size ?? 0)}>
      <strong role="status">{size === null ? t.allSelected : t.selected(size)}</strong>
      {selection.kind === 'some' ? (
        <Button look="quiet" onPress={() => onSelection({ kind: 'all', except: new Set() })}>
          {t.selectAll}
        </Button>
      ) : null}
      {session.may('linksWrite') ? (
        isDeleted ? (
          <Button icon="undo" onPress={() => setDeed('restore')}>
            {t.restoreThem}
          </Button>
        ) : (
          <>
            <Button onPress={() => setDeed('tag')}>{t.tagThem}</Button>
            <Button look="danger" icon="trash" onPress={() => setDeed('delete')}>
              {t.deleteThem}
            </Button>
          </>
        )
      ) : null}
      {selection.kind === 'all' && selection.except.size === 0 ? <ExportMenu list={list} /> : null}
      <Button look="quiet" onPress={() => onSelection(nothing)}>
        {t.clearSelection}
      </Button>
      {deed === null ? null : (
        <Suspense>
          <DeedDialog
            deed={deed}
            selection={selection}
            list={list}
            size={size}
            focusBack={gridRef}
            onClose={(isDone) => {
              setDeed(null);
              if (isDone) onSelection(nothing);
            }}
          />
        </Suspense>
      )}
    </section>
  );
}

/** The list as a file, which the server streams. */
export function ExportMenu({ list }: { list: URLSearchParams }) {
  const t = useText(partnersText);
  const [isRunning, setIsRunning] = useState(false);
  const csv = (text: string) => (list.has('asOf') ? t.withoutMetadata(text) : text);
  const download = async (accept: string, ending: string) => {
    if (isRunning) return;
    setIsRunning(true);
    try {
      const query = ending === 'csv' ? csvQuery(list) : list;
      await saveAs(`partners.${ending}`, `/api/partners?${query}`, accept);
    } catch (failure) {
      showFailure(asCallError(failure));
    } finally {
      setIsRunning(false);
    }
  };
  return (
    <MenuTrigger>
      {/* Not disabled while a file is made: the focus stays on it. */}
      <AriaButton className="button button-plain" aria-disabled={isRunning}>
        <Icon name="download" size={16} />
        {isRunning ? t.exporting : t.exportThem}
      </AriaButton>
      <Popover className="popover" placement="bottom end">
        <Menu
          className="menu"
          onAction={(kind) => {
            if (kind === 'csv') void download('text/csv', 'csv');
            if (kind === 'sheet') void download('text/csv; profile=spreadsheet', 'csv');
            if (kind === 'ndjson') void download('application/x-ndjson', 'ndjson');
          }}
        >
          <MenuItem id="sheet" className="menu-item">
            {csv(t.exportSheet)}
          </MenuItem>
          <MenuItem id="csv" className="menu-item">
            {csv(t.exportCsv)}
          </MenuItem>
          <MenuItem id="ndjson" className="menu-item">
            {t.exportNdjson}
          </MenuItem>
        </Menu>
      </Popover>
    </MenuTrigger>
  );
}
