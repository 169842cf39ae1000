import { Suspense, useEffect, useRef, useState } from 'react';
import type { PartnerThen } from '../../api/generated';
import { useCall, useReadAgain, useWrite } from '../../api/useCall';
import { lazyPart } from '../../app/lazyPart';
import { useSession } from '../../app/session';
import { useEscape, useShortcuts } from '../../app/shortcuts';
import { showWrite } from '../../app/toasts';
import { Button, IconButton } from '../../parts/controls';
import { Badge, Copy, ErrorView, Latin, Loading, Name, Time } from '../../parts/show';
import { useFormat, useText } from '../../text';
import { common } from '../../text/common';
import { partnerText } from '../../text/partner';
import { partnersText } from '../../text/partners';
import { textFields } from './draft';
import { History } from './History';
import { partnerPath } from './paths';

const EraseDialog = lazyPart(() => import('./EraseDialog'));
const PartnerEditor = lazyPart(() => import('./PartnerEditor'));

/** One partner beside the list: its values, how to change them, and what became of it. */
export default function PartnerPanel({
  id,
  asOf,
  onClose,
}: {
  id: string;
  /** A revision: the partner as it was then, and nothing to change. */
  asOf: string | null;
  onClose: () => void;
}) {
  const t = useText(partnerText);
  const listTexts = useText(partnersText);
  const names = useText(common);
  const session = useSession();
  const reading = useCall<PartnerThen>(partnerPath(id, asOf));
  const partner = reading.answer?.data ?? null;
  const [isEditing, setIsEditing] = useState(false);
  const [isErasing, setIsErasing] = useState(false);
  const { run, isRunning, error } = useWrite();
  useReadAgain(error);
  const panel = useRef<HTMLElement>(null);
  const isDeleted = partner?.deletedAt != null;
  const mayWrite = session.may('linksWrite') && asOf === null;
  // biome-ignore lint/correctness/useExhaustiveDependencies: another partner is shown, not edited, and gets the focus
  useEffect(() => {
    setIsEditing(false);
    panel.current?.focus({ preventScroll: true });
  }, [id]);
  useShortcuts({
    e: () => {
      if (mayWrite && partner !== null && !isDeleted) setIsEditing(true);
    },
  });
  useEscape(isEditing ? null : onClose);
  const write = async (method: 'DELETE' | 'POST', path: string) => {
    const answer = await run({ method, path, body: [id] }, reading.answer);
    if (answer === null) return;
    showWrite(answer.headers);
    panel.current?.focus({ preventScroll: true });
  };
  return (
    <aside className="panel" ref={panel} tabIndex={-1} aria-label={partner?.name ?? names.partners}>
      <header className="panel-head">
        <div className="stack-small">
          <h1>{partner === null ? '…' : partner.name === null ? listTexts.goneThen : <Name>{partner.name}</Name>}</h1>
          {isDeleted ? <Badge tone="warn">{t.deleted}</Badge> : null}
        </div>
        <IconButton icon="close" label={t.closePartner} onPress={onClose} />
      </header>
      {reading.isLoading ? <Loading /> : null}
      {reading.error === null ? null : reading.error.status === 404 ? (
        <p className="panel-body muted">{t.notFound}</p>
      ) : (
        <ErrorView error={reading.error} again={reading.again} />
      )}
      {partner === null ? null : isEditing ? (
        <Suspense fallback={<Loading />}>
          <PartnerEditor
            partner={partner}
            onDone={() => {
              setIsEditing(false);
              panel.current?.focus({ preventScroll: true });
            }}
          />
        </Suspense>
      ) : (
        <div className="panel-body stack">
          {error === null ? null : <ErrorView error={error} />}
          {mayWrite ? (
            <div className="row">
              {isDeleted ? (
                <Button
                  look="primary"
                  icon="undo"
                  isPending={isRunning}
                  onPress={() => void write('POST', '/api/partners/restore')}
                >
                  {names.restore}
                </Button>
              ) : (
                <>
                  <Button look="primary" onPress={() => setIsEditing(true)}>
                    {t.edit}
                  </Button>
                  <Button icon="trash" isPending={isRunning} onPress={() => void write('DELETE', '/api/partners')}>
                    {names.delete}
                  </Button>
                </>
              )}
              {session.may('partnersErase') ? (
                <Button look="danger" onPress={() => setIsErasing(true)}>
                  {t.erase}
                </Button>
              ) : null}
            </div>
          ) : null}
          <Details partner={partner} />
          {asOf === null ? <History partner={partner} mayRestore={mayWrite && !isDeleted} /> : null}
        </div>
      )}
      {partner === null || !isErasing ? null : (
        <Suspense>
          <EraseDialog
            partner={partner}
            isOpen
            onClose={(isErased) => {
              setIsErasing(false);
              if (isErased) onClose();
            }}
          />
        </Suspense>
      )}
    </aside>
  );
}

function Details({ partner }: { partner: PartnerThen }) {
  const names = useText(common);
  const format = useFormat();
  return (
    <dl className="details">
      {textFields
        .filter((field) => field !== 'name')
        .map((field) => {
          const value = partner[field] ?? null;
          return (
            <div key={field}>
              <dt>{names[field]}</dt>
              <dd>
                {value === null ? (
                  <span className="muted">{names.none}</span>
                ) : (
                  <>
                    <Latin>{value}</Latin>
                    <Copy text={value} label={`${names.copy}: ${names[field]}`} />
                  </>
                )}
              </dd>
            </div>
          );
        })}
      <div>
        <dt>{names.tags}</dt>
        <dd className="row">
          {partner.tags === undefined ? (
            <span className="muted">{names.none}</span>
          ) : (
            partner.tags.map((tag) => (
              <Badge key={tag}>
                <Name>{tag}</Name>
              </Badge>
            ))
          )}
        </dd>
      </div>
      {Object.entries(partner.metadata ?? {}).map(([key, value]) => (
        <div key={key}>
          <dt>
            <Latin>{key}</Latin>
          </dt>
          <dd>
            <Name>{value}</Name>
          </dd>
        </div>
      ))}
      <div>
        <dt>{names.id}</dt>
        <dd>
          <Latin isCode>{partner.id}</Latin>
          <Copy text={partner.id} label={`${names.copy}: ${names.id}`} />
        </dd>
      </div>
      <div>
        <dt>{names.createdAt}</dt>
        <dd>
          <Time at={partner.createdAt} />
        </dd>
      </div>
      <div>
        <dt>{names.updatedAt}</dt>
        <dd>
          <Time at={partner.updatedAt} />
          {partner.revision === undefined ? null : (
            <span className="muted"> · {names.revision(format.number(partner.revision))}</span>
          )}
        </dd>
      </div>
    </dl>
  );
}
