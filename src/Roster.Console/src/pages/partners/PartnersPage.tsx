export default function PartnersPage({ below }: { below: readonly string[] }) {
  return <h1>{below.join('/')}</h1>;
}
