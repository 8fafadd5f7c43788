import { z } from 'zod';
import { answerSchemaFault } from '../../../domain/arguments/answer-schema.ts';
import type { Tool } from '../tool.ts';
import { answeredByPeople } from './answered-by-people.ts';

const MAX_QUESTION_LENGTH = 8_192;
const MAX_OPTIONS = 20;
const MAX_OPTION_LENGTH = 500;

const notBlank = (max: number) =>
  z
    .string()
    .max(max)
    .refine((text) => text.trim() !== '', 'must not be blank');

/** Lets the model ask a person; the answer is the result. Policy says who may answer, and how long they may take. */
export const askUser = (): Tool =>
  answeredByPeople({
    name: 'ask_user',
    description:
      'Asks a person a question and waits for the answer. Ask for what only a person can know or decide. With options ' +
      'the person picks one of them; with a schema the answer is JSON that passes it.',
    role: 'question',
    input: z.strictObject({
      question: notBlank(MAX_QUESTION_LENGTH).describe('The whole question: the person sees nothing else'),
      options: z.array(notBlank(MAX_OPTION_LENGTH)).min(1).max(MAX_OPTIONS).optional().describe('Answers to pick from'),
      schema: z
        .record(z.string(), z.unknown())
        .superRefine((schema, context) => {
          const fault = answerSchemaFault(schema);
          if (fault) context.addIssue({ code: 'custom', message: `${fault.path} ${fault.message}`.trim() });
        })
        .optional()
        .describe('JSON Schema of the answer, without patterns and references'),
    }),
  });
