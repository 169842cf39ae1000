import type { Key } from '../../api/generated';
import { useSession } from '../../app/session';
import { Icon } from '../../parts/Icon';
import { Ago, Badge, Latin, Name } from '../../parts/show';
import { useFormat, useText } from '../../text';
import { common } from '../../text/common';
import { keys } from '../../text/keys';
import { isEnded, isExpired, isIdle, scopesOf } from './grants';

/** A key's name and prefix, and what is special about it. */
export function KeyName({ item, now }: { item: Key; now: number }) {
  const t = useText(keys);
  const session = useSession();
  return (
    <>
      <span className="row">
        <Icon name={item.kind === 'person' ? 'people' : 'keys'} size={14} />
        <Name>{item.name}</Name>
        {item.id === session.actor.id ? <Badge tone="info">{t.yours}</Badge> : null}
        {item.revokedAt !== null ? <Badge tone="bad">{t.revoked}</Badge> : null}
        {item.revokedAt === null && isExpired(item, now) ? <Badge tone="bad">{t.expired}</Badge> : null}
        {!isEnded(item, now) && isIdle(item, now) ? <Badge tone="warn">{t.idle}</Badge> : null}
      </span>
      <span className="muted small key-prefix">
        <Latin isCode>{`${item.prefix}…`}</Latin>
      </span>
    </>
  );
}

/** A key's role, and the scopes that the role does not say. */
export function Access({ item }: { item: Key }) {
  const c = useText(common);
  const role = item.role;
  const more = item.scopes.filter((scope) => role === null || !scopesOf[role].includes(scope));
  return (
    <span className="access">
      {role === null ? null : <span>{c.role[role]}</span>}
      {more.map((scope) => (
        <Latin key={scope} isCode>{`${role === null ? '' : '+ '}${scope}`}</Latin>
      ))}
    </span>
  );
}

export function Used({ at }: { at: string | null }) {
  const t = useText(keys);
  return at === null ? <span className="muted">{t.never}</span> : <Ago at={at} />;
}

export function Ends({ at }: { at: string | null }) {
  const t = useText(keys);
  const format = useFormat();
  if (at === null) return <span className="muted">{t.never}</span>;
  return (
    <time dateTime={at} title={format.time(at)}>
      {format.day(at)}
    </time>
  );
}
