import { Component, type ReactNode } from 'react';
import { Button } from '../parts/controls';
import { Icon } from '../parts/Icon';
import { useText } from '../text';
import { common } from '../text/common';

/** Keeps a fault of one page's code, or a file of it that is gone, from emptying the whole screen. */
export class Boundary extends Component<{ readonly children: ReactNode }, { readonly fault: Error | null }> {
  override state = { fault: null };

  static getDerivedStateFromError(fault: Error): { fault: Error } {
    return { fault };
  }

  override render(): ReactNode {
    return this.state.fault === null ? this.props.children : <Broken />;
  }
}

function Broken() {
  const t = useText(common);
  return (
    <div className="empty" role="alert">
      <Icon name="warning" size={32} />
      <h1>{t.broken}</h1>
      <p>{t.brokenHint}</p>
      <Button look="primary" onPress={() => window.location.reload()}>
        {t.reload}
      </Button>
    </div>
  );
}
