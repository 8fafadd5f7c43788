import { defineConfig } from 'countersign';

export default defineConfig({
  agents: ['agents/support.yaml'],
  policyFile: 'policy.yaml',
});
