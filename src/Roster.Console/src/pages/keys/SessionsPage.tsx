export default function SessionsPage({ below }: { below: readonly string[] }) {
  return <h1>{below.join('/')}</h1>;
}
