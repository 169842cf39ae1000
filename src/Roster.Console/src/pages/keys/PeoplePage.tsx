import { useState } from 'react';
import type { Key, Link } from '../../api/generated';
import { useCall } from '../../api/useCall';
import { AsCurl, useShownCalls } from '../../app/curl';
import { setQuery, usePlace } from '../../app/router';
import { useSession } from '../../app/session';
import { Answered } from '../../parts/Answered';
import { Button } from '../../parts/controls';
import { PageHead } from '../../parts/show';
import { useText } from '../../text';
import { common } from '../../text/common';
import { keys } from '../../text/keys';
import { InviteSheet, MadeLink } from './InviteSheet';
import { RevokeSheet } from './KeyActions';
import { KeyTable, ShowEnded } from './KeyTable';
import './keys.css';

/** The people of the workspace: keys of kind person. */
export default function PeoplePage() {
  const t = useText(keys);
  const c = useText(common);
  const session = useSession();
  const { query } = usePlace();
  const reading = useCall<Key[]>('/api/keys');
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
      <ShowEnded isOn={showsEnded} />
      <Answered reading={reading}>
        {(items) => (
          <KeyTable
            items={items.filter((item) => item.kind === 'person')}
            of="people"
            showsEnded={showsEnded}
            onRevoke={setRevoking}
          />
        )}
      </Answered>
      {query.has('invite') && session.may('keysWrite') ? (
        <InviteSheet
          onClose={() => setQuery({ invite: null })}
          onMade={(link) => {
            setQuery({ invite: null });
            setMade(link);
          }}
        />
      ) : null}
      {made === null ? null : <MadeLink link={made} onClose={() => setMade(null)} />}
      {revoking === null ? null : <RevokeSheet item={revoking} onClose={() => setRevoking(null)} />}
    </>
  );
}
