import { type RefObject, useState } from 'react';
import type { PartnerThen } from '../../api/generated';
import { type Call, CallError, call, nextOf, numberIn } from '../../api/http';
import { useWrite } from '../../api/useCall';
import { showWrite } from '../../app/toasts';
import { TextInput } from '../../parts/controls';
import { Confirm } from '../../parts/Dialogs';
import { ErrorView, Name } from '../../parts/show';
import { useText } from '../../text';
import { partnersText } from '../../text/partners';
import type { Selection } from './selection';

/** Items of one write of the API. */
const mostItems = 10_000;

export type Deed = 'delete' | 'restore' | 'tag';

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
