import type { HistoryStep, PartnerThen } from '../../api/generated';
import { useReadAgain, useWrite } from '../../api/useCall';
import { usePages } from '../../api/usePages';
import { showWrite } from '../../app/toasts';
import { FieldChanges } from '../../parts/FieldChanges';
import { Link } from '../../parts/Link';
import { CutNotice, LoadMore } from '../../parts/LoadMore';
import { Ago, Badge, ErrorView, Loading, Who } from '../../parts/show';
import { useFormat, useText } from '../../text';
import { common } from '../../text/common';
import { partnerText } from '../../text/partner';
import { historyPath } from './paths';

type Value = string | readonly string[] | null;

/** What became of a partner: each change with old and new values, who and when. Old values can be brought back. */
export function History({ partner, mayRestore }: { partner: PartnerThen; mayRestore: boolean }) {
  const t = useText(partnerText);
  const names = useText(common);
  const format = useFormat();
  const pages = usePages<HistoryStep>(historyPath(partner.id));
  const { run, error } = useWrite();
  useReadAgain(error);
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
  return (
    <section className="stack" aria-label={t.history}>
      <h2>{t.history}</h2>
      {error === null ? null : <ErrorView error={error} />}
      {pages.isLoading ? <Loading /> : null}
      {pages.items.length === 0 && !pages.isLoading && pages.error === null ? (
        <p className="muted">{t.noHistory}</p>
      ) : null}
      <CutNotice pages={pages} />
      <ol className="timeline">
        {pages.items.map((step) => (
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
      <LoadMore pages={pages} />
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
