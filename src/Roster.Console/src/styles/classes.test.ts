import { readdirSync, readFileSync } from 'node:fs';
import { expect, it } from 'vitest';

const folder = new URL('../pages/', import.meta.url);
const pages = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.css'));

/** Classes that a file gives a style of their own: they stand alone at the beginning of a selector. */
function ownClasses(css: string): string[] {
  const rules = css.replaceAll(/\/\*[\s\S]*?\*\//g, '');
  return [...rules.matchAll(/(?:^|[},])\s*\.([\w-]+)\s*(?=[,{])/g)].map((match) => match[1] ?? '');
}

it('no class is styled by the files of two pages, since a page that was shown leaves its styles behind', () => {
  const files = new Map<string, Set<string>>();
  for (const page of pages)
    for (const name of ownClasses(readFileSync(new URL(page, folder), 'utf8')))
      files.set(name, (files.get(name) ?? new Set()).add(page));
  expect([...files].filter(([, paths]) => paths.size > 1).map(([name]) => name)).toEqual([]);
  expect(files.size).toBeGreaterThan(50);
});
