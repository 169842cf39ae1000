export default function PeoplePage({ below }: { below: readonly string[] }) {
  return <h1>{below.join('/')}</h1>;
}
