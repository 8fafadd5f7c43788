// S3.1: what `import … from 'countersign'` promises, by name.
import { expect, test } from 'vitest';
// By the package's own name, as its users do.
import * as countersign from 'countersign';
import * as testing from 'countersign/testing';

test('S3.1 the package exports what agents are written with', () => {
  expect(Object.keys(countersign).toSorted()).toMatchInlineSnapshot(`
    [
      "DefinitionError",
      "ToolError",
      "askUser",
      "asksFor",
      "asksForAll",
      "blockRun",
      "commandTool",
      "defineAgent",
      "defineConfig",
      "defineTool",
      "gitLogTool",
      "httpRequestTool",
      "listWorkspaceFilesTool",
      "readFileTool",
      "readWorkspaceFileTool",
      "says",
      "scriptedModel",
      "searchWorkspaceFilesTool",
      "sequence",
      "subAgent",
      "transferTo",
      "writeFileTool",
      "z",
    ]
  `);
  expect(Object.keys(testing)).toContain('createWorld');
});

test('S3.1 a tool and its agent are defined by exports alone, with the types of their schemas', async () => {
  const { defineAgent, defineTool, z } = countersign;
  const tool = defineTool({
    name: 'double',
    description: 'Doubles a number',
    input: z.strictObject({ number: z.number() }),
    output: z.number(),
    execute: async ({ number }) => number * 2,
  });
  const agent = defineAgent({ name: 'doubler', model: 'scripted/doubler', instructions: 'Double.', tools: [tool] });
  expect(agent.tools.map(({ name }) => name)).toEqual(['double']);
});
