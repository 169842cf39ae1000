import type { DayNumbers, DayWrites } from '../../api/generated';

export interface Series {
  /** A kind, an actor's id, `operator`, or `others`. */
  readonly id: string;
  /** An actor's name. */
  readonly name: string | null;
  readonly total: number;
}

export interface Stacks {
  /** The largest first; at most `most`, the rest is one series of others. */
  readonly series: readonly Series[];
  readonly days: readonly { readonly day: string; readonly values: readonly number[]; readonly total: number }[];
  /** The largest day. */
  readonly max: number;
  readonly total: number;
}

/** The changes of each day by kind or by actor, for stacked bars. */
export function stacksOf(
  days: readonly Pick<DayNumbers, 'day'>[],
  writes: readonly DayWrites[],
  by: 'kind' | 'actor',
  most = 6,
): Stacks {
  const idOf = (write: DayWrites) => (by === 'kind' ? write.kind : (write.actor?.id ?? 'operator'));
  const totals = new Map<string, Series>();
  for (const write of writes) {
    const id = idOf(write);
    const total = (totals.get(id)?.total ?? 0) + write.changes;
    totals.set(id, { id, name: by === 'kind' ? null : (write.actor?.name ?? null), total });
  }
  const sorted = [...totals.values()].sort((a, b) => b.total - a.total || a.id.localeCompare(b.id));
  const rest = sorted.length > most ? sorted.slice(most - 1) : [];
  const series =
    rest.length === 0
      ? sorted
      : [
          ...sorted.slice(0, most - 1),
          { id: 'others', name: null, total: rest.reduce((sum, one) => sum + one.total, 0) },
        ];
  const indexes = new Map(series.map((one, index) => [one.id, index]));
  const values = new Map(days.map(({ day }) => [day, series.map(() => 0)]));
  for (const write of writes) {
    const row = values.get(write.day);
    const index = indexes.get(idOf(write)) ?? series.length - 1;
    if (row !== undefined) row[index] = (row[index] ?? 0) + write.changes;
  }
  const rows = [...values].map(([day, row]) => ({ day, values: row, total: row.reduce((sum, one) => sum + one, 0) }));
  return {
    series,
    days: rows,
    max: Math.max(0, ...rows.map((row) => row.total)),
    total: rows.reduce((sum, row) => sum + row.total, 0),
  };
}

/** The next round number: the top of an axis. */
export function roundUp(value: number): number {
  if (value <= 0) return 1;
  const power = 10 ** Math.floor(Math.log10(value));
  return ([1, 1.2, 1.6, 2, 3, 4, 5, 6, 8, 10].find((step) => step * power >= value) ?? 10) * power;
}
