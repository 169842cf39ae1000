import type { Statistics } from '../../api/generated';
import { TableBox } from '../../parts/TableBox';
import { useFormat, useText } from '../../text';
import { overview } from '../../text/overview';
import { Line } from './Line';
import { useDayFormat } from './plotting';

const columns = ['live', 'created', 'updated', 'deleted', 'restored', 'erased'] as const;

/** Partners over time. */
export function Growth({ stats }: { stats: Statistics }) {
  const t = useText(overview);
  const format = useFormat();
  const dayOf = useDayFormat();
  const names = {
    live: t.live,
    created: t.created,
    updated: t.updated,
    deleted: t.deletedColumn,
    restored: t.restored,
    erased: t.erased,
  };
  const numberOf = (index: number) => format.number(stats.days.at(index)?.live ?? 0);
  return (
    <section className="card stack" aria-labelledby="growth">
      <h2 id="growth">{t.overTime}</h2>
      <Line days={stats.days} label={t.overTimeLabel(numberOf(0), numberOf(-1))} />
      <details>
        <summary>{t.table}</summary>
        <TableBox label={t.tableOf(t.overTime)}>
          <table className="table">
            <thead>
              <tr>
                <th scope="col">{t.day}</th>
                {columns.map((column) => (
                  <th key={column} scope="col" className="number">
                    {names[column]}
                  </th>
                ))}
              </tr>
            </thead>
            <tbody>
              {stats.days.toReversed().map((day) => (
                <tr key={day.day}>
                  <th scope="row">{dayOf(day.day)}</th>
                  {columns.map((column) => (
                    <td key={column} className="number">
                      {format.number(day[column])}
                    </td>
                  ))}
                </tr>
              ))}
            </tbody>
          </table>
        </TableBox>
      </details>
    </section>
  );
}
