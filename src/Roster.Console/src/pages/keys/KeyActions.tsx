import { useState } from 'react';
import type { Key, NewKey } from '../../api/generated';
import { useWrite } from '../../api/useCall';
import { useSession } from '../../app/session';
import { showNote } from '../../app/toasts';
import { Button, Choose } from '../../parts/controls';
import { Confirm } from '../../parts/Dialogs';
import { ErrorView } from '../../parts/show';
import { useText } from '../../text';
import { keys } from '../../text/keys';
import { hasAll } from './grants';

/** The buttons of a key's row. A key that can do more than the caller's cannot be touched. */
export function KeyActions({
  item,
  onRotate,
  onRevoke,
}: {
  item: Key;
  onRotate?: ((item: Key) => void) | undefined;
  onRevoke: (item: Key) => void;
}) {
  const t = useText(keys);
  const session = useSession();
  const canMore = !hasAll(session.scopes, item.scopes);
  return (
    <>
      <div className="actions">
        {onRotate === undefined ? null : (
          <Button look="quiet" aria-label={t.rotateOne(item.name)} isDisabled={canMore} onPress={() => onRotate(item)}>
            {t.rotate}
          </Button>
        )}
        <Button look="quiet" aria-label={t.revokeOne(item.name)} isDisabled={canMore} onPress={() => onRevoke(item)}>
          {t.revoke}
        </Button>
      </div>
      {canMore ? <span className="muted small can-more">{t.canMore}</span> : null}
    </>
  );
}

const overlaps = ['0', '3600', '86400', '604800'] as const;

export function RotateSheet({
  item,
  onClose,
  onMade,
}: {
  item: Key;
  onClose: () => void;
  onMade: (made: NewKey) => void;
}) {
  const t = useText(keys);
  const [overlap, setOverlap] = useState<(typeof overlaps)[number]>('86400');
  const { run, isRunning, error } = useWrite();
  const rotate = async () => {
    const answer = await run<NewKey>({ method: 'POST', path: `/api/keys/${item.id}/rotate?overlap=${overlap}` });
    if (answer !== null) onMade(answer.data);
  };
  return (
    <Confirm
      title={t.rotateTitle(item.name)}
      isOpen
      onClose={onClose}
      onConfirm={() => void rotate()}
      action={t.rotate}
      isRunning={isRunning}
    >
      {error === null ? null : <ErrorView error={error} />}
      <p>{t.rotateHint}</p>
      <Choose
        label={t.overlap}
        value={overlap}
        choices={overlaps.map((id) => ({ id, text: t.overlaps[id] }))}
        onChange={setOverlap}
      />
    </Confirm>
  );
}

export function RevokeSheet({ item, onClose }: { item: Key; onClose: () => void }) {
  const t = useText(keys);
  const session = useSession();
  const { run, isRunning, error } = useWrite();
  const revoke = async () => {
    const answer = await run({ method: 'DELETE', path: `/api/keys/${item.id}` });
    if (answer === null) return;
    showNote(t.revokeDone(item.name));
    onClose();
  };
  return (
    <Confirm
      title={t.revokeTitle(item.name)}
      isOpen
      onClose={onClose}
      onConfirm={() => void revoke()}
      action={t.revoke}
      isDanger
      isRunning={isRunning}
    >
      {error === null ? null : <ErrorView error={error} />}
      <p>{t.revokeHint}</p>
      {item.id === session.actor.id ? <p className="notice notice-warn">{t.revokeOwn}</p> : null}
    </Confirm>
  );
}
