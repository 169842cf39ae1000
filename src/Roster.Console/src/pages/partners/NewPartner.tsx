import { useState } from 'react';
import type { Partner } from '../../api/generated';
import { useWrite } from '../../api/useCall';
import { useUnsaved } from '../../app/router';
import { showWrite } from '../../app/toasts';
import { FormSheet } from '../../parts/Dialogs';
import { ErrorView } from '../../parts/show';
import { useText } from '../../text';
import { partnerText } from '../../text/partner';
import { partnersText } from '../../text/partners';
import { changesOf, type Draft, emptyDraft, isHalf, isTyped } from './draft';
import { PartnerForm } from './PartnerForm';

/** Makes one partner. Where something is typed, closing asks first. */
export default function NewPartner({
  onClose,
  onCreated,
}: {
  onClose: () => void;
  onCreated: (partner: Partner) => void;
}) {
  const t = useText(partnerText);
  const listTexts = useText(partnersText);
  const [draft, setDraft] = useState<Draft>(emptyDraft);
  const [isChecked, setIsChecked] = useState(false);
  const { run, isRunning, error } = useWrite();
  const isSaved = useUnsaved(isTyped(emptyDraft, draft), ({ path, query }) => path === '/partners' && query.has('new'));
  const save = async () => {
    setIsChecked(true);
    if (draft.metadata.some(isHalf)) return;
    const body = [changesOf(emptyDraft, draft) ?? {}];
    const answer = await run<Partner[]>({ method: 'POST', path: '/api/partners', body });
    const made = answer?.data[0];
    if (answer === null || made === undefined) return;
    showWrite(answer.headers);
    isSaved();
    onCreated(made);
  };
  return (
    <FormSheet
      title={listTexts.newPartner}
      isOpen
      onClose={onClose}
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
        isChecked={isChecked}
        autoFocus
      />
      {error === null ? null : <ErrorView error={error} />}
    </FormSheet>
  );
}
