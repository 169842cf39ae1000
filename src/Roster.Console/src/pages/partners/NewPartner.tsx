import { useId, useState } from 'react';
import type { Partner } from '../../api/generated';
import { useWrite } from '../../api/useCall';
import { showWrite } from '../../app/toasts';
import { Button } from '../../parts/controls';
import { Confirm, Sheet } from '../../parts/Dialogs';
import { ErrorView } from '../../parts/show';
import { useText } from '../../text';
import { common } from '../../text/common';
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
  const names = useText(common);
  const form = useId();
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
    <Sheet
      title={t.newPartner}
      isOpen
      onClose={leave}
      footer={
        <>
          <Button onPress={leave}>{names.cancel}</Button>
          <Button look="primary" type="submit" form={form} isPending={isRunning}>
            {t.create}
          </Button>
        </>
      }
    >
      <form
        id={form}
        noValidate
        onSubmit={(event) => {
          event.preventDefault();
          void save();
        }}
      >
        <PartnerForm
          before={emptyDraft}
          draft={draft}
          onChange={setDraft}
          faults={error?.problem?.details ?? []}
          isNew
          autoFocus
        />
      </form>
      {error === null ? null : <ErrorView error={error} />}
      <Confirm
        title={t.discard}
        isOpen={isAsking}
        onClose={() => setIsAsking(false)}
        onConfirm={onClose}
        action={t.discard}
        isDanger
      >
        <p>{t.discardAsk}</p>
      </Confirm>
    </Sheet>
  );
}
