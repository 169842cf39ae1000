export default function ChangesPage({ below }: { below: readonly string[] }) {
  return <h1>{below.join('/')}</h1>;
}
