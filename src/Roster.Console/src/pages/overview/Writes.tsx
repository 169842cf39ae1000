import type { Statistics } from '../../api/generated';
import { setQuery, usePlace } from '../../app/router';
import { Choose } from '../../parts/controls';
import { Name } from '../../parts/show';
import { TableBox } from '../../parts/TableBox';
import { useFormat, useText } from '../../text';
import { common } from '../../text/common';
import { overview } from '../../text/overview';
import { Bars } from './Bars';
import { useDayFormat } from './plotting';
import { type Stacks, stacksOf } from './stacks';

/** The changes of each day, by kind or by who made them. */
export function Writes({ stats }: { stats: Statistics }) {
  const t = useText(overview);
  const c = useText(common);
  const format = useFormat();
  const by = usePlace().query.get('by') === 'actor' ? 'actor' : 'kind';
  const stacks = stacksOf(stats.days, stats.writes, by);
  const kinds: Readonly<Record<string, string>> = c.kind;
  const names = stacks.series.map(({ id, name }) => {
    if (id === 'others') return t.others;
    return by === 'kind' ? (kinds[id] ?? id) : (name ?? c.operator);
  });
  const nameOf = (index: number) => names[index] ?? '';
  return (
    <section className="card stack" aria-labelledby="writes">
      <div className="spread">
        <h2 id="writes">{t.writes}</h2>
        <Choose
          label={t.by}
          value={by}
          choices={[
            { id: 'kind', text: t.byKind },
            { id: 'actor', text: t.byActor },
          ]}
          onChange={(id) => setQuery({ by: id === 'actor' ? id : null })}
          isLabelHidden
        />
      </div>
      {stacks.total === 0 ? (
        <p className="muted">{t.noWrites}</p>
      ) : (
        <>
          <ul className="legend">
            {stacks.series.map((one, index) => (
              <li key={one.id}>
                <svg width="10" height="10" aria-hidden="true">
                  <rect className={`plot-${index + 1}`} width="10" height="10" rx="2" />
                </svg>
                <Name>{nameOf(index)}</Name>
                <span className="muted">{format.number(one.total)}</span>
              </li>
            ))}
          </ul>
          <Bars stacks={stacks} nameOf={nameOf} label={t.writesLabel(format.number(stacks.total))} />
          <details>
            <summary>{t.table}</summary>
            <WritesTable stacks={stacks} names={names} />
          </details>
        </>
      )}
    </section>
  );
}

function WritesTable({ stacks, names }: { stacks: Stacks; names: readonly string[] }) {
  const t = useText(overview);
  const format = useFormat();
  const dayOf = useDayFormat();
  return (
    <TableBox label={t.tableOf(t.writes)}>
      <table className="table">
        <thead>
          <tr>
            <th scope="col">{t.day}</th>
            {stacks.series.map((one, index) => (
              <th key={one.id} scope="col" className="number">
                <Name>{names[index] ?? ''}</Name>
              </th>
            ))}
            <th scope="col" className="number">
              {t.total}
            </th>
          </tr>
        </thead>
        <tbody>
          {stacks.days.toReversed().map((row) => (
            <tr key={row.day}>
              <th scope="row">{dayOf(row.day)}</th>
              {stacks.series.map((one, index) => (
                <td key={one.id} className="number">
                  {format.number(row.values[index] ?? 0)}
                </td>
              ))}
              <td className="number">{format.number(row.total)}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </TableBox>
  );
}
