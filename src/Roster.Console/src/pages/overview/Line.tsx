import { useEffect, useRef, useState } from 'react';
import uPlot from 'uplot';
import type { DayNumbers } from '../../api/generated';
import 'uplot/dist/uPlot.min.css';
import { usePreferences } from '../../app/preferences';
import { useFormat } from '../../text';
import { useColours, useDayFormat } from './plotting';

const height = 220;

/** Partners at each day's end, as a line. What it shows is also in the table below it. */
export function Line({ days, label }: { days: readonly DayNumbers[]; label: string }) {
  const { language } = usePreferences();
  const format = useFormat();
  const dayOf = useDayFormat();
  const colours = useColours();
  const box = useRef<HTMLDivElement>(null);
  const [at, setAt] = useState<number | null>(null);
  useEffect(() => {
    const target = box.current;
    if (target === null) return;
    const isFromRight = language === 'ar';
    const axis = { stroke: colours.text, font: colours.font, ticks: { show: false } };
    const plot = new uPlot(
      {
        width: target.clientWidth,
        height,
        legend: { show: false },
        cursor: { y: false, drag: { x: false, y: false } },
        tzDate: (seconds) => uPlot.tzDate(new Date(seconds * 1000), 'Etc/UTC'),
        scales: { x: { dir: isFromRight ? -1 : 1 }, y: { range: rangeOf } },
        series: [
          {},
          {
            stroke: colours.line,
            width: 2,
            fill: `${colours.line}1f`,
            points: { show: days.length < 2, fill: colours.ground },
          },
        ],
        axes: [
          {
            ...axis,
            space: 70,
            size: 34,
            grid: { show: false },
            // In an isolate, since a canvas does not know the text's direction.
            values: (_, seconds) =>
              seconds.map((second) => `${isFromRight ? '\u2067' : '\u2066'}${dayOf(second * 1000)}\u2069`),
          },
          {
            ...axis,
            side: isFromRight ? 1 : 3,
            size: 66,
            grid: { stroke: colours.grid, width: 1 },
            values: (_, values) => values.map((value) => (Number.isInteger(value) ? format.number(value) : '')),
          },
        ],
        hooks: { setCursor: [(self) => setAt(self.cursor.idx ?? null)] },
      },
      [days.map(({ day }) => Date.parse(day) / 1000), days.map(({ live }) => live)],
      target,
    );
    const observer = new ResizeObserver(() => plot.setSize({ width: target.clientWidth, height }));
    observer.observe(target);
    return () => {
      observer.disconnect();
      plot.destroy();
    };
  }, [days, language, format, dayOf, colours]);
  const shown = days[at ?? days.length - 1];
  return (
    <div className="line">
      <p className="line-at" aria-hidden="true">
        {shown === undefined ? null : (
          <>
            <strong>{format.number(shown.live)}</strong> <span className="muted">{dayOf(shown.day)}</span>
          </>
        )}
      </p>
      <div ref={box} role="img" aria-label={label} className="line-plot" dir="ltr" />
    </div>
  );
}

/** From near the smallest to near the largest value, so that growth can be seen in a large directory. */
function rangeOf(_: uPlot, least: number | null, largest: number | null): [number, number] {
  const low = least ?? 0;
  const high = largest ?? 1;
  const room = Math.max(1, (high - low) * 0.15);
  return [low - room < 0 || low < high / 2 ? 0 : Math.floor(low - room), Math.ceil(high + room)];
}
