import { Empty } from '../../parts/show';
import { useText } from '../../text';
import { changes } from '../../text/changes';
import { ChangeSetPage } from './ChangeSetPage';
import { ChangesList } from './ChangesList';
import './changes.css';

/** The log of change sets at `/changes`, and one of them at `/changes/{revision}`. */
export default function ChangesPage({ below }: { below: readonly string[] }) {
  const t = useText(changes);
  const [revision] = below;
  if (revision === undefined) return <ChangesList />;
  if (!/^[1-9]\d{0,15}$/.test(revision)) return <Empty icon="changes" title={t.missing} />;
  return <ChangeSetPage key={revision} revision={Number(revision)} />;
}
