/** Line drawings of 20 × 20, as paths; they take the text's colour. Icons that point are mirrored in Arabic. */
const paths = {
  partners:
    'M7 9a3 3 0 1 0 0-6 3 3 0 0 0 0 6Zm-5 8c0-3 2-5 5-5s5 2 5 5M13 3.500a3 3 0 0 1 0 5.500m2 3.300c2 .7 3 2.400 3 4.700',
  import: 'M10 3v9m0 0 3.500-3.500M10 12 6.500 8.500M3 13v3.500h14V13',
  changes: 'M10 5v5l3 2m4-2a7 7 0 1 1-2.100-5M17 3v3.500h-3.500',
  overview: 'M3 17h14M5 14V9m5 5V4m5 10V7',
  keys: 'M12.500 11a4 4 0 1 0-3.600-2.300L3 14.600V17h2.500v-2h2v-2h2l1.300-1.700c.5.3 1.100.4 1.700.4Zm1-4.500h.01',
  people: 'M10 9a3 3 0 1 0 0-6 3 3 0 0 0 0 6Zm-6 8c0-3.300 2.400-5 6-5s6 1.700 6 5',
  audit: 'M5 3h7l3 3v11H5V3Zm2.500 6h5m-5 3h5',
  status: 'M3 10h3l2-5 4 10 2-5h3',
  sessions: 'M3 4h14v9H3V4Zm4 13h6m-3-4v4',
  search: 'M9 14A5 5 0 1 0 9 4a5 5 0 0 0 0 10Zm3.600-1.400L17 17',
  close: 'm5 5 10 10M15 5 5 15',
  more: 'M5 10h.01M10 10h.01M15 10h.01',
  plus: 'M10 4v12M4 10h12',
  check: 'm4 10.500 4 4 8-9',
  chevron: 'm6 8 4 4 4-4',
  forward: 'm8 5 5 5-5 5',
  copy: 'M7 7V4h9v9h-3M4 7h9v9H4V7Z',
  undo: 'M7 4 3.500 7.500 7 11M4 7.500h7.500a4.500 4.500 0 0 1 0 9H8',
  menu: 'M3 5.500h14M3 10h14M3 14.500h14',
  trash: 'M4 6h12M8 6V4h4v2m-6.500 0 .7 11h7.600l.7-11',
  filter: 'M3 5h14M6 10h8m-5 5h2',
  columns: 'M3 4h14v12H3V4Zm5 0v12m4.500-12v12',
  warning: 'M10 3 2.500 16.500h15L10 3Zm0 5v4m0 2.500h.01',
  code: 'm7 6-4 4 4 4m6-8 4 4-4 4',
  sun: 'M10 13.500a3.500 3.500 0 1 0 0-7 3.500 3.500 0 0 0 0 7ZM10 2v2m0 12v2M2 10h2m12 0h2M4.300 4.300l1.400 1.400m8.600 8.600 1.400 1.400m0-11.400-1.400 1.400m-8.600 8.600-1.400 1.400',
  file: 'M5 3h7l3 3v11H5V3Zm7 0v3h3',
  link: 'M8.500 11.500a3 3 0 0 0 4.200 0l2.800-2.800a3 3 0 1 0-4.200-4.200L10 5.800m1.500 2.700a3 3 0 0 0-4.200 0l-2.800 2.800a3 3 0 1 0 4.200 4.200l1.300-1.300',
  download: 'M10 3v9m0 0 3.500-3.500M10 12 6.500 8.500M3 16.500h14',
} as const;

export type IconName = keyof typeof paths;

const pointing: readonly IconName[] = ['forward', 'undo'];

export function Icon({ name, size = 18 }: { name: IconName; size?: number }) {
  return (
    <svg
      className={pointing.includes(name) ? 'icon icon-points' : 'icon'}
      width={size}
      height={size}
      viewBox="0 0 20 20"
      aria-hidden="true"
    >
      <path
        d={paths[name]}
        fill="none"
        stroke="currentColor"
        strokeWidth="1.6"
        strokeLinecap="round"
        strokeLinejoin="round"
      />
    </svg>
  );
}
