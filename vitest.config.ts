import { defineConfig } from 'vitest/config';

const PURE = ['domain', 'model', 'architecture', 'docs', 'scripts'].map((folder) => `test/${folder}/**/*.test.ts`);

export default defineConfig({
  test: {
    // Processes, since Temporal's native core is one per process; each serves many files, since loading the SDKs and
    // the source anew for every file takes longer than most files do.
    pool: 'forks',
    isolate: false,
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
