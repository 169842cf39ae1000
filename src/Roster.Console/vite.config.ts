import optimizeLocales from '@react-aria/optimize-locales-plugin';
import react from '@vitejs/plugin-react';
import { defineConfig } from 'vitest/config';

// `npm run dev` shows the pages of a server that runs elsewhere: ROSTER_URL says where, ROSTER_KEY has a key for it.
const server = process.env.ROSTER_URL ?? 'http://localhost:5080';
const key = process.env.ROSTER_KEY;

export default defineConfig({
  base: '/console/',
  plugins: [react(), optimizeLocales.vite({ locales: ['en-US', 'ar-AE'] })],
  build: {
    target: 'es2022',
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    reportCompressedSize: false,
  },
  server: {
    proxy: {
      '/api': { target: server, headers: key === undefined ? {} : { authorization: `Bearer ${key}` } },
      '/health': server,
    },
  },
  test: { environment: 'node', include: ['src/**/*.test.ts'] },
});
