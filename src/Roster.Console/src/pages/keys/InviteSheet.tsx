import { type FormEvent, useId, useState } from 'react';
import type { Link } from '../../api/generated';
import { useWrite } from '../../api/useCall';
import { Button, TextInput } from '../../parts/controls';
import { Sheet } from '../../parts/Dialogs';
import { Copy } from '../../parts/show';
import { useFormat, useText } from '../../text';
import { common } from '../../text/common';
import { keys } from '../../text/keys';
import { FormError, useFaults } from './faults';
import { Grant, type Granted } from './Grant';

/** Makes a link for a colleague. */
export function InviteSheet({ onClose, onMade }: { onClose: () => void; onMade: (link: Link) => void }) {
  const t = useText(keys);
  const c = useText(common);
  const form = useId();
  const [name, setName] = useState('');
  const [granted, setGranted] = useState<Granted>({ role: 'viewer', scopes: ['partnersRead'] });
  const { run, isRunning, error } = useWrite();
  const faultOf = useFaults(error);
  const submit = async (event: FormEvent) => {
    event.preventDefault();
    const grant = granted.role === 'single' ? { scopes: granted.scopes } : { role: granted.role };
    const answer = await run<Link>({ method: 'POST', path: '/api/links', body: { name: name.trim(), ...grant } });
    if (answer !== null) onMade(answer.data);
  };
  return (
    <Sheet
      title={t.invite}
      isOpen
      onClose={onClose}
      footer={
        <>
          <Button onPress={onClose}>{c.cancel}</Button>
          <Button look="primary" type="submit" form={form} isPending={isRunning}>
            {t.makeLink}
          </Button>
        </>
      }
    >
      <form id={form} className="stack" noValidate onSubmit={(event) => void submit(event)}>
        {error === null ? null : <FormError error={error} fields={['name', 'role', 'scopes']} text={t.noLink} />}
        <p className="muted">{t.inviteHint}</p>
        <TextInput
          label={t.inviteName}
          value={name}
          onChange={setName}
          error={faultOf('name')}
          isRequired
          autoFocus
          autoComplete="off"
        />
        <Grant value={granted} onChange={setGranted} error={faultOf('role') ?? faultOf('scopes')} />
      </form>
    </Sheet>
  );
}

/** Shows the link once. */
export function MadeLink({ link, onClose }: { link: Link | null; onClose: () => void }) {
  const t = useText(keys);
  const format = useFormat();
  return (
    <Sheet
      title={t.linkTitle(link?.name ?? '')}
      isOpen={link !== null}
      onClose={onClose}
      isDismissable={false}
      footer={
        <Button look="primary" onPress={onClose} autoFocus>
          {t.done}
        </Button>
      }
    >
      <p>{t.linkHint}</p>
      <div className="code-block">
        <code dir="ltr">{link?.link}</code>
        <Copy text={link?.link ?? ''} label={t.linkCopy} />
      </div>
      <p className="muted">{link === null ? '' : t.linkUntil(format.time(link.expiresAt))}</p>
    </Sheet>
  );
}
