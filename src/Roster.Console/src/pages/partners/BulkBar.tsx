import { type RefObject, useState } from 'react';
import { Button as AriaButton, Menu, MenuItem, MenuTrigger, Popover } from 'react-aria-components';
import type { PartnerThen } from '../../api/generated';
import { type Call, CallError, call, nextOf, numberIn } from '../../api/http';
import { useWrite } from '../../api/useCall';
import { useSession } from '../../app/session';
import { showToast, showWrite } from '../../app/toasts';
import { Button, TextInput } from '../../parts/controls';
import { Confirm } from '../../parts/Dialogs';
import { Icon } from '../../parts/Icon';
import { ErrorView, Name } from '../../parts/show';
import { useText } from '../../text';
import { partnersText } from '../../text/partners';
import { nothing, type Selection, sizeOf } from './selection';

/** Items of one write of the API. */
const mostItems = 10_000;

type Deed = 'delete' | 'restore' | 'tag';

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
      )}
    </section>
  );
}

function DeedDialog({
  deed,
  selection,
  list,
  size,
  focusBack,
  onClose,
}: {
  deed: Deed;
  selection: Selection;
  list: URLSearchParams;
  size: number | null;
  focusBack: RefObject<HTMLDivElement | null>;
  onClose: (isDone: boolean) => void;
}) {
  const t = useText(partnersText);
  const [add, setAdd] = useState('');
  const [remove, setRemove] = useState('');
  const [plan, setPlan] = useState<{ call: Call; changes: number; names: readonly string[] } | null>(null);
  const [isReading, setIsReading] = useState(false);
  const [trouble, setTrouble] = useState<CallError | null>(null);
  const { run, isRunning, error } = useWrite();
  const isTooMany = size !== null && size > mostItems;
  const title = { delete: t.deleteTitle, restore: t.restoreTitle, tag: t.tagTitle }[deed];

  const preview = async () => {
    setIsReading(true);
    setTrouble(null);
    try {
      const { ids, names } = await chosen(selection, list);
      const write = callOf(deed, ids, tagsIn(add), tagsIn(remove));
      const answer = await call({ ...write, path: `${write.path}?dryRun=true` });
      const changes = ['Roster-Updated', 'Roster-Deleted', 'Roster-Restored'].reduce(
        (sum, name) => sum + (numberIn(answer.headers, name) ?? 0),
        0,
      );
      setPlan({ call: write, changes, names });
    } catch (failure) {
      if (!(failure instanceof CallError)) throw failure;
      setTrouble(failure);
    } finally {
      setIsReading(false);
    }
  };
  const apply = async () => {
    if (plan === null) return preview();
    const answer = await run(plan.call);
    if (answer === null) return;
    showWrite(answer.headers);
    onClose(true);
  };
  const say = { delete: t.willDelete, restore: t.willRestore, tag: t.willChange }[deed];
  return (
    <Confirm
      title={title}
      isOpen
      focusBack={focusBack}
      onClose={() => onClose(false)}
      onConfirm={() => void apply()}
      action={plan === null ? t.seePreview : title}
      isDanger={deed === 'delete' && plan !== null}
      isRunning={isRunning || isReading}
      isDisabled={isTooMany || (deed === 'tag' && tagsIn(add).length + tagsIn(remove).length === 0)}
    >
      {isTooMany ? <p className="notice notice-warn">{t.tooMany}</p> : null}
      {deed === 'tag' ? (
        <>
          <TextInput
            label={t.tagsToAdd}
            hint={t.tagsHint}
            value={add}
            onChange={(value) => {
              setAdd(value);
              setPlan(null);
            }}
          />
          <TextInput
            label={t.tagsToRemove}
            value={remove}
            onChange={(value) => {
              setRemove(value);
              setPlan(null);
            }}
          />
        </>
      ) : null}
      {plan === null ? (
        <p>{t.selected(size ?? 0)}</p>
      ) : (
        <div className="stack-small" role="status">
          <strong>{say(plan.changes)}</strong>
          <ul className="names">
            {plan.names.slice(0, 8).map((name) => (
              <li key={name}>
                <Name>{name}</Name>
              </li>
            ))}
          </ul>
          {plan.names.length > 8 ? <span className="muted">{t.andMore(plan.names.length - 8)}</span> : null}
          <span className="muted">{t.canUndo}</span>
        </div>
      )}
      {(trouble ?? error) === null ? null : <ErrorView error={(trouble ?? error) as CallError} />}
    </Confirm>
  );
}

/** The chosen partners: their names, where they are known. Those of "all that match" are read from the list. */
async function chosen(selection: Selection, list: URLSearchParams): Promise<{ ids: string[]; names: string[] }> {
  if (selection.kind === 'some') {
    const ids = [...selection.ids];
    const first = await Promise.all(
      ids
        .slice(0, 8)
        .map((id) => call<PartnerThen>({ path: `/api/partners/${id}?deleted=true` }).then(nameIn, () => id)),
    );
    return { ids, names: [...first, ...ids.slice(8)] };
  }
  const ids: string[] = [];
  const names: string[] = [];
  let next: string | null = `/api/partners?${new URLSearchParams([...list, ['take', '1000']])}`;
  while (next !== null && ids.length < mostItems) {
    const answer: Awaited<ReturnType<typeof call<PartnerThen[]>>> = await call<PartnerThen[]>({ path: next });
    for (const partner of answer.data)
      if (!selection.except.has(partner.id)) {
        ids.push(partner.id);
        names.push(partner.name ?? partner.id);
      }
    next = nextOf(answer.headers);
  }
  return { ids: ids.slice(0, mostItems), names };
}

function nameIn({ data }: { data: PartnerThen }): string {
  return data.name ?? data.id;
}

function callOf(deed: Deed, ids: readonly string[], addTags: string[], removeTags: string[]): Call {
  if (deed === 'delete') return { method: 'DELETE', path: '/api/partners', body: ids };
  if (deed === 'restore') return { method: 'POST', path: '/api/partners/restore', body: ids };
  const tags = { ...(addTags.length === 0 ? {} : { addTags }), ...(removeTags.length === 0 ? {} : { removeTags }) };
  return { method: 'PUT', path: '/api/partners', body: ids.map((id) => ({ id, ...tags })) };
}

function tagsIn(text: string): string[] {
  return text
    .split(/[,،]/)
    .map((tag) => tag.trim())
    .filter((tag) => tag !== '');
}

/** The list as a file. The browser writes it down while it comes; the server streams it. */
export function ExportMenu({ list }: { list: URLSearchParams }) {
  const t = useText(partnersText);
  const [isRunning, setIsRunning] = useState(false);
  const download = async (accept: string, ending: string) => {
    setIsRunning(true);
    try {
      const query = new URLSearchParams(list);
      if (ending === 'csv') query.set('include', list.has('deleted') ? 'deletedAt,tags,metadata' : 'tags,metadata');
      const response = await fetch(`/api/partners?${query}`, { headers: { Accept: accept } });
      if (!response.ok) throw new CallError(response.status, await response.json());
      const link = document.createElement('a');
      link.href = URL.createObjectURL(await response.blob());
      link.download = `partners.${ending}`;
      link.click();
      setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
    } catch (failure) {
      const error = failure instanceof CallError ? failure : new CallError(0, null);
      showToast({ counts: {}, revision: null, text: t.exportThem, error });
    } finally {
      setIsRunning(false);
    }
  };
  return (
    <MenuTrigger>
      <AriaButton className="button button-plain" isDisabled={isRunning}>
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
            {t.exportSheet}
          </MenuItem>
          <MenuItem id="csv" className="menu-item">
            {t.exportCsv}
          </MenuItem>
          <MenuItem id="ndjson" className="menu-item">
            {t.exportNdjson}
          </MenuItem>
        </Menu>
      </Popover>
    </MenuTrigger>
  );
}
