import { defineConfig } from '@hey-api/openapi-ts';

/** The types of the API, from the OpenAPI document that the server's build joins. ROSTER_OPENAPI says where it is. */
export default defineConfig({
  input: process.env.ROSTER_OPENAPI ?? '../Roster.Server/obj/Release/net10.0/openapi/v1.json',
  output: { path: 'src/api/generated', clean: true },
  plugins: [{ name: '@hey-api/typescript', enums: false }],
  logs: { level: 'warn' },
});
