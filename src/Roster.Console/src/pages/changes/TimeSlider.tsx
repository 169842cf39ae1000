import { useId, useState } from 'react';
import type { ChangeSet } from '../../api/generated';
import { useCall } from '../../api/useCall';
import { useSettled } from '../../app/useSettled';
import { Link } from '../../parts/Link';
import { useFormat, useText } from '../../text';
import { changes } from '../../text/changes';
import { common } from '../../text/common';

/** Chooses a revision, and opens the directory as it was then. After a restore the revisions before are far below: it begins there. */
export function TimeSlider() {
  const t = useText(changes);
  const c = useText(common);
  const format = useFormat();
  const id = useId();
  const newest = useCall<ChangeSet[]>('/api/changesets?take=1').answer?.data[0] ?? null;
  const restored = useCall<ChangeSet[]>('/api/changesets?kind=recover&take=1').answer;
  const [chosen, setChosen] = useState<number | null>(null);
  const last = newest?.revision ?? 0;
  const at = Math.min(chosen ?? last, last);
  const settled = useSettled(at, 150);
  const read = useCall<ChangeSet>(settled === 0 || settled === last ? null : `/api/changesets/${settled}`);
  const first = restored?.data[0]?.revision ?? 1;
  if (newest === null || restored === null || last <= first) return null;
  const set = at === last ? newest : read.answer?.data.revision === at ? read.answer.data : null;
  const time = set === null ? '…' : format.time(set.at);
  return (
    <section className="time-slider" aria-label={t.past}>
      <label htmlFor={id}>{t.pastSlider}</label>
      <input
        id={id}
        type="range"
        min={first}
        max={last}
        value={at}
        aria-valuetext={`${c.revision(format.number(at))}, ${time}`}
        onChange={(event) => setChosen(Number(event.target.value))}
      />
      <output htmlFor={id} className="time-slider-at">
        <strong>{format.number(at)}</strong> <span className="muted">{time}</span>
      </output>
      <Link to={`/partners?asOf=${at}`} className="button button-plain">
        {t.openPast(format.number(at))}
      </Link>
    </section>
  );
}
