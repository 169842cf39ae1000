import { useState } from 'react';
import type { Link } from '../../api/generated';
import { useWrite } from '../../api/useCall';
import { TextInput } from '../../parts/controls';
import { FormSheet, ShownOnce } from '../../parts/Dialogs';
import { useFormat, useText } from '../../text';
import { keys } from '../../text/keys';
import { FormError, useFaults } from './faults';
import { Grant, type Granted } from './Grant';

/** Makes a link for a colleague. */
export function InviteSheet({ onClose, onMade }: { onClose: () => void; onMade: (link: Link) => void }) {
  const t = useText(keys);
  const [name, setName] = useState('');
  const [granted, setGranted] = useState<Granted>({ role: 'viewer', scopes: ['partnersRead'] });
  const { run, isRunning, error } = useWrite();
  const faultOf = useFaults(error);
  const submit = async () => {
    const grant = granted.role === 'single' ? { scopes: granted.scopes } : { role: granted.role };
    const answer = await run<Link>({ method: 'POST', path: '/api/links', body: { name: name.trim(), ...grant } });
    if (answer !== null) onMade(answer.data);
  };
  return (
    <FormSheet
      title={t.invite}
      isOpen
      onClose={onClose}
      onSubmit={() => void submit()}
      action={t.makeLink}
      isRunning={isRunning}
    >
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
    </FormSheet>
  );
}

/** Shows the link once. */
export function MadeLink({ link, onClose }: { link: Link; onClose: () => void }) {
  const t = useText(keys);
  const format = useFormat();
  return (
    <ShownOnce
      title={t.linkTitle(link.name)}
      hint={t.linkHint}
      secret={link.link}
      copyLabel={t.linkCopy}
      action={t.done}
      onClose={onClose}
    >
      <p className="muted">{t.linkUntil(format.time(link.expiresAt))}</p>
    </ShownOnce>
  );
}
