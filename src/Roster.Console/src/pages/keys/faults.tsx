import { useEffect, useRef } from 'react';
import type { CallError } from '../../api/http';
import { useFaultText } from '../../parts/Fault';
import { ErrorView } from '../../parts/show';
import { useText } from '../../text';
import { keys } from '../../text/keys';

/** What is wrong with a field, by its name in the API. */
export function useFaults(error: CallError | null): (field: string) => string | undefined {
  const t = useText(keys);
  const textOf = useFaultText(t.fault);
  return (field) => {
    const fault = error?.problem?.details.find((one) => one.field === field);
    return fault === undefined ? undefined : textOf(fault);
  };
}

/** Says that fields are marked; an error that is of no field is shown in full. */
export function FormError({ error, fields, text }: { error: CallError; fields: readonly string[]; text: string }) {
  const details = error.problem?.details ?? [];
  const areMarked = details.length > 0 && details.every(({ field }) => field !== undefined && fields.includes(field));
  const place = useRef<HTMLParagraphElement>(null);
  // biome-ignore lint/correctness/useExhaustiveDependencies: each error leads to its first field
  useEffect(() => {
    place.current?.scrollIntoView({ block: 'nearest' });
    place.current?.closest('form')?.querySelector<HTMLElement>('[aria-invalid="true"]')?.focus();
  }, [error]);
  if (!areMarked) return <ErrorView error={error} />;
  return (
    <p ref={place} className="notice notice-bad" role="alert">
      {text}
    </p>
  );
}
