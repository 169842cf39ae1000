import { useState } from 'react';
import type { Key, NewKey } from '../../api/generated';
import { useCall } from '../../api/useCall';
import { AsCurl, useShownCalls } from '../../app/curl';
import { setQuery, usePlace } from '../../app/router';
import { useSession } from '../../app/session';
import { Answered } from '../../parts/Answered';
import { Button } from '../../parts/controls';
import { ShownOnce } from '../../parts/Dialogs';
import { PageHead } from '../../parts/show';
import { useText } from '../../text';
import { common } from '../../text/common';
import { keys } from '../../text/keys';
import { RevokeSheet, RotateSheet } from './KeyActions';
import { KeyTable, ShowEnded } from './KeyTable';
import { NewKeySheet } from './NewKeySheet';
import './keys.css';

export default function KeysPage() {
  const t = useText(keys);
  const c = useText(common);
  const session = useSession();
  const { query } = usePlace();
  const reading = useCall<Key[]>('/api/keys');
  const [made, setMade] = useState<NewKey | null>(null);
  const [rotating, setRotating] = useState<Key | null>(null);
  const [revoking, setRevoking] = useState<Key | null>(null);
  useShownCalls({ path: '/api/keys' });
  const showsEnded = query.has('ended');
  const limit = reading.answer?.data.find((item) => item.id === session.actor.id)?.expiresAt ?? null;
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
      <ShowEnded isOn={showsEnded} />
      <Answered reading={reading}>
        {(items) => (
          <KeyTable items={items} of="keys" showsEnded={showsEnded} onRotate={setRotating} onRevoke={setRevoking} />
        )}
      </Answered>
      {query.has('new') && session.may('keysWrite') && reading.answer !== null ? (
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
      {made === null ? null : (
        <ShownOnce
          title={t.secret(made.name)}
          hint={t.secretHint}
          secret={made.key}
          copyLabel={t.secretCopy}
          action={t.kept}
          onClose={() => setMade(null)}
        />
      )}
    </>
  );
}
