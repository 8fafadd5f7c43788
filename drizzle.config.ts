import { defineConfig } from 'drizzle-kit';

/** `drizzle-kit generate --name=<what changed>` writes the next migration; `--custom` an empty one for SQL functions. */
export default defineConfig({
  dialect: 'postgresql',
  schema: './src/store/schema/*.ts',
  out: './src/store/migrations',
});
