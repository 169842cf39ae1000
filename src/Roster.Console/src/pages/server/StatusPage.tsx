import type { ReactNode } from 'react';
import type { Status } from '../../api/generated';
import { useCall } from '../../api/useCall';
import { AsCurl, useShownCalls } from '../../app/curl';
import { Answered } from '../../parts/Answered';
import { Button } from '../../parts/controls';
import { Fact } from '../../parts/Facts';
import { Icon } from '../../parts/Icon';
import { Ago, Latin, PageHead, Time } from '../../parts/show';
import { useFormat, useText } from '../../text';
import { common } from '../../text/common';
import { server } from '../../text/server';
import './server.css';

/** Below this, the page says that the disk is nearly full. */
const lowDisk = 1_000_000_000;

export default function StatusPage() {
  const t = useText(server);
  const c = useText(common);
  const reading = useCall<Status>('/api/status');
  useShownCalls({ path: '/api/status' });
  return (
    <>
      <PageHead title={c.status} sub={t.statusSub}>
        <Button onPress={reading.again}>{t.refresh}</Button>
        <AsCurl />
      </PageHead>
      <Answered reading={reading}>{(status) => <Facts status={status} />}</Answered>
    </>
  );
}

function Facts({ status }: { status: Status }) {
  const t = useText(server);
  const format = useFormat();
  const unknown = <span className="muted">{t.notKnown}</span>;
  const bytes = (value: number | null) => (value === null ? unknown : format.bytes(value));
  const facts: readonly (readonly [string, ReactNode])[] = [
    [t.version, <Latin key="version">{status.version}</Latin>],
    [t.engine, <Latin key="engine">{status.engine}</Latin>],
    [t.revision, format.number(status.revision)],
    [t.search, status.searchLag === 0 ? t.searchCurrent : t.searchBehind(status.searchLag)],
    [t.disk, bytes(status.diskFreeBytes)],
    [t.database, bytes(status.databaseBytes)],
    [t.started, <Moment key="started" at={status.startedAt} />],
    [t.backup, status.backupAt === null ? unknown : <Moment key="backup" at={status.backupAt} />],
  ];
  return (
    <div className="stack">
      <Notices status={status} />
      <dl className="facts">
        {facts.map(([name, value]) => (
          <Fact key={name} name={name}>
            {value}
          </Fact>
        ))}
      </dl>
    </div>
  );
}

function Moment({ at }: { at: string }) {
  return (
    <>
      <Time at={at} />{' '}
      <span className="muted small">
        <Ago at={at} />
      </span>
    </>
  );
}

/** What needs attention, and what to do about it. */
function Notices({ status }: { status: Status }) {
  const t = useText(server);
  const known: Readonly<Record<string, { what: string; todo: string }>> = t.notice;
  const notices = status.notices.map((code) => ({
    code,
    ...(known[code] ?? { what: t.otherNotice, todo: t.otherTodo }),
  }));
  if (status.diskFreeBytes !== null && status.diskFreeBytes < lowDisk)
    notices.push({ code: 'disk', what: t.lowDisk, todo: t.lowDiskTodo });
  if (notices.length === 0)
    return (
      <p className="row well">
        <Icon name="check" />
        {t.well}
      </p>
    );
  return (
    <section aria-label={t.notices}>
      <ul className="stack-small">
        {notices.map((notice) => (
          <li key={notice.code} className="notice notice-warn">
            <Icon name="warning" />
            <div>
              <strong>{notice.what}</strong> <Latin isCode>{notice.code}</Latin>
              <p>{notice.todo}</p>
            </div>
          </li>
        ))}
      </ul>
    </section>
  );
}
