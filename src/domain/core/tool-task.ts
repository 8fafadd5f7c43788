/**
 * Names by which a call reaches a worker in another language. They stand in histories and in other people's code: a
 * change of the protocol is another name.
 */

/** The workflow that has one call carried out on another task queue. */
export const TOOL_TASK = 'toolTask';
/** The activity that workers of other task queues register. */
export const TOOL_ACTIVITY = 'countersign.tool/v1';
/** What an activity fails with to say that this call must not be tried again. */
export const TASK_OVER = 'task_over';
