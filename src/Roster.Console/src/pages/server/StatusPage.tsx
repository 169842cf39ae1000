export default function StatusPage({ below }: { below: readonly string[] }) {
  return <h1>{below.join('/')}</h1>;
}
