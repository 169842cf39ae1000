import { useState } from 'react';
import type { Key, Link } from '../../api/generated';
import { useCall } from '../../api/useCall';
import { AsCurl, useShownCalls } from '../../app/curl';
import { setQuery, usePlace } from '../../app/router';
import { useSession } from '../../app/session';
import { Button } from '../../parts/controls';
import { Ago, Empty, ErrorView, Loading, PageHead } from '../../parts/show';
import { TableBox } from '../../parts/TableBox';
import { useText } from '../../text';
import { common } from '../../text/common';
import { keys } from '../../text/keys';
import { Access, Ends, KeyName, Used } from './cells';
import { isEnded } from './grants';
import { InviteSheet, MadeLink } from './InviteSheet';
import { KeyActions, RevokeSheet } from './KeyActions';
import './keys.css';

/** The people of the workspace: keys of kind person. */
export default function PeoplePage() {
  const t = useText(keys);
  const c = useText(common);
  const session = useSession();
  const { query } = usePlace();
  const { answer, error, again } = useCall<Key[]>('/api/keys');
  const [made, setMade] = useState<Link | null>(null);
  const [revoking, setRevoking] = useState<Key | null>(null);
  useShownCalls({ path: '/api/keys' });
  const showsEnded = query.has('ended');
  return (
    <>
      <PageHead title={c.people} sub={t.peopleSub}>
        {session.may('keysWrite') ? (
          <Button look="primary" icon="plus" onPress={() => setQuery({ invite: '' }, { replace: false })}>
            {t.invite}
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
        <PeopleTable
          people={answer.data.filter((item) => item.kind === 'person')}
          showsEnded={showsEnded}
          onRevoke={setRevoking}
        />
      )}
      {query.has('invite') && session.may('keysWrite') ? (
        <InviteSheet
          onClose={() => setQuery({ invite: null })}
          onMade={(link) => {
            setQuery({ invite: null });
            setMade(link);
          }}
        />
      ) : null}
      <MadeLink link={made} onClose={() => setMade(null)} />
      {revoking === null ? null : <RevokeSheet item={revoking} onClose={() => setRevoking(null)} />}
    </>
  );
}

function PeopleTable({
  people,
  showsEnded,
  onRevoke,
}: {
  people: readonly Key[];
  showsEnded: boolean;
  onRevoke: (item: Key) => void;
}) {
  const t = useText(keys);
  const c = useText(common);
  const session = useSession();
  const [now] = useState(Date.now);
  const shown = people.filter((item) => showsEnded || !isEnded(item, now));
  if (shown.length === 0)
    return (
      <Empty icon="people" title={t.noPeople}>
        <p>{t.noPeopleHint}</p>
      </Empty>
    );
  return (
    <TableBox label={c.people}>
      <table className="table table-short">
        <thead>
          <tr>
            <th scope="col">{t.name}</th>
            <th scope="col">{t.role}</th>
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
                <Used at={item.lastUsedAt} />
              </td>
              <td>
                <Ends at={item.expiresAt} />
              </td>
              <td>
                <Ago at={item.createdAt} />
              </td>
              {session.may('keysWrite') ? (
                <td>{isEnded(item, now) ? null : <KeyActions item={item} onRevoke={onRevoke} />}</td>
              ) : null}
            </tr>
          ))}
        </tbody>
      </table>
    </TableBox>
  );
}
