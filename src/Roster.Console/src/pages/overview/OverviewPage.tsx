export default function OverviewPage({ below }: { below: readonly string[] }) {
  return <h1>{below.join('/')}</h1>;
}
