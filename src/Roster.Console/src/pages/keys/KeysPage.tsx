import { useState } from 'react';
import type { Key, NewKey } from '../../api/generated';
import { useCall } from '../../api/useCall';
import { AsCurl, useShownCalls } from '../../app/curl';
import { setQuery, usePlace } from '../../app/router';
import { useSession } from '../../app/session';
import { Button } from '../../parts/controls';
import { Ago, Empty, ErrorView, Latin, Loading, PageHead } from '../../parts/show';
import { TableBox } from '../../parts/TableBox';
import { useText } from '../../text';
import { common } from '../../text/common';
import { keys } from '../../text/keys';
import { Access, Ends, KeyName, Used } from './cells';
import { isEnded } from './grants';
import { KeyActions, RevokeSheet, RotateSheet } from './KeyActions';
import { NewKeySheet } from './NewKeySheet';
import { Secret } from './Secret';
import './keys.css';

export default function KeysPage() {
  const t = useText(keys);
  const c = useText(common);
  const session = useSession();
  const { query } = usePlace();
  const { answer, error, again } = useCall<Key[]>('/api/keys');
  const [made, setMade] = useState<NewKey | null>(null);
  const [rotating, setRotating] = useState<Key | null>(null);
  const [revoking, setRevoking] = useState<Key | null>(null);
  useShownCalls({ path: '/api/keys' });
  const all = answer?.data ?? [];
  const showsEnded = query.has('ended');
  const limit = all.find((item) => item.id === session.actor.id)?.expiresAt ?? null;
  return (
    <>
      <PageHead title={c.keys} sub={t.sub}>
        {session.may('keysWrite') ? (
          <Button look="primary" icon="plus" onPress={() => setQuery({ new: '' }, { replace: false })}>
            {t.newKey}
          </Button>
        ) : null}
        <AsCurl />
      </PageHead>
      <label className="choice switch-row">
        <input
          type="checkbox"
          role="switch"
          checked={showsEnded}
          aria-checked={showsEnded}
          onChange={(event) => setQuery({ ended: event.target.checked ? '1' : null })}
        />
        {t.showEnded}
      </label>
      {error === null ? null : <ErrorView error={error} again={again} />}
      {answer === null ? (
        error === null ? (
          <Loading />
        ) : null
      ) : (
        <KeyTable all={all} showsEnded={showsEnded} onRotate={setRotating} onRevoke={setRevoking} />
      )}
      {query.has('new') && session.may('keysWrite') && answer !== null ? (
        <NewKeySheet
          limit={limit}
          onClose={() => setQuery({ new: null })}
          onMade={(key) => {
            setQuery({ new: null });
            setMade(key);
          }}
        />
      ) : null}
      {rotating === null ? null : (
        <RotateSheet
          item={rotating}
          onClose={() => setRotating(null)}
          onMade={(key) => {
            setRotating(null);
            setMade(key);
          }}
        />
      )}
      {revoking === null ? null : <RevokeSheet item={revoking} onClose={() => setRevoking(null)} />}
      <Secret made={made} onClose={() => setMade(null)} />
    </>
  );
}

function KeyTable({
  all,
  showsEnded,
  onRotate,
  onRevoke,
}: {
  all: readonly Key[];
  showsEnded: boolean;
  onRotate: (item: Key) => void;
  onRevoke: (item: Key) => void;
}) {
  const t = useText(keys);
  const c = useText(common);
  const session = useSession();
  const [now] = useState(Date.now);
  const shown = all.filter((item) => showsEnded || !isEnded(item, now));
  if (shown.length === 0)
    return (
      <Empty icon="keys" title={t.noKeys}>
        <p>{t.noKeysHint}</p>
      </Empty>
    );
  return (
    <TableBox label={c.keys}>
      <table className="table table-short">
        <thead>
          <tr>
            <th scope="col">{t.name}</th>
            <th scope="col">{t.access}</th>
            <th scope="col">{t.hosts}</th>
            <th scope="col">{t.lastUsed}</th>
            <th scope="col">{t.expires}</th>
            <th scope="col">{t.created}</th>
            {session.may('keysWrite') ? (
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
              <td>
                {item.allowedHostnames.length === 0 ? (
                  <span className="muted">{t.anyHost}</span>
                ) : (
                  <span className="access">
                    {item.allowedHostnames.map((host) => (
                      <Latin key={host}>{host}</Latin>
                    ))}
                  </span>
                )}
              </td>
              <td>
                <Used at={item.lastUsedAt} />
              </td>
              <td>
                <Ends at={item.expiresAt} />
              </td>
              <td>
                <Ago at={item.createdAt} />
              </td>
              {session.may('keysWrite') ? (
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
