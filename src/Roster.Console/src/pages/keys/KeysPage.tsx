export default function KeysPage({ below }: { below: readonly string[] }) {
  return <h1>{below.join('/')}</h1>;
}
