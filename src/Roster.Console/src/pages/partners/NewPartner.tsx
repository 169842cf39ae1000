import { useState } from 'react';
import type { Partner } from '../../api/generated';
import { useWrite } from '../../api/useCall';
import { showWrite } from '../../app/toasts';
import { DiscardQuestion, FormSheet } from '../../parts/Dialogs';
import { ErrorView } from '../../parts/show';
import { useText } from '../../text';
import { partnersText } from '../../text/partners';
import { changesOf, type Draft, emptyDraft } from './draft';
import { PartnerForm } from './PartnerForm';

/** Makes one partner. */
export default function NewPartner({
  onClose,
  onCreated,
}: {
  onClose: () => void;
  onCreated: (partner: Partner) => void;
}) {
  const t = useText(partnersText);
  const [draft, setDraft] = useState<Draft>(emptyDraft);
  const [isAsking, setIsAsking] = useState(false);
  const { run, isRunning, error } = useWrite();
  const changes = changesOf(emptyDraft, draft);
  const leave = () => (changes === null ? onClose() : setIsAsking(true));
  const save = async () => {
    const answer = await run<Partner[]>({ method: 'POST', path: '/api/partners', body: [changes ?? {}] });
    const made = answer?.data[0];
    if (answer === null || made === undefined) return;
    showWrite(answer.headers);
    onCreated(made);
  };
  return (
    <>
      <FormSheet
        title={t.newPartner}
        isOpen
        onClose={leave}
        onSubmit={() => void save()}
        action={t.create}
        isRunning={isRunning}
      >
        <PartnerForm
          before={emptyDraft}
          draft={draft}
          onChange={setDraft}
          faults={error?.problem?.details ?? []}
          isNew
          autoFocus
        />
        {error === null ? null : <ErrorView error={error} />}
      </FormSheet>
      <DiscardQuestion isOpen={isAsking} onClose={() => setIsAsking(false)} onDiscard={onClose} />
    </>
  );
}
