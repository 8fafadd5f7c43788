import { TestWorkflowEnvironment } from '@temporalio/testing';
import { inject } from 'vitest';

const startAttempts = 3;

/**
 * A Temporal test server whose clock jumps: one for each test file that needs it, since its time is shared by all runs.
 * The SDK gives a server five seconds to start, which a busy machine may miss; so it gets another try.
 */
export async function createTimeSkippingEnvironment(): Promise<TestWorkflowEnvironment> {
  const path = inject('timeSkippingServer');
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await TestWorkflowEnvironment.createTimeSkipping({
        server: { executable: { type: 'existing-path', path } },
      });
    } catch (error) {
      if (attempt === startAttempts) throw error;
    }
  }
}
