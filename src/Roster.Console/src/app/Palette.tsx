import { useEffect, useRef, useState } from 'react';
import { Dialog, Modal, ModalOverlay } from 'react-aria-components';
import type { Partner } from '../api/generated';
import { withQuery } from '../api/http';
import { useCall } from '../api/useCall';
import { Icon, type IconName } from '../parts/Icon';
import { ErrorView, Name } from '../parts/show';
import { useText } from '../text';
import { common } from '../text/common';
import { shell } from '../text/shell';
import { isComposing } from './keys';
import type { Page } from './pages';
import { go } from './router';
import { useSession } from './session';
import { useSettled } from './useSettled';

interface Command {
  readonly id: string;
  readonly icon: IconName;
  readonly text: string;
  readonly note: string;
  readonly href: string;
}

/** Pages, partners by name, and actions, by typing. */
export function Palette({
  isOpen,
  onClose,
  allowed,
}: {
  isOpen: boolean;
  onClose: () => void;
  allowed: readonly Page[];
}) {
  const t = useText(shell);
  return (
    <ModalOverlay
      className="overlay"
      isOpen={isOpen}
      isDismissable
      onOpenChange={(open) => {
        if (!open) onClose();
      }}
    >
      <Modal className="modal modal-palette">
        <Dialog className="dialog" aria-label={t.help.palette}>
          <Choices onClose={onClose} allowed={allowed} />
        </Dialog>
      </Modal>
    </ModalOverlay>
  );
}

function Choices({ onClose, allowed }: { onClose: () => void; allowed: readonly Page[] }) {
  const t = useText(shell);
  const names = useText(common);
  const session = useSession();
  const [text, setText] = useState('');
  const [at, setAt] = useState(0);
  const wanted = useSettled(text.trim(), 120);
  const found = useCall<Partner[]>(wanted === '' ? null : withQuery('/api/partners', { q: wanted, take: 6 }));
  // An answer to other letters is not shown: Enter would open what nobody asked for.
  const isCurrent = wanted === text.trim();
  const fits = (name: string) => name.toLocaleLowerCase().includes(text.trim().toLocaleLowerCase());
  const commands: Command[] = [
    ...allowed
      .filter((page) => fits(names[page.name]))
      .map((page) => ({ id: page.path, icon: page.icon, text: names[page.name], note: t.goTo, href: page.path })),
    ...(session.may('partnersWrite') && fits(t.newPartner)
      ? [{ id: 'new', icon: 'plus' as const, text: t.newPartner, note: t.action, href: '/partners?new=' }]
      : []),
    ...(session.may('linksWrite') && fits(t.importFile)
      ? [{ id: 'import', icon: 'import' as const, text: t.importFile, note: t.action, href: '/imports' }]
      : []),
    ...(isCurrent ? (found.answer?.data ?? []) : []).map((partner) => ({
      id: partner.id,
      icon: 'partners' as const,
      text: partner.name,
      note: partner.email ?? t.partner,
      href: `/partners?partner=${partner.id}`,
    })),
    ...(text.trim() === ''
      ? []
      : [
          {
            id: 'search',
            icon: 'search' as const,
            text: t.searchFor(text.trim()),
            note: '',
            href: withQuery('/partners', { q: text.trim() }),
          },
        ]),
  ];
  const current = Math.min(at, commands.length - 1);
  const list = useRef<HTMLDivElement>(null);
  // biome-ignore lint/correctness/useExhaustiveDependencies: the active one is another
  useEffect(() => {
    list.current?.querySelector('[aria-selected=true]')?.scrollIntoView({ block: 'nearest' });
  }, [current]);
  const run = (command: Command | undefined) => {
    if (command === undefined) return;
    onClose();
    go(command.href);
  };
  return (
    <div className="palette">
      <input
        className="palette-input"
        // biome-ignore lint/a11y/noAutofocus: the dialog is for typing
        autoFocus
        role="combobox"
        aria-label={names.commands}
        aria-expanded="true"
        aria-controls="palette-list"
        aria-activedescendant={commands[current] === undefined ? undefined : `palette-${current}`}
        placeholder={names.commands}
        value={text}
        dir="auto"
        onChange={(event) => {
          setText(event.target.value);
          setAt(0);
        }}
        onKeyDown={(event) => {
          if (isComposing(event.nativeEvent)) return;
          if (event.key === 'ArrowDown') setAt(Math.min(current + 1, commands.length - 1));
          else if (event.key === 'ArrowUp') setAt(Math.max(current - 1, 0));
          else if (event.key === 'Enter') run(commands[current]);
          else return;
          event.preventDefault();
        }}
      />
      <div className="palette-list" ref={list} id="palette-list" role="listbox" aria-label={names.commands}>
        {commands.map((command, index) => (
          // biome-ignore lint/a11y/useKeyWithClickEvents: the field above has the keys
          <div
            key={command.id}
            id={`palette-${index}`}
            role="option"
            aria-selected={index === current}
            tabIndex={-1}
            className="menu-item"
            onClick={() => run(command)}
            onMouseMove={() => setAt(index)}
          >
            <Icon name={command.icon} size={16} />
            <Name>{command.text}</Name>
            <span className="muted small palette-note">
              <bdi>{command.note}</bdi>
            </span>
          </div>
        ))}
      </div>
      {found.error === null || !isCurrent ? null : <ErrorView error={found.error} />}
    </div>
  );
}
