import type { ChangeSet, Key } from '../../api/generated';
import { useCall } from '../../api/useCall';
import { setQuery, usePlace } from '../../app/router';
import { useSession } from '../../app/session';
import { Button, Choose, TextInput } from '../../parts/controls';
import { useText } from '../../text';
import { changes } from '../../text/changes';
import { common } from '../../text/common';

const kinds = ['upsert', 'create', 'delete', 'restore', 'undo', 'mirror', 'import', 'erase', 'recover'] as const;

/** Kind, actor and first day of the change sets; they are in the URL. */
export function Filters({ seen, hasFilters }: { seen: readonly ChangeSet[]; hasFilters: boolean }) {
  const t = useText(changes);
  const c = useText(common);
  const { query } = usePlace();
  const actor = query.get('actor') ?? '';
  const kind = query.get('kind') ?? '';
  const actors = useActors(seen, actor);
  return (
    <search className="change-filters" aria-label={t.filters}>
      <Choose
        label={t.kind}
        value={kind === '' ? 'any' : kind}
        choices={[{ id: 'any', text: t.anyKind }, ...kinds.map((id) => ({ id, text: c.kind[id] }))]}
        onChange={(id) => setQuery({ kind: id === 'any' ? null : id })}
      />
      <Choose
        label={t.by}
        value={actor === '' ? 'any' : actor}
        choices={[{ id: 'any', text: t.anybody }, ...actors]}
        onChange={(id) => setQuery({ actor: id === 'any' ? null : id })}
      />
      <TextInput
        label={t.since}
        type="date"
        value={query.get('since') ?? ''}
        onChange={(day) => setQuery({ since: day === '' ? null : day })}
      />
      {hasFilters ? (
        <Button
          look="quiet"
          onPress={({ target }) => {
            // This button goes, so the focus moves to the first filter.
            target.closest('search')?.querySelector('button')?.focus();
            setQuery({ kind: null, actor: null, since: null });
          }}
        >
          {t.clearFilters}
        </Button>
      ) : null}
    </search>
  );
}

/** Who can be chosen: all keys for who may see them, and otherwise who is in the list. */
function useActors(seen: readonly ChangeSet[], chosen: string): { id: string; text: string }[] {
  const session = useSession();
  const keys = useCall<Key[]>(session.may('keysRead') ? '/api/keys' : null).answer?.data ?? [];
  const names = new Map(keys.map((key) => [key.id, key.name]));
  for (const { actor } of seen) if (actor != null) names.set(actor.id, actor.name);
  names.set(session.actor.id, session.actor.name);
  if (chosen !== '' && !names.has(chosen)) names.set(chosen, chosen.slice(0, 8));
  return [...names].map(([id, text]) => ({ id, text })).sort((a, b) => a.text.localeCompare(b.text));
}
