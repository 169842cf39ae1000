import { type RefObject, useEffect, useRef, useState } from 'react';
import type { PartnerThen } from '../../api/generated';
import { type Call, CallError, call, nextOf, numberIn } from '../../api/http';
import { useReadAgain, useWrite } from '../../api/useCall';
import { showWrite } from '../../app/toasts';
import { TextInput } from '../../parts/controls';
import { Confirm } from '../../parts/Dialogs';
import { ErrorView, Name } from '../../parts/show';
import { useText } from '../../text';
import { partnerText } from '../../text/partner';
import { partnersText } from '../../text/partners';
import { tryWithout } from './deed';
import type { Selection } from './selection';

/** Items of one write of the API. */
const mostItems = 10_000;

/** Names that a preview shows. */
const mostNames = 8;

export type Deed = 'delete' | 'restore' | 'tag';

interface Plan {
  readonly call: Call;
  readonly changes: number;
  readonly size: number;
  readonly names: readonly string[];
  /** How many are deleted, erased or restored already. */
  readonly leftOut: number;
}

/** Shows what would become of the partners that are chosen, and does it. */
export default function DeedDialog({
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
  const t = useText(partnerText);
  const listTexts = useText(partnersText);
  const [add, setAdd] = useState('');
  const [remove, setRemove] = useState('');
  const [plan, setPlan] = useState<Plan | null>(null);
  const [isReading, setIsReading] = useState(false);
  const [trouble, setTrouble] = useState<CallError | null>(null);
  /** Which preview is wanted: one that was asked for before the tags were changed is not shown. */
  const wanted = useRef(0);
  const { run, isRunning, error, clear } = useWrite();
  useReadAgain(error);
  const [isMore, setIsMore] = useState(false);
  const isTooMany = isMore || (size !== null && size > mostItems);
  const title = { delete: t.deleteTitle, restore: t.restoreTitle, tag: t.tagTitle }[deed];

  const preview = async () => {
    const asked = ++wanted.current;
    const isWanted = () => asked === wanted.current;
    setIsReading(true);
    setTrouble(null);
    clear();
    try {
      const wide = await chosen(selection, list, deed);
      if (wide.ids.length > mostItems) {
        setIsMore(true);
        return;
      }
      const writeOf = (some: readonly string[]) => callOf(deed, some, tagsIn(add), tagsIn(remove));
      const { ids, answer } = await tryWithout(wide.ids, (some) => {
        const write = writeOf(some);
        return call({ ...write, path: `${write.path}?dryRun=true` });
      });
      const changes = ['Roster-Updated', 'Roster-Deleted', 'Roster-Restored'].reduce(
        (sum, name) => sum + (answer === null ? 0 : (numberIn(answer.headers, name) ?? 0)),
        0,
      );
      const names = await Promise.all(ids.slice(0, mostNames).map((id) => wide.names.get(id) ?? nameOf(id)));
      const leftOut = wide.leftOut + wide.ids.length - ids.length;
      if (isWanted()) setPlan({ call: writeOf(ids), changes, size: ids.length, names, leftOut });
    } catch (failure) {
      if (!(failure instanceof CallError)) throw failure;
      if (isWanted()) setTrouble(failure);
    } finally {
      if (isWanted()) setIsReading(false);
    }
  };
  const change = (setText: (text: string) => void) => (text: string) => {
    setText(text);
    wanted.current++;
    setIsReading(false);
    setPlan(null);
  };
  const apply = async () => {
    if (plan === null) return preview();
    const answer = await run(plan.call);
    if (answer === null) return;
    showWrite(answer.headers);
    onClose(true);
  };
  // What was refused would be refused again: it is looked at anew.
  useEffect(() => {
    if (error?.status === 400) setPlan(null);
  }, [error]);
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
      isDisabled={isTooMany || plan?.size === 0 || (deed === 'tag' && tagsIn(add).length + tagsIn(remove).length === 0)}
    >
      {isTooMany ? <p className="notice notice-warn">{t.tooMany}</p> : null}
      {deed === 'tag' ? (
        <>
          <TextInput label={t.tagsToAdd} hint={t.tagsHint} value={add} onChange={change(setAdd)} />
          <TextInput label={t.tagsToRemove} value={remove} onChange={change(setRemove)} />
        </>
      ) : null}
      {plan === null ? (
        <p>{size === null ? listTexts.allSelected : listTexts.selected(size)}</p>
      ) : (
        <div className="stack-small" role="status">
          <strong>{say(plan.changes)}</strong>
          <ul className="names">
            {plan.names.map((name, at) => (
              // biome-ignore lint/suspicious/noArrayIndexKey: two partners can have one name, and the list does not change
              <li key={at}>
                <Name>{name}</Name>
              </li>
            ))}
          </ul>
          {plan.size > plan.names.length ? (
            <span className="muted">{t.andMore(plan.size - plan.names.length)}</span>
          ) : null}
          {plan.leftOut === 0 ? null : (
            <span>{deed === 'restore' ? t.restoredAlready(plan.leftOut) : t.deletedAlready(plan.leftOut)}</span>
          )}
          {plan.size === 0 ? null : <span className="muted">{t.canUndo}</span>}
        </div>
      )}
      {(trouble ?? error) === null ? null : <ErrorView error={(trouble ?? error) as CallError} />}
    </Confirm>
  );
}

/**
 * The chosen partners. Those of "all that match" are read from the list with their names, until there are more than one
 * write can have; those that are deleted already can only be restored.
 */
async function chosen(
  selection: Selection,
  list: URLSearchParams,
  deed: Deed,
): Promise<{ ids: string[]; names: ReadonlyMap<string, string>; leftOut: number }> {
  const names = new Map<string, string>();
  if (selection.kind === 'some') return { ids: [...selection.ids], names, leftOut: 0 };
  const ids: string[] = [];
  let leftOut = 0;
  let next: string | null = `/api/partners?${new URLSearchParams([...list, ['take', '1000']])}`;
  while (next !== null && ids.length <= mostItems) {
    const answer: Awaited<ReturnType<typeof call<PartnerThen[]>>> = await call<PartnerThen[]>({ path: next });
    for (const partner of answer.data)
      if (selection.except.has(partner.id)) continue;
      else if (partner.deletedAt != null && deed !== 'restore') leftOut++;
      else {
        ids.push(partner.id);
        names.set(partner.id, partner.name ?? partner.id);
      }
    next = nextOf(answer.headers);
  }
  return { ids, names, leftOut };
}

function nameOf(id: string): Promise<string> {
  return call<PartnerThen>({ path: `/api/partners/${id}?deleted=true` }).then(
    ({ data }) => data.name ?? id,
    () => id,
  );
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
