import './imports.css';
import { ImportList } from './ImportList';
import { ImportView } from './ImportView';

/** `/imports`, `/imports/{id}` and `/imports/{id}/{step}`. */
export default function ImportsPage({ below }: { below: readonly string[] }) {
  const [id, step] = below;
  return id === undefined ? <ImportList /> : <ImportView key={id} id={id} step={step} />;
}
