import type { ChangeSet, Import } from '../../api/generated';
import { useCall } from '../../api/useCall';
import { useSession } from '../../app/session';
import { Answered } from '../../parts/Answered';
import { Link } from '../../parts/Link';
import { Ago, Badge, Name } from '../../parts/show';
import { useFormat, useText } from '../../text';
import { common } from '../../text/common';
import { overview } from '../../text/overview';
import { By, Counts, Kind } from '../changes/parts';
import { isGivenUp } from '../imports/steps';

export const newestPath = '/api/changesets?take=6';
export const importsPath = '/api/imports?take=50';

/** The newest change sets. */
export function Newest() {
  const t = useText(overview);
  const c = useText(common);
  const format = useFormat();
  const reading = useCall<ChangeSet[]>(newestPath);
  return (
    <section className="card stack" aria-labelledby="newest">
      <div className="spread">
        <h2 id="newest">{t.newest}</h2>
        <Link to="/changes">{t.allChanges}</Link>
      </div>
      <Answered reading={reading}>
        {(sets) => (
          <>
            {sets.length === 0 ? <p className="muted">{t.noWrites}</p> : null}
            <ul className="recent">
              {sets.map((set) => (
                <li key={set.revision}>
                  <Link to={`/changes/${set.revision}`}>{c.revision(format.number(set.revision))}</Link>
                  <Kind kind={set.kind} />
                  <span>
                    <Counts set={set} />
                  </span>
                  <span className="muted recent-end">
                    <By set={set} /> · <Ago at={set.at} />
                  </span>
                </li>
              ))}
            </ul>
          </>
        )}
      </Answered>
    </section>
  );
}

const underWay = ['uploaded', 'planned', 'applying'] as const;

/** Imports that nobody has finished. */
export function ImportsUnderWay() {
  const t = useText(overview);
  const c = useText(common);
  const format = useFormat();
  const session = useSession();
  const reading = useCall<Import[]>(importsPath);
  const shown = (reading.answer?.data ?? []).flatMap((one) => {
    const state = underWay.find((name) => name === one.state);
    return state === undefined || isGivenUp(one) ? [] : [{ ...one, state }];
  });
  return (
    <section className="card stack" aria-labelledby="under-way">
      <div className="spread">
        <h2 id="under-way">{t.imports}</h2>
        {session.may('linksWrite') ? <Link to="/imports">{t.newImport}</Link> : null}
      </div>
      <Answered reading={reading}>
        {() => (shown.length === 0 ? <p className="muted">{t.noImports}</p> : null)}
      </Answered>
      <ul className="recent">
        {shown.slice(0, 8).map((one) => (
          <li key={one.id}>
            <Link to={`/imports/${one.id}`}>
              <Name>{one.file.name ?? one.id}</Name>
            </Link>
            <Badge tone={one.state === 'applying' ? 'info' : 'plain'}>{t.state[one.state]}</Badge>
            <span className="muted">
              {one.state === 'applying' && one.progress.of > 0
                ? t.progress(format.number(one.progress.done), format.number(one.progress.of))
                : one.rows === undefined
                  ? null
                  : c.rowsCount(one.rows)}
            </span>
            <span className="muted recent-end">
              {one.times.uploaded === undefined ? null : <Ago at={one.times.uploaded} />}
            </span>
          </li>
        ))}
      </ul>
    </section>
  );
}
