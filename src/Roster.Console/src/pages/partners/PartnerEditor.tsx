import { type FormEvent, useMemo, useRef, useState } from 'react';
import type { PartnerThen } from '../../api/generated';
import { CallError, call } from '../../api/http';
import { useWrite } from '../../api/useCall';
import { showFailure, showWrite } from '../../app/toasts';
import { Button } from '../../parts/controls';
import { DiscardQuestion } from '../../parts/Dialogs';
import { ErrorView, Latin } from '../../parts/show';
import { useText } from '../../text';
import { common } from '../../text/common';
import { partnersText } from '../../text/partners';
import { changesOf, conflictsOf, type Draft, draftOf, type TextField } from './draft';
import { PartnerForm } from './PartnerForm';

/**
 * Changes a partner. It is saved only where nobody else has changed it since it was read (`ifUpdatedAt`); if somebody
 * has, the form shows both values of each such field, and what was typed stays.
 */
export default function PartnerEditor({ partner, onDone }: { partner: PartnerThen; onDone: () => void }) {
  const t = useText(partnersText);
  const names = useText(common);
  // What the form is about stays, also if the page reads the partner again meanwhile.
  const [base, setBase] = useState(partner);
  const before = useMemo(() => draftOf(base), [base]);
  const [draft, setDraft] = useState<Draft>(before);
  const [conflicts, setConflicts] = useState<readonly TextField[]>([]);
  const [isAsking, setIsAsking] = useState(false);
  const form = useRef<HTMLFormElement>(null);
  const { run, isRunning, error } = useWrite();
  const changes = changesOf(before, draft);
  const isChanged = error?.problem?.details?.some((fault) => fault.code === 'changed_since') === true;

  const readNewer = async () => {
    try {
      const { data } = await call<PartnerThen>({ path: `/api/partners/${base.id}` });
      const { rebased, fields } = conflictsOf(before, draft, draftOf(data));
      setBase(data);
      setDraft(rebased);
      setConflicts(fields);
    } catch (failure) {
      if (!(failure instanceof CallError)) throw failure;
      showFailure(failure);
    }
  };
  const save = async (event: FormEvent) => {
    event.preventDefault();
    if (changes === null) return onDone();
    const answer = await run({
      method: 'PUT',
      path: '/api/partners',
      body: [{ id: base.id, ...changes, ifUpdatedAt: base.updatedAt }],
    });
    if (answer === null) return;
    showWrite(answer.headers);
    onDone();
  };
  const leave = () => (changes === null ? onDone() : setIsAsking(true));
  return (
    <form
      className="panel-form"
      ref={form}
      onSubmit={(event) => void save(event)}
      onKeyDown={(event) => {
        if (event.key === 'Escape') {
          event.preventDefault();
          leave();
        } else if (event.key === 'Enter' && (event.ctrlKey || event.metaKey)) form.current?.requestSubmit();
      }}
    >
      <div className="panel-body stack">
        {isChanged ? (
          <div className="notice notice-warn" role="alert">
            <div className="stack-small">
              <strong>{t.conflict}</strong>
              <span>
                <Button onPress={() => void readNewer()}>{t.showTheirs}</Button>
              </span>
            </div>
          </div>
        ) : error === null ? null : (
          <ErrorView error={error} />
        )}
        {conflicts.length === 0 ? null : (
          <section className="notice notice-warn stack" aria-label={t.conflict}>
            <div className="stack">
              <strong role="alert">{t.conflict}</strong>
              <span>{t.conflictHint}</span>
              {conflicts.map((field) => (
                <div className="stack-small" key={field}>
                  <span>
                    {names[field]}: {t.mine} <Latin>{draft[field] === '' ? '—' : draft[field]}</Latin> · {t.theirs}{' '}
                    <Latin>{before[field] === '' ? '—' : before[field]}</Latin>
                  </span>
                  <div className="row">
                    <Button onPress={() => setConflicts(conflicts.filter((one) => one !== field))}>
                      {`${t.keepMine}: ${names[field]}`}
                    </Button>
                    <Button
                      onPress={() => {
                        setDraft({ ...draft, [field]: before[field] });
                        setConflicts(conflicts.filter((one) => one !== field));
                      }}
                    >
                      {`${t.takeTheirs}: ${names[field]}`}
                    </Button>
                  </div>
                </div>
              ))}
            </div>
          </section>
        )}
        <PartnerForm
          before={before}
          draft={draft}
          onChange={setDraft}
          faults={isChanged ? [] : (error?.problem?.details ?? [])}
          autoFocus
        />
      </div>
      <footer className="panel-foot">
        <Button onPress={leave}>{names.cancel}</Button>
        <Button look="primary" type="submit" isPending={isRunning} isDisabled={conflicts.length > 0}>
          {names.save}
        </Button>
      </footer>
      <DiscardQuestion isOpen={isAsking} onClose={() => setIsAsking(false)} onDiscard={onDone} />
    </form>
  );
}
