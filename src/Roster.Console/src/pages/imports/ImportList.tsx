import { useEffect } from 'react';
import { nextOf, withQuery } from '../../api/http';
import { usePolling } from '../../api/polling';
import { useCall } from '../../api/useCall';
import { AsCurl, useShownCalls } from '../../app/curl';
import { usePlace } from '../../app/router';
import { useSession } from '../../app/session';
import { Answered } from '../../parts/Answered';
import { Link } from '../../parts/Link';
import { Ago, Empty, Name, PageHead, Who } from '../../parts/show';
import { TableBox } from '../../parts/TableBox';
import { useText } from '../../text';
import { common } from '../../text/common';
import { importTexts } from '../../text/imports';
import { Counts } from './Counts';
import { Note, StateBadge } from './parts';
import type { Seen } from './steps';
import { UploadArea } from './UploadArea';

/** The page of the list that was looked at last. */
let left = '';

export function importsHref(): string {
  return left === '' ? '/imports' : `/imports?cursor=${encodeURIComponent(left)}`;
}

/** Where imports begin, and the imports that there were. */
export function ImportList() {
  const t = useText(importTexts);
  const names = useText(common);
  const { query } = usePlace();
  const mayWrite = useSession().may('linksWrite');
  const path = withQuery('/api/imports', { cursor: query.get('cursor') ?? undefined });
  useEffect(() => {
    left = query.get('cursor') ?? '';
  }, [query]);
  const reading = useCall<Seen[]>(path);
  const { answer } = reading;
  useShownCalls({ path });
  usePolling(reading, answer?.data.some((seen) => seen.work !== null) ?? false, 2_000);
  const next = answer === null ? null : nextOf(answer.headers);
  const cursor = next === null ? null : new URL(next, window.location.origin).searchParams.get('cursor');
  return (
    <div className="imports">
      <PageHead title={names.import} sub={mayWrite ? t.hint : names.readOnly}>
        <AsCurl />
      </PageHead>
      <div className="stack">
        {mayWrite ? <UploadArea /> : null}
        <Answered reading={reading}>
          {(imports) =>
            imports.length === 0 ? (
              <Empty icon="import" title={t.noImports}>
                <p>{mayWrite ? t.noImportsHint : t.noImportsRead}</p>
              </Empty>
            ) : (
              <Table imports={imports} />
            )
          }
        </Answered>
        <div className="row">
          {query.has('cursor') ? (
            <Link to="/imports" className="button button-plain">
              {t.newest}
            </Link>
          ) : null}
          {cursor === null ? null : (
            <Link to={`/imports?cursor=${cursor}`} className="button button-plain">
              {t.older}
            </Link>
          )}
        </div>
      </div>
    </div>
  );
}

function Table({ imports }: { imports: readonly Seen[] }) {
  const t = useText(importTexts);
  const hasActors = imports.some((seen) => seen.actor !== undefined);
  return (
    <TableBox label={t.imports}>
      <table className="table cards" aria-label={t.imports}>
        <thead>
          <tr>
            <th scope="col">{t.file}</th>
            <th scope="col">{t.state}</th>
            <th scope="col">{t.result}</th>
            {hasActors ? <th scope="col">{t.who}</th> : null}
            <th scope="col">{t.when}</th>
          </tr>
        </thead>
        <tbody>
          {imports.map((seen) => (
            <tr key={seen.id}>
              <th scope="row">
                <Link to={`/imports/${seen.id}`} className="import-name">
                  <Name>{seen.file.name ?? t.unnamed}</Name>
                </Link>
              </th>
              <td>
                <StateBadge seen={seen} />
              </td>
              <td>
                {seen.state === 'failed' && seen.reason !== null ? <Note note={seen.reason} /> : <Counts seen={seen} />}
              </td>
              {hasActors ? (
                <td>
                  <Who actor={seen.actor} />
                </td>
              ) : null}
              <td className="muted">
                <Ago at={seen.times[seen.state] ?? seen.times.uploaded ?? ''} />
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </TableBox>
  );
}
