import type { AuditEvent } from '../../api/generated';
import { type Pages, usePages } from '../../api/usePages';
import { AsCurl, useShownCalls } from '../../app/curl';
import { CutNotice, LoadMore } from '../../parts/LoadMore';
import { Empty, Latin, Loading, Name, PageHead, Time, Who } from '../../parts/show';
import { TableBox } from '../../parts/TableBox';
import { useText } from '../../text';
import { common } from '../../text/common';
import { server } from '../../text/server';
import { subjectIn } from './subject';
import './server.css';

const path = '/api/audit?take=50';

/** What was done to keys and workspaces. */
export default function AuditPage() {
  const t = useText(server);
  const c = useText(common);
  const pages = usePages<AuditEvent>(path);
  useShownCalls({ path });
  return (
    <>
      <PageHead title={c.audit} sub={t.auditSub}>
        <AsCurl />
      </PageHead>
      {pages.isLoading ? (
        <Loading />
      ) : pages.items.length === 0 && pages.error === null ? (
        <Empty icon="audit" title={t.noEvents} />
      ) : (
        <Events pages={pages} />
      )}
    </>
  );
}

function Events({ pages }: { pages: Pages<AuditEvent> }) {
  const t = useText(server);
  const c = useText(common);
  const actions: Readonly<Record<string, string>> = t.action;
  return (
    <>
      <CutNotice pages={pages} />
      {pages.items.length === 0 ? null : (
        <TableBox label={c.audit}>
          <table className="table">
            <thead>
              <tr>
                <th scope="col">{t.when}</th>
                <th scope="col">{t.who}</th>
                <th scope="col">{t.what}</th>
                <th scope="col">{t.subject}</th>
                <th scope="col">{t.address}</th>
              </tr>
            </thead>
            <tbody>
              {pages.items.map((event) => (
                <tr key={event.id}>
                  <td className="event-time">
                    <Time at={event.at} />
                  </td>
                  <td>
                    <Actor event={event} />
                  </td>
                  <td>{actions[event.action] ?? <Latin isCode>{event.action}</Latin>}</td>
                  <td>
                    <Subject text={event.subject} />
                  </td>
                  <td>{event.address === null ? null : <Latin isCode>{event.address}</Latin>}</td>
                </tr>
              ))}
            </tbody>
          </table>
        </TableBox>
      )}
      <LoadMore pages={pages} />
    </>
  );
}

function Actor({ event }: { event: AuditEvent }) {
  const t = useText(server);
  if (event.actorKeyId === null && event.actor == null) return <span className="muted">{t.command}</span>;
  if (event.actor == null) return <Latin isCode>{event.actorKeyId?.slice(0, 8) ?? ''}</Latin>;
  return <Who actor={event.actor} />;
}

function Subject({ text }: { text: string }) {
  const { id, name } = subjectIn(text);
  return (
    <span title={id ?? undefined}>
      <Name>{name}</Name>
    </span>
  );
}
