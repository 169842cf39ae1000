import { useState } from 'react';
import type { ListedSession } from '../../api/generated';
import { useCall, useWrite } from '../../api/useCall';
import { AsCurl, useShownCalls } from '../../app/curl';
import { useSessionState } from '../../app/session';
import { showNote } from '../../app/toasts';
import { Answered } from '../../parts/Answered';
import { Button } from '../../parts/controls';
import { Confirm } from '../../parts/Dialogs';
import { Ago, Badge, Empty, ErrorView, Latin, PageHead, Time, Who } from '../../parts/show';
import { TableBox } from '../../parts/TableBox';
import { useText } from '../../text';
import { common } from '../../text/common';
import { keys } from '../../text/keys';
import { browserIn } from './grants';
import './keys.css';

/** Where people are signed in. */
export default function SessionsPage() {
  const t = useText(keys);
  const c = useText(common);
  const reading = useCall<ListedSession[]>('/api/sessions');
  const [ending, setEnding] = useState<ListedSession | null>(null);
  useShownCalls({ path: '/api/sessions' });
  return (
    <>
      <PageHead title={c.sessions} sub={t.sessionsSub}>
        <AsCurl />
      </PageHead>
      <Answered reading={reading}>
        {(sessions) =>
          sessions.length === 0 ? (
            <Empty icon="sessions" title={t.noSessions}>
              <p>{t.noSessionsHint}</p>
            </Empty>
          ) : (
            <SessionTable sessions={sessions} onEnd={setEnding} />
          )
        }
      </Answered>
      {ending === null ? null : <EndSheet session={ending} onClose={() => setEnding(null)} />}
    </>
  );
}

function SessionTable({
  sessions,
  onEnd,
}: {
  sessions: readonly ListedSession[];
  onEnd: (session: ListedSession) => void;
}) {
  const t = useText(keys);
  const c = useText(common);
  return (
    <TableBox label={c.sessions}>
      <table className="table table-short">
        <thead>
          <tr>
            <th scope="col">{t.who}</th>
            <th scope="col">{t.browser}</th>
            <th scope="col">{t.address}</th>
            <th scope="col">{t.begun}</th>
            <th scope="col">{t.lastUsed}</th>
            <th scope="col">{t.expires}</th>
            <th scope="col">
              <span className="visually-hidden">{t.actions}</span>
            </th>
          </tr>
        </thead>
        <tbody>
          {sessions.map((session) => {
            const browser = session.userAgent === null ? t.unknown : browserIn(session.userAgent);
            return (
              <tr key={session.id}>
                <th scope="row">
                  <span className="row">
                    <Who actor={session.actor} />
                    {session.current ? <Badge tone="good">{t.thisOne}</Badge> : null}
                  </span>
                </th>
                <td title={session.userAgent ?? undefined}>
                  <Latin>{browser}</Latin>
                </td>
                <td>{session.address === null ? null : <Latin isCode>{session.address}</Latin>}</td>
                <td>
                  <Ago at={session.createdAt} />
                </td>
                <td>{session.lastUsedAt === null ? null : <Ago at={session.lastUsedAt} />}</td>
                <td>
                  <Time at={session.expiresAt} />
                </td>
                <td>
                  <div className="actions">
                    <Button
                      look="quiet"
                      aria-label={t.endOne(session.actor.name, browser)}
                      onPress={() => onEnd(session)}
                    >
                      {t.end}
                    </Button>
                  </div>
                </td>
              </tr>
            );
          })}
        </tbody>
      </table>
    </TableBox>
  );
}

function EndSheet({ session, onClose }: { session: ListedSession; onClose: () => void }) {
  const t = useText(keys);
  const { signOut } = useSessionState();
  const { run, isRunning, error } = useWrite();
  const end = async () => {
    if (session.current) {
      await signOut();
      return;
    }
    const answer = await run({ method: 'DELETE', path: `/api/sessions/${session.id}` });
    if (answer === null) return;
    showNote(t.endDone);
    onClose();
  };
  return (
    <Confirm
      title={t.endTitle}
      isOpen
      onClose={onClose}
      onConfirm={() => void end()}
      action={t.end}
      isDanger
      isRunning={isRunning}
    >
      {error === null ? null : <ErrorView error={error} />}
      <p>{session.current ? t.endOwn : t.endHint(session.actor.name)}</p>
    </Confirm>
  );
}
