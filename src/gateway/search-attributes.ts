/** Search attributes by which runs are found in Temporal's UI and CLI. Names and status only: they are not encrypted. */
import type { Connection, ConnectionLike } from '@temporalio/client';
import { defineSearchAttributeKey } from '@temporalio/common';
import { isTemporalUnavailable } from './temporal-faults.ts';

export const SEARCH_ATTRIBUTES = {
  tenant: defineSearchAttributeKey('CountersignTenant', 'KEYWORD'),
  project: defineSearchAttributeKey('CountersignProject', 'KEYWORD'),
  agent: defineSearchAttributeKey('CountersignAgent', 'KEYWORD'),
  status: defineSearchAttributeKey('CountersignStatus', 'KEYWORD'),
} as const;

export const SEARCH_ATTRIBUTE_NAMES = Object.values(SEARCH_ATTRIBUTES).map((key) => key.name);

/** `IndexedValueType.KEYWORD` of Temporal's API. */
const KEYWORD = 2;

/**
 * Registers what the namespace lacks. False where that is not possible (a right is missing, no room is left): runs then
 * work without search attributes. Registering twice is harmless.
 */
export const registerSearchAttributes = async (connection: Connection, namespace: string): Promise<boolean> => {
  const searchAttributes = Object.fromEntries(SEARCH_ATTRIBUTE_NAMES.map((name) => [name, KEYWORD]));
  try {
    await connection.operatorService.addSearchAttributes({ namespace, searchAttributes });
  } catch {
    // Known already, not permitted, or not supported: what counts is whether they are there.
  }
  return hasSearchAttributes(connection, namespace).catch(() => false);
};

/** Throws where Temporal cannot be reached: that says nothing about what it has. */
export const hasSearchAttributes = async (
  connection: Pick<ConnectionLike, 'withDeadline'> & Pick<Connection, 'operatorService'>,
  namespace: string,
): Promise<boolean> => {
  try {
    const { customAttributes } = await connection.operatorService.listSearchAttributes({ namespace });
    return SEARCH_ATTRIBUTE_NAMES.every((name) => customAttributes?.[name] === KEYWORD);
  } catch (error) {
    if (isTemporalUnavailable(error)) throw error;
    return false;
  }
};
