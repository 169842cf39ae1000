import { useState } from 'react';
import type { HistoryStep, PartnerThen } from '../../api/generated';
import { nextOf } from '../../api/http';
import { useCall, useWrite } from '../../api/useCall';
import { showWrite } from '../../app/toasts';
import { Button } from '../../parts/controls';
import { FieldChanges } from '../../parts/FieldChanges';
import { Link } from '../../parts/Link';
import { Ago, Badge, ErrorView, Loading, Who } from '../../parts/show';
import { useFormat, useText } from '../../text';
import { common } from '../../text/common';
import { partnersText } from '../../text/partners';

type Value = string | readonly string[] | null;

const firstSteps = 20;
const mostSteps = 1_000;

/** What became of a partner: each change with old and new values, who and when. Old values can be brought back. */
export function History({ partner, mayRestore }: { partner: PartnerThen; mayRestore: boolean }) {
  const t = useText(partnersText);
  const names = useText(common);
  const format = useFormat();
  const [take, setTake] = useState(firstSteps);
  const reading = useCall<HistoryStep[]>(`/api/partners/${partner.id}/history?take=${take}`);
  const { run, error } = useWrite();
  const restore = async (field: string, old: Value) => {
    const change = field.startsWith('metadata.')
      ? { metadata: { [field.slice('metadata.'.length)]: old } }
      : { [field]: field === 'tags' ? [...(old ?? [])] : old };
    const answer = await run({
      method: 'PUT',
      path: '/api/partners',
      body: [{ id: partner.id, ...change, ifUpdatedAt: partner.updatedAt }],
    });
    if (answer !== null) showWrite(answer.headers);
  };
  const steps = reading.answer?.data ?? [];
  return (
    <section className="stack" aria-label={t.history}>
      <h2>{t.history}</h2>
      {error === null ? null : <ErrorView error={error} />}
      {reading.isLoading ? <Loading /> : null}
      {reading.error === null ? null : <ErrorView error={reading.error} again={reading.again} />}
      {reading.answer !== null && steps.length === 0 ? <p className="muted">{t.noHistory}</p> : null}
      <ol className="timeline">
        {steps.map((step) => (
          <li key={step.revision}>
            <div className="row small">
              <Badge tone={tones[step.change]}>{names.change[step.change]}</Badge>
              <Who actor={step.actor} />
              <span className="muted">
                <Ago at={step.at} /> ·{' '}
                <Link to={`/changes/${step.revision}`}>{names.revision(format.number(step.revision))}</Link>
              </span>
            </div>
            {step.fields === undefined ? (
              <p className="muted">{names.gone}</p>
            ) : (
              <FieldChanges
                fields={step.fields as Readonly<Record<string, { old: Value; new: Value }>>}
                restoreLabel={t.restoreValue}
                isNew={step.change === 'created'}
                onRestore={
                  mayRestore && step.change === 'updated' ? (field, old) => void restore(field, old) : undefined
                }
              />
            )}
          </li>
        ))}
      </ol>
      {reading.answer !== null && nextOf(reading.answer.headers) !== null && take < mostSteps ? (
        <div>
          <Button onPress={() => setTake(Math.min(mostSteps, take * 5))}>{t.olderHistory}</Button>
        </div>
      ) : null}
    </section>
  );
}

const tones = {
  created: 'good',
  updated: 'info',
  deleted: 'warn',
  restored: 'good',
  erased: 'bad',
  unchanged: 'plain',
} as const;
