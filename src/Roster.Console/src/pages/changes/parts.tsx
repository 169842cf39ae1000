import { useEffect, useRef, useState } from 'react';
import type { Change, ChangeSet, Partner } from '../../api/generated';
import { useCall } from '../../api/useCall';
import { Link } from '../../parts/Link';
import { Badge, Latin, Name, Who } from '../../parts/show';
import { useFormat, useText } from '../../text';
import { changes } from '../../text/changes';
import { common } from '../../text/common';

const tones = {
  upsert: 'plain',
  mirror: 'plain',
  create: 'good',
  delete: 'bad',
  restore: 'good',
  undo: 'warn',
  erase: 'bad',
  import: 'info',
  recover: 'warn',
} as const;

export function Kind({ kind }: { kind: ChangeSet['kind'] }) {
  const t = useText(common);
  return <Badge tone={tones[kind]}>{t.kind[kind]}</Badge>;
}

/** Such as "3 created · 1 updated". */
export function Counts({ set }: { set: ChangeSet }) {
  const t = useText(common);
  const parts = (['created', 'updated', 'deleted', 'restored'] as const)
    .filter((name) => set[name] > 0)
    .map((name) => t.counts[name](set[name]));
  return <>{parts.length === 0 ? '—' : parts.join(' · ')}</>;
}

/** Who made a change set: a server that does not name its keys says only the key's id. */
export function By({ set }: { set: ChangeSet }) {
  if (set.actor === undefined) return <Latin isCode>{set.keyId.slice(0, 8)}</Latin>;
  return <Who actor={set.actor} />;
}

/** What a change set has to do with others, and with imports. */
export function Relations({ set }: { set: ChangeSet }) {
  const t = useText(changes);
  const format = useFormat();
  return (
    <>
      {set.undoneBy === null ? null : (
        <Link to={`/changes/${set.undoneBy}`} className="badge badge-warn badge-link">
          {t.undoneBy(format.number(set.undoneBy))}
        </Link>
      )}
      {set.undoes === null ? null : (
        <Link to={`/changes/${set.undoes}`} className="badge badge-link">
          {t.undoes(format.number(set.undoes))}
        </Link>
      )}
      {set.import === undefined ? null : (
        <Link to={`/imports/${set.import.id}`} className="badge badge-info badge-link">
          {t.importPart(format.number(set.import.part), format.number(set.import.parts))}
        </Link>
      )}
    </>
  );
}

/** The partner of a change, as a link. A name that the change does not have is read when it comes into view. */
export function PartnerLink({ id, known: given }: { id: string; known?: string | null | undefined }) {
  const t = useText(changes);
  const known = given ?? null;
  const place = useRef<HTMLSpanElement>(null);
  const [isSeen, setIsSeen] = useState(false);
  useEffect(() => {
    const target = place.current;
    if (target === null || known !== null) return;
    const observer = new IntersectionObserver((entries) => {
      if (!entries.some((entry) => entry.isIntersecting)) return;
      setIsSeen(true);
      observer.disconnect();
    });
    observer.observe(target);
    return () => observer.disconnect();
  }, [known]);
  const { answer, error } = useCall<Partner>(known === null && isSeen ? `/api/partners/${id}?deleted=true` : null);
  const name = known ?? answer?.data.name ?? null;
  return (
    <span ref={place}>
      <Link to={`/partners?partner=${id}`} className="partner-link">
        {name !== null ? <Name>{name}</Name> : error === null ? '…' : t.unnamed}
      </Link>
    </span>
  );
}

/** The name that a change has, of a partner whose name it changes. */
export function nameIn(change: Change): string | null {
  const name = change.fields?.name;
  return typeof name?.new === 'string' ? name.new : typeof name?.old === 'string' ? name.old : null;
}
