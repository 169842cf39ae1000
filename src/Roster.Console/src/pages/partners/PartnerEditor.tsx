import { type FormEvent, useMemo, useRef, useState } from 'react';
import type { PartnerThen } from '../../api/generated';
import { asCallError, call } from '../../api/http';
import { useWrite } from '../../api/useCall';
import { isComposing } from '../../app/keys';
import { useUnsaved } from '../../app/router';
import { showFailure, showWrite } from '../../app/toasts';
import { Button } from '../../parts/controls';
import { DiscardQuestion } from '../../parts/Dialogs';
import { ErrorView, Latin } from '../../parts/show';
import { useText } from '../../text';
import { common } from '../../text/common';
import { partnerText } from '../../text/partner';
import {
  type Conflict,
  changesOf,
  type Draft,
  draftOf,
  isHalf,
  isTyped,
  rebase,
  type TextField,
  textFields,
  withTheirs,
} from './draft';
import { PartnerForm } from './PartnerForm';

/**
 * Changes a partner. It is saved only where nobody else has changed it since it was read (`ifUpdatedAt`); if somebody
 * has, the form shows both values of each such field, and what was typed stays.
 */
export default function PartnerEditor({ partner, onDone }: { partner: PartnerThen; onDone: () => void }) {
  const t = useText(partnerText);
  const names = useText(common);
  // What the form is about stays, also if the page reads the partner again meanwhile.
  const [base, setBase] = useState(partner);
  const before = useMemo(() => draftOf(base), [base]);
  const [draft, setDraft] = useState<Draft>(before);
  // What is typed while the newer partner is read is part of the draft, too.
  const typed = useRef(draft);
  typed.current = draft;
  const [conflicts, setConflicts] = useState<readonly Conflict[]>([]);
  const [isAsking, setIsAsking] = useState(false);
  const [isChecked, setIsChecked] = useState(false);
  const form = useRef<HTMLFormElement>(null);
  const { run, isRunning, error, clear } = useWrite();
  const changes = changesOf(before, draft);
  const isUnsaved = isTyped(before, draft);
  const isChanged = error?.problem?.details?.some((fault) => fault.code === 'changed_since') === true;
  useUnsaved(isUnsaved, ({ path, query }) => path === '/partners' && query.get('partner') === partner.id);

  const readNewer = async () => {
    try {
      const { data } = await call<PartnerThen>({ path: `/api/partners/${base.id}` });
      const rebased = rebase(before, typed.current, draftOf(data));
      setBase(data);
      setDraft(rebased.draft);
      setConflicts(rebased.conflicts);
      clear();
    } catch (failure) {
      showFailure(asCallError(failure));
    }
  };
  const save = async (event: FormEvent) => {
    event.preventDefault();
    setIsChecked(true);
    // Ctrl+Enter does not look at the button.
    if (conflicts.length > 0 || draft.metadata.some(isHalf)) return;
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
  const nameOf = (field: string) =>
    textFields.some((one) => one === field) ? names[field as TextField] : field.replace(/^metadata\./, '');
  const settle = (conflict: Conflict) => setConflicts(conflicts.filter((one) => one !== conflict));
  const leave = () => (isUnsaved ? setIsAsking(true) : onDone());
  return (
    <>
      <form
        className="panel-form"
        ref={form}
        onSubmit={(event) => void save(event)}
        onKeyDown={(event) => {
          if (isComposing(event.nativeEvent)) return;
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
                {conflicts.map((conflict) => {
                  const name = nameOf(conflict.name);
                  return (
                    <div className="stack-small" key={conflict.name}>
                      <span>
                        {name}: {t.mine} <Latin>{conflict.mine === '' ? '—' : conflict.mine}</Latin> · {t.theirs}{' '}
                        <Latin>{conflict.theirs === '' ? '—' : conflict.theirs}</Latin>
                      </span>
                      <div className="row">
                        <Button onPress={() => settle(conflict)}>{`${t.keepMine}: ${name}`}</Button>
                        <Button
                          onPress={() => {
                            setDraft(withTheirs(draft, conflict));
                            settle(conflict);
                          }}
                        >
                          {`${t.takeTheirs}: ${name}`}
                        </Button>
                      </div>
                    </div>
                  );
                })}
              </div>
            </section>
          )}
          <PartnerForm
            before={before}
            draft={draft}
            onChange={setDraft}
            faults={isChanged ? [] : (error?.problem?.details ?? [])}
            isChecked={isChecked}
            autoFocus
          />
        </div>
        <footer className="panel-foot">
          <Button onPress={leave}>{names.cancel}</Button>
          <Button look="primary" type="submit" isPending={isRunning} isDisabled={conflicts.length > 0}>
            {names.save}
          </Button>
        </footer>
      </form>
      <DiscardQuestion isOpen={isAsking} onClose={() => setIsAsking(false)} onDiscard={onDone} />
    </>
  );
}
