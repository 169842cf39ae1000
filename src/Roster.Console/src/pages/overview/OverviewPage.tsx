import type { ReactNode } from 'react';
import type { Statistics } from '../../api/generated';
import { useCall } from '../../api/useCall';
import { AsCurl, useShownCalls } from '../../app/curl';
import { setQuery, usePlace } from '../../app/router';
import { Choose } from '../../parts/controls';
import { Link } from '../../parts/Link';
import { Empty, ErrorView, Loading, PageHead } from '../../parts/show';
import { useFormat, useText } from '../../text';
import { common } from '../../text/common';
import { overview } from '../../text/overview';
import { Growth } from './Growth';
import { ImportsUnderWay, importsPath, Newest, newestPath } from './Recent';
import { Writes } from './Writes';
import './overview.css';

const ranges = ['30', '90', '365'] as const;

export default function OverviewPage() {
  const t = useText(overview);
  const c = useText(common);
  const { query } = usePlace();
  const days = ranges.find((one) => one === query.get('days')) ?? '90';
  const path = `/api/stats?days=${days}`;
  const { answer, error, again } = useCall<Statistics>(path);
  useShownCalls({ path }, { path: newestPath }, { path: importsPath });
  const stats = answer?.data ?? null;
  const isEmpty = stats !== null && stats.revision === 0;
  return (
    <>
      <PageHead title={c.overview} sub={t.sub}>
        <Choose
          label={t.range}
          value={days}
          choices={ranges.map((id) => ({ id, text: t.ranges[id] }))}
          onChange={(id) => setQuery({ days: id === '90' ? null : id })}
          isLabelHidden
        />
        <AsCurl />
      </PageHead>
      {error === null ? null : <ErrorView error={error} again={again} />}
      {stats === null && error === null ? <Loading /> : null}
      {isEmpty ? (
        <Empty icon="overview" title={t.emptyTitle}>
          <p>{t.emptyHint}</p>
          <Link to="/imports">{t.newImport}</Link>
        </Empty>
      ) : (
        <div className="overview">
          {stats === null ? null : (
            <>
              <Numbers partners={stats.partners} />
              <Growth stats={stats} />
              <Writes stats={stats} />
            </>
          )}
          <div className="overview-pair">
            <Newest />
            <ImportsUnderWay />
          </div>
        </div>
      )}
    </>
  );
}

function Numbers({ partners }: { partners: Statistics['partners'] }) {
  const t = useText(overview);
  const format = useFormat();
  return (
    <dl className="numbers">
      <Figure name={t.live} value={format.number(partners.live)} />
      <Share name={t.withEmail} count={partners.withEmail} of={partners.live} to="/partners?email=" />
      <Share name={t.withPhone} count={partners.withPhone} of={partners.live} to="/partners?phone=" />
      <Figure name={t.deleted} value={format.number(partners.deleted)} />
    </dl>
  );
}

function Figure({ name, value, children }: { name: string; value: string; children?: ReactNode }) {
  return (
    <div className="figure">
      <dt>{name}</dt>
      <dd>
        <strong>{value}</strong>
        {children}
      </dd>
    </div>
  );
}

/** How many of the partners have something, and a way to those who have not. */
function Share({ name, count, of, to }: { name: string; count: number; of: number; to: string }) {
  const t = useText(overview);
  const format = useFormat();
  const share = of === 0 ? 0 : count / of;
  return (
    <Figure name={name} value={format.percent(share)}>
      {of > count ? (
        <Link to={to} className="figure-link">
          {t.without(of - count)}
        </Link>
      ) : null}
      <span className="meter" aria-hidden="true">
        <span style={{ inlineSize: `${share * 100}%` }} />
      </span>
    </Figure>
  );
}
