import { Button } from '../../parts/controls';
import { Sheet } from '../../parts/Dialogs';
import { Copy } from '../../parts/show';
import { useText } from '../../text';
import { keys } from '../../text/keys';

/** Shows a key once. */
export function Secret({ made, onClose }: { made: { name: string; key: string } | null; onClose: () => void }) {
  const t = useText(keys);
  return (
    <Sheet
      title={t.secret(made?.name ?? '')}
      isOpen={made !== null}
      onClose={onClose}
      size="small"
      isDismissable={false}
      footer={
        <Button look="primary" onPress={onClose} autoFocus>
          {t.kept}
        </Button>
      }
    >
      <p>{t.secretHint}</p>
      <div className="code-block">
        <code dir="ltr">{made?.key}</code>
        <Copy text={made?.key ?? ''} label={t.secretCopy} />
      </div>
    </Sheet>
  );
}
