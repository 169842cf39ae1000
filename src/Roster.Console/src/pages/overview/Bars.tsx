import { usePreferences } from '../../app/preferences';
import { useFormat } from '../../text';
import { useDayFormat } from './plotting';
import { roundUp, type Stacks } from './stacks';

/** Stacked bars, one for each day. What they show is also in the table below them. */
export function Bars({ stacks, nameOf, label }: { stacks: Stacks; nameOf: (index: number) => string; label: string }) {
  const { language } = usePreferences();
  const format = useFormat();
  const dayOf = useDayFormat();
  const { days } = stacks;
  const top = roundUp(stacks.max);
  const marks = [0, Math.floor((days.length - 1) / 2), days.length - 1].filter(
    (index, place, all) => all.indexOf(index) === place,
  );
  return (
    <div className="bars">
      <div className="bars-scale" aria-hidden="true">
        <span>{format.number(top)}</span>
        <span>{Number.isInteger(top / 2) ? format.number(top / 2) : ''}</span>
        <span>{format.number(0)}</span>
      </div>
      <svg
        className="bars-plot"
        viewBox={`0 0 ${days.length} 100`}
        preserveAspectRatio="none"
        role="img"
        aria-label={label}
      >
        {[0, 50, 100].map((y) => (
          <line key={y} className="bars-grid" x1={0} x2={days.length} y1={y} y2={y} />
        ))}
        {days.map((row, index) => {
          let below = 0;
          const x = language === 'ar' ? days.length - 1 - index : index;
          return (
            <g key={row.day}>
              <title>{tipOf(dayOf(row.day), row.values, nameOf, format.number)}</title>
              <rect className="bars-ground" x={x} y={0} width={1} height={100} />
              {row.values.map((value, place) => {
                const size = (value / top) * 100;
                below += size;
                return value === 0 ? null : (
                  <rect
                    // biome-ignore lint/suspicious/noArrayIndexKey: the series stay in their order
                    key={place}
                    className={`plot-${place + 1}`}
                    x={x + 0.12}
                    width={0.76}
                    y={100 - below}
                    height={size}
                  />
                );
              })}
            </g>
          );
        })}
      </svg>
      <div className="bars-days" aria-hidden="true">
        {marks.map((index) => (
          <span key={index}>{dayOf(days[index]?.day ?? 0)}</span>
        ))}
      </div>
    </div>
  );
}

function tipOf(
  day: string,
  values: readonly number[],
  nameOf: (index: number) => string,
  number: (value: number) => string,
): string {
  const parts = values.flatMap((value, index) => (value === 0 ? [] : [`${nameOf(index)}: ${number(value)}`]));
  return [day, ...parts].join('\n');
}
