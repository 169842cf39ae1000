import { ChangeSetPage, NoChangeSet } from './ChangeSetPage';
import { ChangesList } from './ChangesList';
import './changes.css';

/** The log of change sets at `/changes`, and one of them at `/changes/{revision}`. */
export default function ChangesPage({ below }: { below: readonly string[] }) {
  const [revision] = below;
  if (revision === undefined) return <ChangesList />;
  if (!/^[1-9]\d{0,15}$/.test(revision)) return <NoChangeSet />;
  return <ChangeSetPage key={revision} revision={Number(revision)} />;
}
