export default function ImportsPage({ below }: { below: readonly string[] }) {
  return <h1>{below.join('/')}</h1>;
}
