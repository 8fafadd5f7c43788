import { defineConfig } from 'vitest/config';

const PURE = ['domain', 'model', 'architecture', 'docs', 'scripts'].map((folder) => `test/${folder}/**/*.test.ts`);

export default defineConfig({
  test: {
    // Each file in a process of its own: Temporal's native core is one per process.
    pool: 'forks',
    maxWorkers: 2,
    testTimeout: 30_000,
    hookTimeout: 120_000,
    projects: [
      {
        extends: true,
        // Pure code and the checkout itself: these start no services.
        test: { name: 'domain', include: PURE },
      },
      {
        extends: true,
        test: {
          name: 'integration',
          include: ['test/**/*.test.ts'],
          exclude: PURE,
          globalSetup: ['test/global-setup.ts'],
        },
      },
    ],
  },
});
