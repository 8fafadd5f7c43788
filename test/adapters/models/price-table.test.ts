import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { PriceFileError, loadPrices } from '../../../src/adapters/models/price-table.ts';
import { temporaryDirectory } from '../../support/temporary-directory.ts';

const fileOf = (content: string): string => {
  const path = join(temporaryDirectory(), 'prices.json');
  writeFileSync(path, content);
  return path;
};

test('prices of a file win model by model; in another currency they are the only ones', () => {
  const own = { 'openai/gpt-5.1': { inputPerMillion: 9, outputPerMillion: 9 } };
  const dollars = loadPrices(fileOf(JSON.stringify({ currency: 'USD', models: own })));
  expect(dollars.models['openai/gpt-5.1']).toEqual(own['openai/gpt-5.1']);
  expect(dollars.models['openai/gpt-4.1']).toBeDefined();
  const euros = loadPrices(fileOf(JSON.stringify({ currency: 'EUR', models: own })));
  expect(Object.keys(euros.models)).toEqual(['openai/gpt-5.1']);
});

test.each(['{', '[]', '{"currency":"usd","models":{}}', '{"currency":"USD","models":{"a/b":{"inputPerMillion":-1}}}'])(
  'a file with %s stops the start with a message that names it',
  (content) => {
    const path = fileOf(content);
    expect(() => loadPrices(path)).toThrow(PriceFileError);
    expect(() => loadPrices(path)).toThrow(path);
  },
);
