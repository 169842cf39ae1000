import { Component, type ReactNode } from 'react';
import { Button } from '../parts/controls';
import { Icon } from '../parts/Icon';
import { useText } from '../text';
import { common } from '../text/common';

/** Keeps a fault of one page's code from emptying the whole screen. Another page, or a new try, starts afresh. */
export class Boundary extends Component<{ readonly children: ReactNode }, { readonly fault: Error | null }> {
  override state = { fault: null };

  static getDerivedStateFromError(fault: Error): { fault: Error } {
    return { fault };
  }

  override render(): ReactNode {
    return this.state.fault === null ? this.props.children : <Broken again={() => this.setState({ fault: null })} />;
  }
}

function Broken({ again }: { again: () => void }) {
  const t = useText(common);
  return (
    <div className="empty" role="alert">
      <Icon name="warning" size={32} />
      <h1>{t.broken}</h1>
      <p>{t.brokenHint}</p>
      <div className="row">
        <Button look="primary" onPress={again}>
          {t.tryAgain}
        </Button>
        <Button onPress={() => window.location.reload()}>{t.reload}</Button>
      </div>
    </div>
  );
}
