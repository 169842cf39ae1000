export default function AuditPage({ below }: { below: readonly string[] }) {
  return <h1>{below.join('/')}</h1>;
}
