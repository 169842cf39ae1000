import { type ReactNode, type RefObject, useEffect, useId, useRef } from 'react';
import { Dialog, Heading, Modal, ModalOverlay } from 'react-aria-components';
import { useUnsaved } from '../app/router';
import { useText } from '../text';
import { common } from '../text/common';
import { Button, IconButton } from './controls';
import { Copy } from './show';

/** A dialog over the page. Escape and a click outside close it, and the focus goes back to where it was. */
export function Sheet({
  title,
  isOpen,
  onClose,
  children,
  footer,
  size = 'middle',
  isDismissable = true,
  focusBack,
}: {
  title: string;
  isOpen: boolean;
  onClose: () => void;
  children: ReactNode;
  footer?: ReactNode;
  size?: 'small' | 'middle' | 'large';
  isDismissable?: boolean;
  focusBack?: FocusBack;
}) {
  const t = useText(common);
  useFocusBack(isOpen, focusBack);
  return (
    <ModalOverlay
      className="overlay"
      isOpen={isOpen}
      isDismissable={isDismissable}
      isKeyboardDismissDisabled={!isDismissable}
      onOpenChange={(open) => {
        if (!open) onClose();
      }}
    >
      <Modal className={`modal modal-${size}`}>
        <Dialog className="dialog">
          <header className="dialog-head">
            <Heading slot="title" className="dialog-title">
              {title}
            </Heading>
            {isDismissable ? <IconButton icon="close" label={t.close} onPress={onClose} /> : null}
          </header>
          <div className="dialog-body">{children}</div>
          {footer === undefined ? null : <footer className="dialog-foot">{footer}</footer>}
        </Dialog>
      </Modal>
    </ModalOverlay>
  );
}

/** What gets the focus after a dialog whose opener is gone by then; the page, if omitted. */
type FocusBack = RefObject<HTMLElement | null>;

/** What had the focus before the first of several dialogs that follow each other. */
let opener: Element | null = null;

/**
 * React Aria gives the focus back to what had it. Where that is gone, because it was in a dialog before or in a row that
 * was deleted, it goes to what opened the first dialog, or else to the page.
 */
function useFocusBack(isOpen: boolean, focusBack: FocusBack | undefined): void {
  const wasOpen = useRef(false);
  const active = document.activeElement;
  if (isOpen && !wasOpen.current && active !== document.body && active?.closest('[role=dialog]') === null)
    opener = active;
  wasOpen.current = isOpen;
  useEffect(() => {
    if (!isOpen) return;
    return () => {
      setTimeout(() => {
        if (document.activeElement !== document.body) return;
        if (opener instanceof HTMLElement && opener.isConnected) opener.focus();
        if (document.activeElement === document.body)
          (focusBack?.current ?? document.getElementById('main'))?.focus({ preventScroll: true });
      }, 100);
    };
  }, [isOpen, focusBack]);
}

interface FormSheetProps {
  readonly title: string;
  readonly isOpen: boolean;
  readonly onClose: () => void;
  readonly onSubmit: () => void;
  /** What the button says: the verb, with the number where there is one. */
  readonly action: string;
  readonly size?: 'small' | 'middle';
  readonly isDanger?: boolean;
  readonly isRunning?: boolean;
  readonly isDisabled?: boolean;
  readonly focusBack?: FocusBack;
  readonly children: ReactNode;
}

/** A form in a dialog, with a button that sends it and one that leaves it. The server checks what is typed. */
export function FormSheet(props: FormSheetProps) {
  const { title, isOpen, onClose, onSubmit, action, size = 'middle', focusBack, children } = props;
  const { isDanger = false, isRunning = false, isDisabled = false } = props;
  const t = useText(common);
  const form = useId();
  return (
    <Sheet
      title={title}
      isOpen={isOpen}
      onClose={onClose}
      size={size}
      focusBack={focusBack}
      footer={
        <>
          <Button onPress={onClose}>{t.cancel}</Button>
          <Button
            look={isDanger ? 'danger' : 'primary'}
            type="submit"
            form={form}
            isPending={isRunning}
            isDisabled={isDisabled}
          >
            {action}
          </Button>
        </>
      }
    >
      <form
        id={form}
        className="stack"
        noValidate
        onSubmit={(event) => {
          event.preventDefault();
          // React hands an event on to the form in which a dialog stands in the code, wherever it is in the page.
          event.stopPropagation();
          if (!isRunning && !isDisabled) onSubmit();
        }}
      >
        {children}
      </form>
    </Sheet>
  );
}

/** Asks before something is done. */
export function Confirm({ onConfirm, ...rest }: Omit<FormSheetProps, 'onSubmit' | 'size'> & { onConfirm: () => void }) {
  return <FormSheet {...rest} onSubmit={onConfirm} size="small" />;
}

/** Asks before what was typed, or a secret that is shown only once, is lost. */
export function DiscardQuestion({
  isOpen,
  isSecret = false,
  onClose,
  onDiscard,
}: {
  isOpen: boolean;
  isSecret?: boolean;
  onClose: () => void;
  onDiscard: () => void;
}) {
  const t = useText(common);
  const title = isSecret ? t.leaveSecret : t.discard;
  return (
    <Confirm title={title} isOpen={isOpen} onClose={onClose} onConfirm={onDiscard} action={title} isDanger>
      <p>{isSecret ? t.leaveSecretAsk : t.discardAsk}</p>
    </Confirm>
  );
}

/** A secret that is shown only now. It is not closed by a click beside it, and no other page is shown without a question. */
export function ShownOnce({
  title,
  hint,
  secret,
  copyLabel,
  action,
  isOverAll = false,
  onClose,
  children,
}: {
  title: string;
  hint: string;
  secret: string;
  copyLabel?: string;
  action: string;
  /** Whether it stays where another page is shown: then there is nothing to ask. */
  isOverAll?: boolean;
  onClose: () => void;
  children?: ReactNode;
}) {
  useUnsaved(true, () => isOverAll, 'secret');
  return (
    <Sheet
      title={title}
      isOpen
      onClose={onClose}
      size="small"
      isDismissable={false}
      footer={
        <Button look="primary" onPress={onClose} autoFocus>
          {action}
        </Button>
      }
    >
      <p>{hint}</p>
      <div className="code-block">
        <code dir="ltr">{secret}</code>
        <Copy text={secret} label={copyLabel} />
      </div>
      {children}
    </Sheet>
  );
}
