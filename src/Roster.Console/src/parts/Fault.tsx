import { usePreferences } from '../app/preferences';
import { useText } from '../text';
import { faults } from '../text/faults';

interface Fault {
  readonly code: string;
  readonly message: string;
}

/**
 * Says what is wrong in the reader's language, by the fault's code; null where there is no text for it: then the server's
 * message is shown. `own` are a page's own texts, which come first.
 */
function useKnownFault(own?: Readonly<Record<string, string>>): (fault: Fault) => string | null {
  const known: Readonly<Record<string, string>> = useText(faults);
  return ({ code }) => own?.[code] ?? known[code] ?? null;
}

/** What is wrong, as a text: as `FaultText` where it stands alone. */
export function useFaultText(own?: Readonly<Record<string, string>>): (fault: Fault) => string {
  const known = useKnownFault(own);
  return (fault) => known(fault) ?? fault.message;
}

/** What is wrong. The server's messages are in English, from left to right. */
export function FaultText({ fault, own }: { fault: Fault; own?: Readonly<Record<string, string>> }) {
  const { language } = usePreferences();
  const known = useKnownFault(own)(fault);
  if (known !== null || language === 'en') return <>{known ?? fault.message}</>;
  return (
    <span dir="ltr" lang="en">
      {fault.message}
    </span>
  );
}
