import { useState } from 'react';
import { Button } from '../../parts/controls';
import { ErrorView } from '../../parts/show';
import { useText } from '../../text';
import { importTexts } from '../../text/imports';
import { Counts } from './Counts';
import type { StepProps } from './ImportView';
import { Progress, StepHead } from './parts';
import { useAct } from './useImport';

/** How far the writing is. When it has ended, the page goes on to the receipt by itself. */
export function ProgressStep({ seen, state, mayWrite }: StepProps) {
  const t = useText(importTexts);
  const cancelling = useAct(seen.id, state);
  const [isCancelled, setIsCancelled] = useState(false);
  return (
    <section className="stack">
      <StepHead title={t.titles.progress} />
      <div className="card stack">
        <Progress seen={seen} />
        <Counts seen={{ ...seen, work: null }} />
        <p className="muted">{isCancelled ? t.cancelling : t.closing}</p>
        {mayWrite && seen.work === 'apply' && !isCancelled ? (
          <div>
            <Button
              isPending={cancelling.isRunning}
              onPress={() => void cancelling.act('POST', 'cancel').then(setIsCancelled)}
            >
              {t.cancelWork}
            </Button>
          </div>
        ) : null}
        {cancelling.error === null ? null : <ErrorView error={cancelling.error} />}
      </div>
    </section>
  );
}
