import { Sheet } from '../parts/Dialogs';
import { useText } from '../text';
import { common } from '../text/common';
import { shell } from '../text/shell';
import { isApple } from './device';

/** The keys that do something. */
export default function Help({ onClose }: { onClose: () => void }) {
  const t = useText(common);
  const { help } = useText(shell);
  const keys: readonly (readonly [string, string])[] = [
    [isApple() ? '⌘ K' : 'Ctrl K', help.palette],
    ['/', help.search],
    ['g p · g i · g c · g o · g k', help.go],
    ['↓ ↑ · j k', help.move],
    ['Enter', help.open],
    ['x', help.select],
    ['e', help.edit],
    ['c', help.create],
    ['Esc', help.close],
    ['?', help.help],
  ];
  return (
    <Sheet title={t.shortcuts} isOpen onClose={onClose} size="small">
      <dl className="key-list">
        {keys.map(([key, text]) => (
          <div key={key}>
            <dt>
              <kbd dir="ltr">{key}</kbd>
            </dt>
            <dd>{text}</dd>
          </div>
        ))}
      </dl>
    </Sheet>
  );
}
