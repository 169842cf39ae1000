import { useState } from 'react';
import type { PartnerThen } from '../../api/generated';
import { useWrite } from '../../api/useCall';
import { showNote } from '../../app/toasts';
import { TextInput } from '../../parts/controls';
import { Confirm } from '../../parts/Dialogs';
import { ErrorView } from '../../parts/show';
import { useText } from '../../text';
import { common } from '../../text/common';
import { partnerText } from '../../text/partner';
import { isSameName, isSeen } from './sameName';

/** Erasing cannot be undone, so the name is typed first. */
export default function EraseDialog({
  partner,
  isOpen,
  onClose,
}: {
  partner: PartnerThen;
  isOpen: boolean;
  onClose: (isErased: boolean) => void;
}) {
  const t = useText(partnerText);
  const names = useText(common);
  const [typed, setTyped] = useState('');
  const { run, isRunning, error } = useWrite();
  const name = partner.name?.trim() ?? '';
  const wanted = isSeen(name) ? name : partner.id;
  return (
    <Confirm
      title={t.eraseTitle}
      isOpen={isOpen}
      onClose={() => {
        setTyped('');
        onClose(false);
      }}
      onConfirm={() =>
        void run({ method: 'POST', path: '/api/partners/erase', body: [partner.id] }).then((answer) => {
          if (answer === null) return;
          showNote(names.change.erased);
          onClose(true);
        })
      }
      action={t.eraseAction}
      isDanger
      isRunning={isRunning}
      isDisabled={!isSameName(typed, wanted)}
    >
      <p>{t.eraseHint}</p>
      <TextInput label={t.eraseType(wanted)} value={typed} onChange={setTyped} autoFocus autoComplete="off" />
      {error === null ? null : <ErrorView error={error} />}
    </Confirm>
  );
}
