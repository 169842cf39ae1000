import { useState } from 'react';
import type { Key } from '../../api/generated';
import { setQuery } from '../../app/router';
import { useSession } from '../../app/session';
import { Ago, Empty, Latin } from '../../parts/show';
import { TableBox } from '../../parts/TableBox';
import { useText } from '../../text';
import { common } from '../../text/common';
import { keys } from '../../text/keys';
import { Access, Ends, KeyName, Used } from './cells';
import { isEnded } from './grants';
import { KeyActions } from './KeyActions';

/** Whether keys that are revoked or expired are listed too; it is in the address. */
export function ShowEnded({ isOn }: { isOn: boolean }) {
  const t = useText(keys);
  return (
    <label className="choice switch-row">
      <input
        type="checkbox"
        role="switch"
        checked={isOn}
        aria-checked={isOn}
        onChange={(event) => setQuery({ ended: event.target.checked ? '1' : null })}
      />
      {t.showEnded}
    </label>
  );
}

/** Keys, or only those of people: these have no host names, and are not rotated. */
export function KeyTable({
  items,
  of,
  showsEnded,
  onRotate,
  onRevoke,
}: {
  items: readonly Key[];
  of: 'keys' | 'people';
  showsEnded: boolean;
  onRotate?: (item: Key) => void;
  onRevoke: (item: Key) => void;
}) {
  const t = useText(keys);
  const c = useText(common);
  const mayWrite = useSession().may('keysWrite');
  const [now] = useState(Date.now);
  const shown = items.filter((item) => showsEnded || !isEnded(item, now));
  if (shown.length === 0)
    return (
      <Empty icon={of} title={of === 'keys' ? t.noKeys : t.noPeople}>
        <p>{of === 'keys' ? t.noKeysHint : t.noPeopleHint}</p>
      </Empty>
    );
  return (
    <TableBox label={c[of]}>
      <table className="table table-short">
        <thead>
          <tr>
            <th scope="col">{t.name}</th>
            <th scope="col">{of === 'keys' ? t.access : t.role}</th>
            {of === 'keys' ? <th scope="col">{t.hosts}</th> : null}
            <th scope="col">{t.lastUsed}</th>
            <th scope="col">{t.expires}</th>
            <th scope="col">{t.created}</th>
            {mayWrite ? (
              <th scope="col">
                <span className="visually-hidden">{t.actions}</span>
              </th>
            ) : null}
          </tr>
        </thead>
        <tbody>
          {shown.map((item) => (
            <tr key={item.id} className={isEnded(item, now) ? 'ended' : undefined}>
              <th scope="row">
                <KeyName item={item} now={now} />
              </th>
              <td>
                <Access item={item} />
              </td>
              {of === 'keys' ? (
                <td>
                  <Hosts names={item.allowedHostnames} />
                </td>
              ) : null}
              <td>
                <Used at={item.lastUsedAt} />
              </td>
              <td>
                <Ends at={item.expiresAt} />
              </td>
              <td>
                <Ago at={item.createdAt} />
              </td>
              {mayWrite ? (
                <td>
                  {isEnded(item, now) ? null : <KeyActions item={item} onRotate={onRotate} onRevoke={onRevoke} />}
                </td>
              ) : null}
            </tr>
          ))}
        </tbody>
      </table>
    </TableBox>
  );
}

function Hosts({ names }: { names: readonly string[] }) {
  const t = useText(keys);
  if (names.length === 0) return <span className="muted">{t.anyHost}</span>;
  return (
    <span className="access">
      {names.map((host) => (
        <Latin key={host}>{host}</Latin>
      ))}
    </span>
  );
}
