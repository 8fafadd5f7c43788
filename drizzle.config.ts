/**
 * For `npx drizzle-kit@0.31.11 generate --name=<what changed>`, which writes the next migration (`--custom` an empty one
 * for SQL functions). The tool is fetched when needed: nothing at run time or in tests uses it.
 */
export default {
  dialect: 'postgresql',
  schema: './src/store/schema/*.ts',
  out: './src/store/migrations',
};
